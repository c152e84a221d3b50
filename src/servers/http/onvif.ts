import express, { type ErrorRequestHandler, type Express } from 'express';
import { baseUrlOf } from './base-url.ts';

/** Requests of real clients have a few kB; a user list of the largest size has 20. */
const BODY_LIMIT = '256kb';

/** A request to one of the ONVIF services, as it came over HTTP. */
export interface SoapRequest {
  readonly method: string;
  /** The request-target as it came. */
  readonly url: string;
  readonly contentType: string | undefined;
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

/** The ONVIF services under /onvif/: any content type, no compressed bodies. */
export function addOnvif(app: Express, endpoint: SoapEndpoint, hostname: string): void {
  const readBody = express.text({ type: () => true, limit: BODY_LIMIT, inflate: false });
  app.all('/onvif/{*path}', readBody, async (req, res) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const { localAddress, localPort, remoteAddress } = req.socket;
    const body: unknown = req.body;
    const answer = await endpoint.handle({
      method: req.method,
      url: req.originalUrl,
      contentType: req.headers['content-type'],
      authorization: req.headers.authorization,
      body: typeof body === 'string' && body !== '' ? body : undefined,
      remoteAddress: remoteAddress ?? '',
      ...baseUrlOf({ host: req.headers.host, localAddress, localPort, hostname }),
      signal: gone.signal,
    });
    if (gone.signal.aborted) return;
    for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value as string | string[]);
    res.status(answer.status).end(answer.body);
  });
  // A body that cannot be read (too large, compressed, cut off): short text, as no SOAP was understood.
  const onBodyError: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
    if (error.status === undefined || res.headersSent) next(error);
    else res.status(error.status).type('text/plain').send('The body cannot be read: plain text of at most 256 kB, please.\n');
  };
  app.use('/onvif', onBodyError);
}
