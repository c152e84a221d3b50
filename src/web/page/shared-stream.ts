import { HEARTBEAT_MS, type Port, type ToWindow, type ToWorker, WORKER } from './shared-protocol.ts';
import { type Stream, StreamClient, type StreamClientOptions } from './stream-client.ts';

/** Silence after the first question from which on a worker counts as not running, milliseconds. */
const ANSWER_MS = 3000;

interface Worker {
  readonly port: Port<ToWindow, ToWorker>;
  /** Called when its script cannot be loaded. */
  onerror: unknown;
}

/** Returns the worker that this page shares with the others; undefined where the browser has none (Chrome on Android). */
export function sharedWorker(): Worker | undefined {
  try {
    return typeof SharedWorker === 'function' ? new SharedWorker(WORKER.url, { name: WORKER.name }) : undefined;
  } catch {
    return undefined;
  }
}

/** The stream of all windows, or a stream of this window where there is no worker, or where it does not run. */
export class SharedStream implements Stream {
  readonly #options: StreamClientOptions;
  #port: Port<ToWindow, ToWorker> | undefined;
  #own: StreamClient | undefined;
  #wanted = false;
  #answered = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StreamClientOptions, worker: Worker | undefined) {
    this.#options = options;
    if (!worker) {
      this.#own = new StreamClient(options);
      return;
    }
    this.#port = worker.port;
    this.#port.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = () => this.#standAlone();
  }

  /** Asks for pictures; see {@link Stream.resume}. */
  resume(): void {
    this.#own?.resume();
    if (this.#own || this.#wanted) return;
    this.#wanted = true;
    this.#options.onLink({ state: 'connecting', retry: false, problem: undefined });
    this.#watch();
    this.#heartbeat = setInterval(() => this.#watch(), HEARTBEAT_MS);
    if (!this.#answered) this.#deadline = setTimeout(() => this.#standAlone(), ANSWER_MS);
  }

  /** Connects anew; see {@link Stream.renew}. */
  renew(): void {
    if (this.#own) this.#own.renew();
    else this.#port?.postMessage({ type: 'renew' });
  }

  /** Gives the pictures up; see {@link Stream.pause}. */
  pause(): void {
    if (this.#own) {
      this.#own.pause();
      return;
    }
    this.#stop();
    this.#port?.postMessage({ type: 'leave' });
    this.#options.onLink({ state: 'paused' });
  }

  #watch(): void {
    this.#port?.postMessage({ type: 'watch', silenceExpected: this.#options.silenceExpected() });
  }

  #hear(message: ToWindow): void {
    if (this.#own) return;
    this.#answered = true;
    clearTimeout(this.#deadline);
    // So that the worker goes on, also where the picture comes too late to be of use.
    if (message.type === 'part') this.#port?.postMessage({ type: 'taken' });
    if (!this.#wanted) return;
    if (message.type === 'part') this.#options.onPart(message);
    else if (message.type === 'link') this.#options.onLink(message.link);
    else {
      this.#stop();
      this.#options.onLink({ state: 'paused' });
      this.#options.onSignedOut();
    }
  }

  #stop(): void {
    this.#wanted = false;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#deadline);
  }

  #standAlone(): void {
    if (this.#own) return;
    const wanted = this.#wanted;
    this.#port?.postMessage({ type: 'leave' });
    this.#stop();
    this.#own = new StreamClient(this.#options);
    if (wanted) this.#own.resume();
  }
}
