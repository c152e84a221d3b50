import { type Fetch, pageRequest } from './http.ts';
import { parseStatus, type Status } from './status.ts';

const STATUS_URL = '/api/status';
/** Time between the end of one question and the next, milliseconds: soon enough to follow, too rare to cost. */
const INTERVAL_MS = 3000;
/** The same while the camera gives no picture and somebody waits for it, milliseconds. */
const WAITING_INTERVAL_MS = 1000;
/** Time for an answer, which takes some milliseconds as a rule; after it the link is broken. Milliseconds. */
const TIMEOUT_MS = 5000;

/** What it asks by, and who hears of the answers. */
export interface StatusPollerOptions {
  readonly fetch: Fetch;
  /** Called with each answer. */
  readonly onStatus: (status: Status) => void;
  /** Called when there is no answer, or none that this page understands. */
  readonly onFailure: () => void;
  /** Called when the session has ended. */
  readonly onSignedOut: () => void;
}

/** Asks for the status again and again, one question at a time. */
export class StatusPoller {
  readonly #options: StatusPollerOptions;
  #running = false;
  #question: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StatusPollerOptions) {
    this.#options = options;
  }

  /** Asks at once, and then again and again. */
  start(): void {
    this.#running = true;
    this.now();
  }

  /** Asks no more; the answer to a question that is out is dropped. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#question?.abort();
    this.#question = undefined;
  }

  /** Asks at once, unless a question is out or the poller is stopped. */
  now(): void {
    if (!this.#running || this.#question !== undefined) return;
    clearTimeout(this.#timer);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const question = new AbortController();
    this.#question = question;
    const deadline = setTimeout(() => question.abort(), TIMEOUT_MS);
    const answer = await this.#answer(question.signal).catch(() => undefined);
    clearTimeout(deadline);
    if (this.#question !== question) return;

    this.#question = undefined;
    if (answer === 'signed-out') {
      this.stop();
      this.#options.onSignedOut();
      return;
    }
    const waiting = answer !== undefined && answer.camera !== 'live';
    this.#timer = setTimeout(() => this.now(), waiting ? WAITING_INTERVAL_MS : INTERVAL_MS);
    if (answer === undefined) this.#options.onFailure();
    else this.#options.onStatus(answer);
  }

  async #answer(signal: AbortSignal): Promise<Status | 'signed-out' | undefined> {
    const response = await this.#options.fetch(STATUS_URL, pageRequest('application/json', signal));
    if (response.status === 401) return 'signed-out';
    return response.ok ? parseStatus(await response.json()) : undefined;
  }
}
