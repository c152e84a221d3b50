import type { RtspCounters } from './counters.ts';
import { type Carrier, SessionTrack } from './session-track.ts';
import type { Stream, Track } from './track.ts';

/** Seconds of silence after which a session ends; RFC 2326 (section 12.37) has it where nothing is said. */
export const SESSION_TIMEOUT_S = 60;
/** After this long the session does end, milliseconds: clients keep sessions alive with little to spare. */
const TIMEOUT_MS = (SESSION_TIMEOUT_S + 10) * 1000;
/** A client that takes nothing for this long is dropped, as on the web server. Milliseconds. */
const STALLED_MS = 30_000;

/** Why a session ended, for the log. */
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
  /** Begins the sending; to be called in the same turn of the event loop, when the answer has been written. */
  readonly start: () => void;
}

/** One client's session with one stream (RFC 2326, appendix A.2): the tracks of it that it has set up, each in its own state. */
export class RtspSession {
  /** The tracks that are set up, by their numbers. */
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

  /** The track that is set up under a number; undefined: it is not set up. @param number of the track in its stream */
  track(number: number): SessionTrack | undefined {
    return this.#tracks.get(number);
  }

  /** Takes note that something came from the client, which shows that it is there. @param now monotonic milliseconds */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Sets a track up, or changes what carries it. */
  setUp(number: number, track: Track, carrier: Carrier): void {
    const before = this.#tracks.get(number);
    before?.end();
    this.#tracks.set(number, new SessionTrack(number, track, carrier, before));
  }

  /**
   * Takes a receiver report in (RFC 3550 section 6.4.1).
   *
   * @param ssrc the source that it is about
   * @param cumulativeLost packets of it that the client has lost since it began to play
   */
  lost(ssrc: number, cumulativeLost: number): void {
    for (const each of this.#tracks.values()) if (each.track.ssrc === ssrc) this.counters.packetsLost += each.lost(cumulativeLost);
  }

  /**
   * Prepares tracks; to be waited for before {@link play}: multicast begins here, and after a pause there may be no later
   * picture yet to begin with. Rejects where the network does not let us; then none of them begins.
   */
  async prepare(tracks: readonly SessionTrack[]): Promise<void> {
    const failed = (await Promise.allSettled(tracks.map((track) => track.prepare()))).find(({ status }) => status === 'rejected');
    if (!failed) return;
    for (const track of tracks) if (!track.playing) track.pause();
    throw (failed as PromiseRejectedResult).reason;
  }

  /** Begins to play. Packets must not come before the answer, nor a picture between the two. */
  play(tracks: readonly SessionTrack[]): SessionPlay {
    const plays = tracks.map((each) => {
      const play = each.play();
      return { ...play, age: each.track.age(play.timestamp) };
    });
    // Players lay the tracks side by side at the moments that are named: tracks that begin later name the first one's, too.
    const oldest = Math.max(...plays.map(({ age }) => age));
    return {
      begins: plays.map(({ track: { number, track }, sequence, timestamp, age }) => ({
        number,
        sequence,
        timestamp: track.before(timestamp, oldest - age),
      })),
      start: () => {
        for (const { start } of plays) start();
      },
    };
  }

  /** Ends one of its tracks. @returns whether others are left */
  tearDown(track: SessionTrack): boolean {
    track.end();
    this.#tracks.delete(track.number);
    return this.#tracks.size > 0;
  }

  /** Ends the session and frees what it has. */
  end(): void {
    for (const track of this.#tracks.values()) track.end();
  }

  /** Why the session should end now; undefined: it should not. @param now monotonic milliseconds */
  overdue(now: number): Ending | undefined {
    const stalled = [...this.#tracks.values()].map((track) => track.stalledFor(now)).filter((time) => time !== undefined);
    // TCP itself tells whether the client is there; many recorders send nothing else while they play.
    if (stalled.length > 0) return Math.max(...stalled) >= STALLED_MS ? 'stalled' : undefined;
    return now - this.#heardAt >= TIMEOUT_MS ? 'timed out' : undefined;
  }
}
