import { setMaxListeners } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { request as secureRequest } from 'node:https';

export interface Ask {
  readonly method?: string;
  /** Host among them stays as it is, unlike with fetch. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Our end of the connection: any address in 127.0.0.0/8. */
  readonly from?: string;
  /** Without it, each request has a connection of its own. */
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP request as fetch cannot make it. @param url of a server on 127.0.0.1; by https whatever its certificate */
export function ask(url: string, { method = 'GET', headers = {}, body, from, agent, signal }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, family: 4, ...(from ? { localAddress: from } : {}), agent: agent ?? false, signal };
    const send = url.startsWith('https:') ? secureRequest : request;
    const sent = send(url, { ...options, rejectUnauthorized: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** One connection that stays open, for {@link Ask.agent}. */
export const oneConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** A stranger who tries one password after the other, some at a time, each on a connection of its own. */
export class Guesser {
  /** Answers by status. */
  readonly answers: Record<number, number> = {};
  readonly began = performance.now();
  readonly #end = new AbortController();
  readonly #threads: Promise<void>[];
  readonly #watchers = new Set<() => void>();
  #guesses = 0;

  /** @param attempt makes one guess */
  constructor(threads: number, attempt: (guess: number, signal: AbortSignal) => Promise<Answer>) {
    setMaxListeners(0, this.#end.signal);
    this.#threads = Array.from({ length: threads }, async () => {
      while (!this.#end.signal.aborted) {
        const status = await attempt(this.#guesses++, this.#end.signal).then(
          (answer) => answer.status,
          () => 0,
        );
        this.answers[status] = (this.answers[status] ?? 0) + 1;
        for (const watcher of [...this.#watchers]) watcher();
        // Who is cut off or turned away does not spin.
        if (status === 0 || status === 429) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  }

  /** Waits until so many guesses have been answered with a status. */
  answered(status: number, times: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if ((this.answers[status] ?? 0) < times) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Seconds since it began. */
  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#threads);
  }
}
