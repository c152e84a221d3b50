import type { RtspCounters } from './counters.ts';
import { type Carrier, SessionTrack } from './session-track.ts';
import type { Stream } from './stream.ts';
import type { Track } from './track.ts';

/** Seconds of silence after which a session ends; RFC 2326 (section 12.37) has it where nothing is said. */
export const SESSION_TIMEOUT_S = 60;
/** Clients keep sessions alive with little to spare. */
const TIMEOUT_MS = (SESSION_TIMEOUT_S + 10) * 1000;
/** A client that takes nothing for this long is dropped, as on the web server. */
const STALLED_MS = 30_000;

export type Ending =
  | 'torn down'
  | 'disconnected'
  | 'refused'
  | 'timed out'
  | 'stalled'
  | 'no longer allowed'
  | 'stream gone'
  | 'server stopped';

/** What a client plays, from which point on. */
export interface SessionPlay {
  /** One for each track that plays, in the order of the stream: all of one moment (RFC 2326 section 12.33). */
  readonly begins: readonly { readonly number: number; readonly sequence: number; readonly timestamp: number }[];
  /** To be called in the same turn of the event loop, when the answer has been written. */
  readonly start: () => void;
}

/** One client's session with one stream (RFC 2326, appendix A.2): the tracks of it that it has set up, each in its own state. */
export class RtspSession {
  /** By their numbers. */
  readonly #tracks = new Map<number, SessionTrack>();
  #heardAt: number;
  /** When it was set up first, monotonic milliseconds. */
  readonly since: number;

  constructor(
    readonly id: string,
    readonly stream: Stream,
    now: number,
    private readonly counters: RtspCounters,
  ) {
    this.#heardAt = now;
    this.since = now;
  }

  /** The tracks that are set up, in the order of the stream. */
  get tracks(): readonly SessionTrack[] {
    return [...this.#tracks.values()].sort((one, other) => one.number - other.number);
  }

  /** Whether any of them plays. */
  get playing(): boolean {
    return this.tracks.some(({ playing }) => playing);
  }

  /** @param number of the track in its stream */
  track(number: number): SessionTrack | undefined {
    return this.#tracks.get(number);
  }

  /** Something came from the client that shows that it is there. @param now monotonic milliseconds */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Sets a track up, or changes what carries it. */
  setUp(number: number, track: Track, carrier: Carrier): void {
    const before = this.#tracks.get(number);
    before?.end();
    this.#tracks.set(number, new SessionTrack(number, track, carrier, before));
  }

  /** How many packets of a source the client says it has lost since it began to play (RFC 3550 section 6.4.1). */
  lost(ssrc: number, cumulativeLost: number): void {
    for (const part of this.#tracks.values()) if (part.track.ssrc === ssrc) this.counters.packetsLost += part.lost(cumulativeLost);
  }

  /**
   * To be waited for before {@link play}: multicast begins here, and after a pause there may be no later picture yet to
   * begin with. Rejects where the network does not let us; then none of them begins.
   */
  async prepare(parts: readonly SessionTrack[]): Promise<void> {
    const failed = (await Promise.allSettled(parts.map((part) => part.prepare()))).find(({ status }) => status === 'rejected');
    if (!failed) return;
    for (const part of parts) if (!part.playing) part.pause();
    throw (failed as PromiseRejectedResult).reason;
  }

  /** Begins to play. Packets must not come before the answer, nor a picture between the two. */
  play(parts: readonly SessionTrack[]): SessionPlay {
    const plays = parts.map((part) => {
      const play = part.play();
      return { ...play, age: part.track.age(play.timestamp) };
    });
    // Players lay the tracks side by side at the moments that are named: those who begin later name the first one's, too.
    const oldest = Math.max(...plays.map(({ age }) => age));
    return {
      begins: plays.map(({ part, sequence, timestamp, age }) => ({
        number: part.number,
        sequence,
        timestamp: part.track.before(timestamp, oldest - age),
      })),
      start: () => {
        for (const { start } of plays) start();
      },
    };
  }

  /** Ends one of its tracks. @returns whether others are left */
  tearDown(part: SessionTrack): boolean {
    part.end();
    this.#tracks.delete(part.number);
    return this.#tracks.size > 0;
  }

  /** Ends it and frees what it has. */
  end(): void {
    for (const part of this.#tracks.values()) part.end();
  }

  /** Why it should end now, if it should. @param now monotonic milliseconds */
  overdue(now: number): Ending | undefined {
    const stalled = [...this.#tracks.values()].map((part) => part.stalledFor(now)).filter((time) => time !== undefined);
    // TCP itself tells whether the client is there; many recorders send nothing else while they play.
    if (stalled.length > 0) return Math.max(...stalled) >= STALLED_MS ? 'stalled' : undefined;
    return now - this.#heardAt >= TIMEOUT_MS ? 'timed out' : undefined;
  }
}
