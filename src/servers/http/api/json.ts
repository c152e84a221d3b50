import type { Request, Response } from 'express';
import type * as z from 'zod/mini';
import { AppError, type ErrorCode } from '../../../core/errors.ts';
import { sendProblem } from '../answers.ts';
import { type BodyReader, describeBodyProblem } from '../body-reader.ts';

/** Bytes of a body: the largest has a name, a password and a level. */
const LIMIT = 4 * 1024;
const TYPE = 'application/json';

/**
 * Reads the body of a request as JSON of the given shape. Other types than application/json are refused, as a page of another
 * site can send those without the browser asking first.
 *
 * @returns undefined where it cannot be read: the request has then been answered (400, 408, 413, 415, 503), or its client has gone
 */
export async function readJson<T>(req: Request, res: Response, bodies: BodyReader, schema: z.ZodMiniType<T>): Promise<T | undefined> {
  const refuse = (status: number, message: string) => sendProblem(req, res, status, { code: 'BAD_BODY', message });
  if (!req.is(TYPE)) return void refuse(415, `The body must be ${TYPE}.`);
  const body = await bodies.read(req, LIMIT);
  if ('gone' in body) return undefined;
  if ('problem' in body) {
    const { status, message } = describeBodyProblem(body.problem, LIMIT);
    return void refuse(status, message);
  }
  let json: unknown;
  try {
    json = JSON.parse(body.text);
  } catch {
    return void refuse(400, 'The body is no JSON.');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.');
  return void refuse(400, `${place ? `${place}: ` : ''}${issue?.message ?? 'It cannot be read'}.`);
}

/** HTTP status of the errors that are the request's fault, or the disk's; 500 for all others. */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  CONFIG_INVALID: 400,
  PASSWORD_WEAK: 400,
  USER_UNKNOWN: 404,
  USER_EXISTS: 409,
  LAST_ADMINISTRATOR: 409,
  TOO_MANY_USERS: 409,
  USER_FIXED: 409,
  DISK_FULL: 507,
  DISK_READ_ONLY: 507,
};

/** Answers with an error that is meant for the user. @throws all other errors as they are */
export function sendError(req: Request, res: Response, error: unknown): void {
  if (!(error instanceof AppError)) throw error;
  const { code, message, hint } = error;
  sendProblem(req, res, STATUS[code] ?? 500, { code, message, hint });
}
