import type { Request, RequestHandler, Response } from 'express';
import * as z from 'zod/mini';
import { withChangedUser, withoutUser, withUser } from '../../../auth/user-changes.ts';
import { ACCESS_LEVELS, type User, type UserStore } from '../../../auth/users.ts';
import type { Logger } from '../../../core/log.ts';
import type { BodyReader } from '../body-reader.ts';
import type { Routes } from '../routes.ts';
import { readJson, sendError } from './json.ts';

const level = z.enum(ACCESS_LEVELS);
/** Whether a password of fewer than eight characters is taken. */
const weak = z._default(z.boolean(), false);
const added = z.strictObject({ name: z.string(), password: z.string(), level, weak });
const changed = z.strictObject({ password: z.optional(z.string()), level: z.optional(level), weak });

/** The users that the API changes, and what reads its requests. */
export interface UsersApiOptions {
  readonly users: UserStore;
  readonly bodies: BodyReader;
  /** The client's address, for the log. */
  readonly clientAddress: (req: Request) => string;
  readonly log: Logger;
}

/** Adds /api/v1/users, for administrators alone: the people who may log in, without their passwords. */
export function addUsersApi(routes: Routes, { users, bodies, clientAddress, log }: UsersApiOptions): void {
  const shown = ({ name, level }: User) => ({ name, level, ...(users.isFixed({ name }) && { fixed: true }) });
  const tell = (what: string, req: Request) => log.info(what, { client: clientAddress(req) });
  /** Puts the list in place of the old one and answers with the user, or with why that cannot be. */
  const change = (req: Request, res: Response, next: () => { readonly list: readonly User[]; readonly name: string }, status: number) => {
    let name: string;
    try {
      const { list, name: about } = next();
      users.replace(list);
      name = about;
    } catch (error) {
      sendError(req, res, error);
      return undefined;
    }
    const user = users.find(name);
    res.status(status).set('Cache-Control', 'no-store');
    if (user) res.json(shown(user));
    else res.end();
    return name;
  };
  const nameIn = (req: Request) => String(req.params.name);

  const list: RequestHandler = (_req, res) => void res.set('Cache-Control', 'no-store').json({ users: users.list().map(shown) });
  const add: RequestHandler = async (req, res) => {
    const body = await readJson(req, res, bodies, added);
    if (!body) return;
    const { weak, ...user } = body;
    const name = change(req, res, () => ({ list: withUser(users.list(), user, { weak }), name: user.name }), 201);
    if (name !== undefined) tell(`user "${name}" added, ${user.level}`, req);
  };
  const set: RequestHandler = async (req, res) => {
    const body = await readJson(req, res, bodies, changed);
    if (!body) return;
    const name = change(req, res, () => ({ list: withChangedUser(users.list(), nameIn(req), body, body), name: nameIn(req) }), 200);
    const what = [body.password !== undefined ? 'password' : '', body.level !== undefined ? 'level' : ''].filter(Boolean);
    if (name !== undefined) tell(`user "${name}": ${what.join(' and ') || 'nothing'} changed`, req);
  };
  const remove: RequestHandler = (req, res) => {
    const name = change(req, res, () => ({ list: withoutUser(users.list(), nameIn(req)), name: nameIn(req) }), 204);
    if (name !== undefined) tell(`user "${name}" removed`, req);
  };

  routes.add('/api/v1/users', {
    get: { access: 'READ_SYSTEM_SECRET', handle: list },
    post: { access: 'WRITE_SYSTEM', handle: add },
  });
  routes.add('/api/v1/users/:name', {
    patch: { access: 'WRITE_SYSTEM', handle: set },
    delete: { access: 'WRITE_SYSTEM', handle: remove },
  });
}
