import type { Express, RequestHandler } from 'express';
import type { AccessClass } from '../../auth/access.ts';
import { sendProblem } from './answers.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What answers a method of an address, and the access class that it takes. */
export interface Route {
  readonly access: AccessClass;
  readonly handle: RequestHandler;
}

/** The methods of an address. */
export type RouteMethods = Partial<Readonly<Record<(typeof METHODS)[number], Route>>>;

/** The addresses of the web server, each with its methods and the access class that they take. */
export class Routes {
  /** @param guard returns what lets users of a class pass and answers all others; undefined where all pass */
  constructor(
    private readonly app: Express,
    private readonly guard: (access: AccessClass) => RequestHandler | undefined,
  ) {}

  /** Registers a path with its methods: HEAD follows GET, OPTIONS lists them, all others get 405. */
  add(path: string | string[], methods: RouteMethods): void {
    const allowed: string[] = [];
    for (const method of METHODS) {
      const route = methods[method];
      if (!route) continue;
      const guard = this.guard(route.access);
      this.app[method](path, ...(guard ? [guard] : []), route.handle);
      allowed.push(...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    }
    const allow = [...allowed, 'OPTIONS'].join(', ');
    this.app.all(path, (req, res) => {
      res.set('Allow', allow);
      if (req.method === 'OPTIONS') res.status(204).end();
      else sendProblem(req, res, 405, { code: 'METHOD_NOT_ALLOWED', message: `${req.method} is not possible here.` });
    });
  }
}
