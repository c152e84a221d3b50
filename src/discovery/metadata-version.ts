import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';

/** What is kept of the camera's description, to know when it changes. */
export interface Metadata {
  /** Rises with every change, never falls (WS-Discovery, section 4.1). */
  readonly version: number;
  /** SHA-256 of the description, in base64url. */
  readonly fingerprint: string;
}

/** Returns the metadata of `description` (types, scopes, XAddrs): what was stored if nothing changed, else the next version. */
export function nextMetadata(stored: Metadata | undefined, description: readonly string[]): Metadata {
  const fingerprint = createHash('sha256').update(JSON.stringify(description)).digest('base64url');
  return stored?.fingerprint === fingerprint ? stored : { version: (stored?.version ?? 0) + 1, fingerprint };
}

/** Where versions outlive the process. */
export interface MetadataVersionsOptions {
  /** What was kept by an earlier run. */
  readonly stored: Metadata | undefined;
  /** Keeps it for the next run. May throw: the disk is full, or cannot be written. */
  readonly store: (metadata: Metadata) => void;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Pick<Logger, 'warn'>;
}

/** How long after a disk refused it is asked again, milliseconds: searches come many times a second. */
const RETRY_MS = 60_000;

/** Counts the versions of the description, across restarts where that can be stored. */
export class MetadataVersions {
  #metadata: Metadata | undefined;
  /** What the next run will know. */
  #kept: Metadata | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #told = false;

  constructor(private readonly options: MetadataVersionsOptions) {
    this.#metadata = options.stored;
    this.#kept = options.stored;
  }

  /** Returns the version of `description`. Never throws: what cannot be stored holds until the end of the process, which is said once. */
  next(description: readonly string[]): number {
    const next = nextMetadata(this.#metadata, description);
    const isNew = next !== this.#metadata;
    this.#metadata = next;
    if (isNew || (next !== this.#kept && this.options.clock.monotonic() - this.#triedAt >= RETRY_MS)) this.#store(next);
    return next.version;
  }

  #store(metadata: Metadata): void {
    const { store, clock, log } = this.options;
    this.#triedAt = clock.monotonic();
    try {
      store(metadata);
      this.#kept = metadata;
      this.#told = false;
    } catch (error) {
      const hint = error instanceof AppError ? ` ${error.hint}` : '';
      if (!this.#told)
        log.warn(
          `${messageOf(error)}${hint} The camera is announced all the same; after a restart recorders may take its new description for the old one.`,
        );
      this.#told = true;
    }
  }
}
