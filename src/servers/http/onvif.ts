import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { expectToBeRead } from './answers.ts';
import { baseUrlOf } from './base-url.ts';
import { type BodyReader, describeBodyProblem } from './body-reader.ts';
import { isFromOtherSite } from './pages.ts';

/** Requests of real clients have a few kB; a user list of the largest size has 20. */
const BODY_LIMIT = 256 * 1024;

/** A request to one of the ONVIF services, as it came over HTTP. */
export interface SoapRequest {
  readonly method: string;
  /** The request-target as it came. */
  readonly url: string;
  readonly authorization: string | undefined;
  /** Undefined where there is none. */
  readonly body: string | undefined;
  readonly remoteAddress: string;
  /** How the client reached us, see {@link baseUrlOf}. */
  readonly baseUrl: string;
  readonly host: string;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

export interface SoapAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

/** What answers SOAP; it does its own authentication, since who may ask depends on what is asked. */
export interface SoapEndpoint {
  handle(request: SoapRequest): Promise<SoapAnswer>;
}

/**
 * The ONVIF services under /onvif/: any content type, no compressed bodies. Not a route of express: recorders ask every few
 * seconds for years, and routing would cost four times what the answer does.
 */
export class OnvifDoor {
  constructor(
    private readonly endpoint: SoapEndpoint,
    private readonly bodies: BodyReader,
    /** The machine's name, without domain. */
    private readonly hostname: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Answers a request that is for the services; false: it is not. */
  takes(req: IncomingMessage, res: ServerResponse): boolean {
    // Some recorders put a base URL and a path together with a slash too many.
    if (!/^\/+onvif\//i.test(req.url ?? '')) return false;
    this.#answer(req, res).catch((error: unknown) => {
      this.onError(error);
      refuse(res, 500, 'Something went wrong here; the log has the details.');
    });
    return true;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (isFromOtherSite(req)) return refuse(res, 403, 'This request comes from another site.');
    const body = await this.bodies.read(req, BODY_LIMIT);
    if ('gone' in body) return;
    if ('problem' in body) {
      const { status, message } = describeBodyProblem(body.problem, BODY_LIMIT);
      return refuse(res, status, message);
    }
    const request = new IncomingSoap(req, res, body.text === '' ? undefined : body.text, this.hostname);
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
class IncomingSoap implements SoapRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly remoteAddress: string;
  readonly baseUrl: string;
  readonly host: string;
  #gone: AbortController | undefined;

  constructor(
    { method = '', url = '', headers, socket }: IncomingMessage,
    private readonly res: ServerResponse,
    readonly body: string | undefined,
    hostname: string,
  ) {
    this.method = method;
    this.url = url;
    this.authorization = headers.authorization;
    this.remoteAddress = socket.remoteAddress ?? '';
    const { localAddress, localPort } = socket;
    const reached = baseUrlOf({ host: headers.host, localAddress, localPort, hostname });
    this.baseUrl = reached.baseUrl;
    this.host = reached.host;
  }

  /** Made only for those that have to wait: most answers are there before anybody could leave. */
  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = new AbortController();
      this.#gone = gone;
      this.res.once('close', () => {
        if (!this.res.writableFinished) gone.abort();
      });
    }
    return this.#gone.signal;
  }
}

/** Short text, as no SOAP was understood. What is still coming in of the request is not waited for. */
function refuse(res: ServerResponse, status: number, text: string): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  res.end(`${text}\n`);
}
