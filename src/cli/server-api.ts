import * as z from 'zod/mini';
import type { RunFile } from '../config/run-file.ts';
import { AppError, ERRORS, type ErrorCode, messageOf } from '../core/errors.ts';

/** Longest wait for the local server: it answers within some milliseconds, but on a slow card a change takes a second. */
const TIMEOUT_MS = 10_000;

const problemSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.optional(z.string()) }) });

/** A request to the API of the server (docs/api.md). */
export interface ApiRequest<T> {
  /** Left out: GET. */
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** "/api/v1/users" */
  readonly path: string;
  /** Sent as JSON; left out: there is none. */
  readonly body?: unknown;
  /** Schema of the answer; `z.unknown()` where it does not matter. */
  readonly answer: z.ZodMiniType<T>;
}

/**
 * Sends a request to the server that runs on this machine, and resolves to its answer.
 *
 * @throws AppError with the code and words of the server, or SERVER_REFUSED
 */
export async function askServer<T>({ url, token }: RunFile, { method = 'GET', path, body, answer }: ApiRequest<T>): Promise<T> {
  const refused = (why: string, cause?: unknown) => new AppError('SERVER_REFUSED', `The camera at ${url} ${why}`, { cause });
  let response: Response;
  let text: string;
  try {
    response = await fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (error) {
    throw refused(`did not answer: ${messageOf(error)}.`, error);
  }
  const json = parse(text);
  if (response.ok) {
    const result = answer.safeParse(json);
    if (result.success) return result.data;
    throw refused(`answers what this version (of the command) does not know.`);
  }
  const problem = problemSchema.safeParse(json).data?.error;
  if (!problem) throw refused(`answered with status ${response.status}. Is it another version? Restart it.`);
  const { code, message, hint } = problem;
  if (Object.hasOwn(ERRORS, code)) throw new AppError(code as ErrorCode, message, hint === undefined ? {} : { hint });
  throw refused(`refused it: ${message}${code === 'NOT_FOUND' ? ' Is it another version? Restart it.' : ''}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
