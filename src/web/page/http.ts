/** Something that went wrong, in words for the user. */
export interface Problem {
  /** An ErrorCode of the camera, or "HTTP_" and the status. */
  readonly code: string;
  /** What happened. */
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
}

/** The part of `fetch` that the page uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Longest text of an answer shown to the user, characters. */
const MAX_TEXT = 300;

/**
 * Returns the options of a request by the page. X-Requested-With tells the server to answer 401 without a challenge: with one, the browser would
 * open its own password window over the page.
 */
export function pageRequest(accept: string, signal: AbortSignal): RequestInit {
  return { cache: 'no-store', headers: { Accept: accept, 'X-Requested-With': 'fetch' }, signal };
}

/** Returns the options of a request that has something done: a POST. */
export const pageCommand = (signal: AbortSignal): RequestInit => ({ ...pageRequest('application/json', signal), method: 'POST' });

/** Returns whether a value out of JSON is an object. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns a value out of JSON that is a text; empty for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Returns the problem that a value out of JSON is; undefined when there is no message in it. */
export function parseProblem(value: unknown): Problem | undefined {
  if (!isRecord(value) || textOf(value.message) === '') return undefined;
  return { code: textOf(value.code), message: textOf(value.message), hint: textOf(value.hint) };
}

/** Resolves with the reason in an answer that is not the one asked for: `{"error": {code, message, hint}}`, the same without `error`, or text. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = await response.text().catch(() => '');
  const parsed = /json/i.test(response.headers.get('Content-Type') ?? '') ? parseJson(body) : undefined;
  const problem = isRecord(parsed) ? (parseProblem(parsed.error) ?? parseProblem(parsed)) : undefined;
  if (problem !== undefined) return problem;
  const plain = /^text\/plain/i.test(response.headers.get('Content-Type') ?? '') ? body.trim().slice(0, MAX_TEXT) : '';
  return { code: `HTTP_${response.status}`, message: plain || `The camera answered with error ${response.status}.`, hint: '' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
