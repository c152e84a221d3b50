import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { formatOrigin } from '../../core/origin.ts';
import type { SoapHttpAnswer, SoapHttpRequest } from '../../protocols/soap/http.ts';
import { expectToBeRead } from './answers.ts';
import type { Arrivals } from './arrivals.ts';
import { type BodyReader, describeBodyProblem } from './body-reader.ts';
import type { HostGuard } from './host-guard.ts';
import { isShared } from './proxies.ts';

/** Bytes of a body: requests of real clients have a few kB; a user list of the largest size has 20. */
const BODY_LIMIT = 256 * 1024;

/** What answers SOAP. It checks logins itself, since the access class depends on the operation in the body. */
export interface SoapEndpoint {
  /** Answers one request, faults included. Rejects only where the program itself failed. */
  handle(request: SoapHttpRequest): Promise<SoapHttpAnswer>;
}

/** What decides which requests are meant for us. */
export interface OnvifHandlerOptions {
  readonly arrivals: Arrivals;
  /** Keeps requests out that were meant for another host; undefined: any name will do. */
  readonly hosts: HostGuard | undefined;
  /** Called with the program's own failures; the client then gets a 500. */
  readonly onError: (error: unknown) => void;
}

/**
 * The ONVIF services under /onvif/: any content type, no compressed bodies. Not a route of express: recorders ask every few
 * seconds for years, and routing would cost four times what the answer does.
 */
export class OnvifHandler {
  constructor(
    private readonly endpoint: SoapEndpoint,
    private readonly bodies: BodyReader,
    private readonly options: OnvifHandlerOptions,
  ) {}

  /** Answers a request that is for the services. @returns false: it is not */
  takes(req: IncomingMessage, res: ServerResponse): boolean {
    // Some recorders put a base URL and a path together with a slash too many.
    if (!/^\/+onvif\//i.test(req.url ?? '')) return false;
    this.#answer(req, res).catch((error: unknown) => {
      this.options.onError(error);
      refuse(res, 500, 'Something went wrong here; the log has the details.');
    });
    return true;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { arrivals, hosts } = this.options;
    const wrongHost = hosts?.problemOf(req);
    if (wrongHost) return refuse(res, wrongHost.status, wrongHost.text);
    if (arrivals.isFromOtherSite(req)) return refuse(res, 403, 'This request comes from another site.');
    const body = await this.bodies.read(req, BODY_LIMIT);
    if ('gone' in body) return;
    if ('problem' in body) {
      const { status, message } = describeBodyProblem(body.problem, BODY_LIMIT);
      return refuse(res, status, message);
    }
    const request = new IncomingSoap(req, res, body.text === '' ? undefined : body.text, arrivals);
    const { status, headers, body: answer } = await this.endpoint.handle(request);
    if (res.destroyed) return;
    const own = { 'Content-Length': Buffer.byteLength(answer), 'X-Content-Type-Options': 'nosniff' };
    res.writeHead(status, { ...headers, ...own } as OutgoingHttpHeaders);
    // As text: Node then sends head and body in one piece.
    res.end(req.method === 'HEAD' ? undefined : answer);
    expectToBeRead(res);
  }
}

/** A request with what the endpoint wants to know of it. */
class IncomingSoap implements SoapHttpRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly remoteAddress: string;
  readonly connection: object;
  readonly shared: boolean;
  readonly baseUrl: string;
  readonly host: string;
  readonly addressUrl: string;
  #gone: AbortController | undefined;

  constructor(
    req: IncomingMessage,
    private readonly res: ServerResponse,
    readonly body: string | undefined,
    arrivals: Arrivals,
  ) {
    const { method = '', url = '', headers, socket } = req;
    this.method = method;
    this.url = url;
    this.authorization = headers.authorization;
    this.remoteAddress = arrivals.clientAddress(req);
    this.connection = socket;
    this.shared = isShared(headers);
    const { origin, host, address } = arrivals.baseOf(req);
    this.baseUrl = formatOrigin(origin);
    this.host = host;
    this.addressUrl = formatOrigin(address);
  }

  /** Made only for those that have to wait: most answers are there before anybody could leave. */
  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController();
      this.#gone = gone;
      if (this.res.destroyed) gone.abort();
      // It is silent while it waits; Node puts the server's own timeout back after the answer.
      this.res.socket?.setTimeout(0);
      this.res.once('close', () => {
        if (!this.res.writableFinished) gone.abort();
      });
    }
    return this.#gone.signal;
  }
}

/** Answers with short text, as no SOAP was understood. What is still coming in of the request is not waited for. */
function refuse(res: ServerResponse, status: number, text: string): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  res.end(`${text}\n`);
}
