import type { Pair } from '../../protocols/rtsp/transport.ts';
import type { RtspCounters } from './counters.ts';
import type { InterleavedSink } from './interleaved-sink.ts';
import type { Sink } from './sink.ts';
import type { Track, TrackStart } from './track.ts';

/** Seconds of silence after which a session ends; RFC 2326 (section 12.37) has it where nothing is said. */
export const SESSION_TIMEOUT_S = 60;
/** Clients keep sessions alive with little to spare. */
const TIMEOUT_MS = (SESSION_TIMEOUT_S + 10) * 1000;
/** A client that takes nothing for this long is dropped, as on the web server. */
const STALLED_MS = 30_000;

/** How a session's packets travel. */
export type Carrier =
  | { readonly kind: 'interleaved'; readonly channels: Pair; readonly sink: InterleavedSink }
  | { readonly kind: 'udp'; readonly sink: Sink; readonly close: () => void }
  /** The sink is shared; this gives up the share. */
  | { readonly kind: 'multicast'; readonly start: () => Promise<() => void> };

export type Ending =
  | 'torn down'
  | 'disconnected'
  | 'refused'
  | 'timed out'
  | 'stalled'
  | 'no longer allowed'
  | 'stream gone'
  | 'server stopped';

/** One client's session with one track (RFC 2326, appendix A.2): set up, playing, or paused. */
export class RtspSession {
  #playing = false;
  #ended = false;
  #leaveGroup: (() => void) | undefined;
  /** Gives up the track that was held until pictures go on. */
  #release: (() => void) | undefined;
  /** RTP timestamp of the newest picture that the client may have had when it paused. */
  #had: number | undefined;
  #heardAt: number;
  #lost = 0;
  /** When it was set up first, monotonic milliseconds. */
  readonly since: number;

  constructor(
    readonly id: string,
    readonly track: Track,
    readonly carrier: Carrier,
    now: number,
    private readonly counters: RtspCounters,
    /** The one that it takes the place of. */
    before?: RtspSession,
  ) {
    this.#heardAt = now;
    this.since = before?.since ?? now;
    if (before) this.#had = before.#had;
  }

  get playing(): boolean {
    return this.#playing;
  }

  /** Something came from the client that shows that it is there. @param now monotonic milliseconds */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** How many packets the client says it has lost since the session began (RFC 3550 section 6.4.1). */
  lost(cumulativeLost: number): void {
    if (cumulativeLost <= this.#lost) return;
    this.counters.packetsLost += cumulativeLost - this.#lost;
    this.#lost = cumulativeLost;
  }

  /**
   * To be waited for before {@link play}: multicast begins here, and after a pause there may be no later picture yet to
   * begin with. Rejects where the network does not let us.
   */
  async prepare(): Promise<void> {
    const { carrier } = this;
    if (carrier.kind === 'multicast') {
      if (this.#leaveGroup) return;
      const leave = await carrier.start();
      // The client may have gone in the meantime.
      if (this.#ended) leave();
      else this.#leaveGroup = leave;
    } else if (!this.#playing && this.#had !== undefined) {
      const release = await this.track.resume(this.#had);
      if (this.#ended) release();
      else this.#release = release;
    }
  }

  /**
   * Begins to play. `start` must be called in the same turn of the event loop, when the answer has been written: packets
   * must not come before it, nor a picture between the two.
   */
  play(): Pick<TrackStart, 'sequence' | 'timestamp'> & { readonly start: () => void } {
    const { carrier, track } = this;
    // Who plays already, alone or in a group, gets no picture again.
    const begin = this.#playing || carrier.kind === 'multicast' ? track.position() : track.begin(this.#had);
    return {
      sequence: begin.sequence,
      timestamp: begin.timestamp,
      start: () => {
        if (this.#playing || this.#ended) return;
        this.#playing = true;
        if (carrier.kind !== 'multicast') track.add(carrier.sink, begin);
        this.#letGo();
      },
    };
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  pause(): void {
    const { carrier, track } = this;
    if (this.#playing) this.#had = track.newest;
    this.#playing = false;
    this.#letGo();
    this.#leaveGroup?.();
    this.#leaveGroup = undefined;
    if (carrier.kind === 'multicast') return;
    track.remove(carrier.sink);
    carrier.sink.drop();
  }

  /** Ends it and frees what it has. */
  end(): void {
    const { carrier, track } = this;
    const played = this.#playing;
    this.#ended = true;
    this.pause();
    if (carrier.kind === 'multicast') return;
    if (played) carrier.sink.report(track.goodbye());
    if (carrier.kind === 'udp') carrier.close();
  }

  /** Why it should end now, if it should. @param now monotonic milliseconds */
  overdue(now: number): Ending | undefined {
    const { carrier } = this;
    if (carrier.kind === 'interleaved' && this.#playing) {
      // TCP itself tells whether the client is there; many recorders send nothing else while they play.
      return carrier.sink.stalledFor(now) >= STALLED_MS ? 'stalled' : undefined;
    }
    return now - this.#heardAt >= TIMEOUT_MS ? 'timed out' : undefined;
  }
}
