/** Status codes that this server answers with, and their reason phrases (RFC 2326 section 7.1.1). */
const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  451: 'Parameter Not Understood',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid In This State',
  457: 'Invalid Range',
  459: 'Aggregate Operation Not Allowed',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'RTSP Version Not Supported',
  551: 'Option Not Supported',
} as const;

/** Status codes that this server answers with. */
export type RtspStatus = keyof typeof REASONS;

/** A response before it is written. */
export interface RtspResponse {
  readonly status: RtspStatus;
  /** CSeq of the request, as it came. */
  readonly cseq: string | undefined;
  /** Name of the program, for the Server header. */
  readonly server: string;
  /** For the Date header; clients may set their clock by it. */
  readonly date?: Date | undefined;
  /** Further headers in their order; a name may come more than once, undefined leaves one out. */
  readonly headers?: readonly (readonly [name: string, value: string | undefined])[];
  /** Its Content-Type stands among the headers; the length is added. */
  readonly body?: Buffer | undefined;
}

const NAME = /^[A-Za-z][A-Za-z-]*$/;
/** Also characters that have no byte. Text goes out one byte per character. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/g;

/**
 * Returns the bytes of an answer (RFC 2326 section 7). Whatever a value holds stays within its line: line ends and other control
 * characters become spaces.
 *
 * @throws RangeError for a name that is no header name
 */
export function formatResponse(response: RtspResponse): Buffer {
  const { status, cseq, server, date, headers = [], body } = response;
  const lines = [`RTSP/1.0 ${status} ${REASONS[status]}`];
  const add = (name: string, value: string | undefined) => {
    if (!NAME.test(name)) throw new RangeError(`not the name of a header: ${JSON.stringify(name)}`);
    if (value !== undefined) lines.push(`${name}: ${value.replace(NOT_IN_VALUE, ' ')}`);
  };
  // Some clients look at the first lines only for CSeq.
  add('CSeq', cseq);
  add('Server', server);
  add('Date', date?.toUTCString());
  for (const [name, value] of headers) add(name, value);
  if (body) add('Content-Length', String(body.length));
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body ? Buffer.concat([head, body]) : head;
}
