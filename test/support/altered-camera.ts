import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  status: number;
  body: Buffer;
  /** Undefined: as it was. */
  type?: string;
}

/** Another answer in place of the camera's, or a change to that; undefined leaves it as it is, and as it streams. */
export type Alter = (path: string, asked: string) => Answer | ((answer: Answer) => Answer) | undefined;

/** A camera between the client and a real one, which gives some answers otherwise. */
export class AlteredCamera {
  alter: Alter = () => undefined;
  readonly #server: Server;

  private constructor(private readonly real: string) {
    this.#server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const asked = Buffer.concat(chunks);
        const change = this.alter(req.url ?? '', asked.toString());
        const send = ({ status, body, type }: Answer, before = 'text/plain') => {
          res.writeHead(status, { 'Content-Type': type ?? before, 'Content-Length': body.length });
          res.end(body);
        };
        if (change && typeof change !== 'function') {
          send(change);
          return;
        }
        // What the client was told about us has to come back to us: the Host header stays.
        const onward = request(this.real + req.url, { method: req.method, headers: req.headers }, (answer) => {
          if (!change) {
            res.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(res);
            return;
          }
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            send(change({ status: answer.statusCode ?? 502, body: Buffer.concat(parts) }), answer.headers['content-type']);
          });
        });
        onward.on('error', () => res.destroy());
        res.on('close', () => onward.destroy());
        onward.end(asked);
      });
    });
  }

  /** @param real "http://127.0.0.1:8080" */
  static async start(real: string): Promise<AlteredCamera> {
    const camera = new AlteredCamera(real);
    camera.#server.listen(0, '127.0.0.1');
    await once(camera.#server, 'listening');
    return camera;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Changes the text of answers to one operation of ONVIF. */
export const inAnswerTo =
  (operation: string, change: (text: string) => string): Alter =>
  (_, asked) =>
    new RegExp(`<(?:\\w+:)?${operation}\\b`).test(asked)
      ? (answer) => ({ ...answer, body: Buffer.from(change(answer.body.toString())) })
      : undefined;

/** Answers a path with something else. */
export const at =
  (path: string, answer: Answer): Alter =>
  (asked) =>
    asked === path ? answer : undefined;
