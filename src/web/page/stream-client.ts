import { backoffDelay } from '../../core/backoff.ts';
import { MJPEG } from '../../device/stream-names.ts';
import { type Fetch, type Problem, pageRequest, problemOf } from './http.ts';
import { boundaryOf, MultipartParser, type Part } from './multipart.ts';

const STREAM_URL = MJPEG.webPath;
/** Silence after which the connection counts as broken, milliseconds: the server repeats the last picture every 5 s. */
const SILENCE_MS = 12_000;
/** Waits between attempts, milliseconds: at first hardly noticed, later no burden for a server that is starting. */
const RETRY = { firstMs: 500, maxMs: 5000 };
/** Longest Retry-After that is honoured, milliseconds. */
const MAX_RETRY_AFTER_MS = 10_000;

/** The state of the page's connection to the stream. */
export type Link =
  | { readonly state: 'paused' }
  /** `retry`: the last attempt failed or broke; `problem` is what the server said then, if it said anything. */
  | { readonly state: 'connecting'; readonly retry: boolean; readonly problem: Problem | undefined }
  | { readonly state: 'open' }
  /** The page waits until the next attempt; `problem` likewise. */
  | { readonly state: 'waiting'; readonly problem: Problem | undefined };

/** What the stream is read by, and who hears of it. */
export interface StreamClientOptions {
  readonly fetch: Fetch;
  /** Called with each picture, also where the server repeats one. */
  readonly onPart: (part: Part) => void;
  /** Called with each change of the connection. */
  readonly onLink: (link: Link) => void;
  /** Called when the session has ended; the stream is then paused. */
  readonly onSignedOut: () => void;
  /** Returns whether no picture can be expected (a camera that starts slowly), so that silence is no reason to reconnect. */
  readonly silenceExpected: () => boolean;
}

interface Ending {
  readonly problem: Problem | undefined;
  readonly retryAfterMs: number;
}

/** A stream, as the page handles it. */
export interface Stream {
  /** Connects at once, unless a connection is there or under way. */
  resume(): void;
  /** Connects anew: the connection may be dead without a sign. */
  renew(): void;
  /** Closes the stream until {@link resume}. */
  pause(): void;
}

/** Keeps the stream open: reconnects after any break until it is paused. */
export class StreamClient implements Stream {
  readonly #options: StreamClientOptions;
  #connection: AbortController | undefined;
  /** Attempts in a row that gave no picture. */
  #failures = 0;
  #problem: Problem | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StreamClientOptions) {
    this.#options = options;
  }

  /** Connects where that is needed; see {@link Stream.resume}. */
  resume(): void {
    clearTimeout(this.#retryTimer);
    if (this.#connection === undefined) void this.#connect();
  }

  /** Connects anew; see {@link Stream.renew}. */
  renew(): void {
    this.#close();
    this.#failures = 1;
    void this.#connect();
  }

  /** Closes the stream; see {@link Stream.pause}. */
  pause(): void {
    this.#close();
    this.#failures = 0;
    this.#options.onLink({ state: 'paused' });
  }

  #close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#watchdog);
    this.#problem = undefined;
    connection?.abort();
  }

  async #connect(): Promise<void> {
    const connection = new AbortController();
    this.#connection = connection;
    this.#options.onLink({ state: 'connecting', retry: this.#failures > 0, problem: this.#problem });
    this.#watch(connection);
    const ending = await this.#read(connection).catch(() => ({ problem: undefined, retryAfterMs: 0 }));
    // Paused meanwhile, and perhaps resumed with another connection.
    if (this.#connection !== connection) return;

    this.#connection = undefined;
    clearTimeout(this.#watchdog);
    connection.abort();
    if (ending === 'signed-out') {
      this.pause();
      this.#options.onSignedOut();
      return;
    }
    this.#failures += 1;
    this.#problem = ending.problem;
    const wait = Math.max(backoffDelay(RETRY, this.#failures), ending.retryAfterMs);
    this.#retryTimer = setTimeout(() => this.resume(), wait);
    this.#options.onLink({ state: 'waiting', problem: ending.problem });
  }

  async #read(connection: AbortController): Promise<Ending | 'signed-out'> {
    const response = await this.#options.fetch(STREAM_URL, pageRequest('multipart/x-mixed-replace, application/json', connection.signal));
    if (response.status === 401) return 'signed-out';
    const boundary = boundaryOf(response.headers.get('Content-Type'));
    if (!response.ok || response.body === null || boundary === undefined) {
      return { problem: await problemOf(response), retryAfterMs: retryAfterMs(response.headers.get('Retry-After')) };
    }

    if (this.#connection === connection) this.#options.onLink({ state: 'open' });
    const parser = new MultipartParser(boundary, (part) => {
      this.#failures = 0;
      this.#options.onPart(part);
    });
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#connection !== connection) break;
      if (parser.push(value)) this.#watch(connection);
    }
    return { problem: undefined, retryAfterMs: 0 };
  }

  /** Starts the time of silence anew. */
  #watch(connection: AbortController): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (this.#options.silenceExpected()) this.#watch(connection);
      else connection.abort();
    }, SILENCE_MS);
  }
}

/** Returns Retry-After (RFC 9110 section 10.2.3) in milliseconds; the form with a date counts as absent. */
function retryAfterMs(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header) ? Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS) : 0;
}
