import type { StateStore } from '../config/state.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { type Metadata, nextMetadata } from '../discovery/metadata-version.ts';

/** The version of what WS-Discovery announces, kept in the state. Without a disk it counts for this run, and that is said once. */
export class AnnouncedMetadata {
  #now: Metadata | undefined;
  #told = false;

  constructor(
    private readonly state: StateStore,
    private readonly log: Logger,
  ) {
    this.#now = state.state.metadata;
  }

  /** The version for `description` (types, scopes, XAddrs): a new one if it is another than the last. */
  version(description: readonly string[]): number {
    const next = nextMetadata(this.#now, description);
    this.#now = next;
    // Kept later if it could not be before.
    if (next.version !== this.state.state.metadata?.version) this.#keep(next);
    return next.version;
  }

  #keep(metadata: Metadata): void {
    try {
      this.state.update({ metadata });
    } catch (error) {
      if (!this.#told) this.log.warn(`The version of what is announced counts for this run only. ${messageOf(error)}`);
      this.#told = true;
    }
  }
}
