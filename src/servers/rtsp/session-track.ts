import type { Pair } from '../../protocols/rtsp/transport.ts';
import type { InterleavedSink } from './interleaved-sink.ts';
import type { Sink } from './sink.ts';
import type { Track, TrackStart } from './track.ts';

/** How the packets of a session's track travel. */
export type Carrier =
  | { readonly kind: 'interleaved'; readonly channels: Pair; readonly sink: InterleavedSink }
  | { readonly kind: 'udp'; readonly sink: Sink; readonly close: () => void }
  /** The group's sink is shared: `start` takes a share, and resolves with what gives it up. */
  | { readonly kind: 'multicast'; readonly start: () => Promise<() => void> };

/** Where a track begins or goes on, for RTP-Info. */
export interface TrackPlay extends Pick<TrackStart, 'sequence' | 'timestamp'> {
  readonly track: SessionTrack;
  /** Begins the sending, see {@link SessionPlay.start}. */
  readonly start: () => void;
}

/** One track of a client's session, with what carries it: set up, playing, or paused. */
export class SessionTrack {
  #playing = false;
  #ended = false;
  #leaveGroup: (() => void) | undefined;
  /** Gives up the track that was held until it goes on. */
  #release: (() => void) | undefined;
  /** RTP timestamp of the newest picture that the client may have had when it paused. */
  #had: number | undefined;
  #lost = 0;

  constructor(
    /** Number of the track in its stream. */
    readonly number: number,
    readonly track: Track,
    readonly carrier: Carrier,
    /** The one whose place it takes: it goes on where that one stopped. */
    before?: SessionTrack,
  ) {
    if (before) this.#had = before.#had;
  }

  /** Whether its packets are being sent. */
  get playing(): boolean {
    return this.#playing;
  }

  /**
   * Takes a receiver report in (RFC 3550 section 6.4.1).
   *
   * @param cumulativeLost packets that the client has lost since the beginning
   * @returns how many of them are new
   */
  lost(cumulativeLost: number): number {
    const more = Math.max(0, cumulativeLost - this.#lost);
    this.#lost += more;
    return more;
  }

  /** Prepares {@link play}, see {@link RtspSession.prepare}. Rejects where the network does not let us. */
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

  /** Begins to play; see {@link RtspSession.play}. */
  play(): TrackPlay {
    const { carrier, track } = this;
    // A client that plays already, alone or in a group, gets no picture again.
    const begin = this.#playing || carrier.kind === 'multicast' ? track.position() : track.begin(this.#had);
    return {
      track: this,
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

  /** Stops the sending; {@link play} goes on behind the newest picture that the client may have had. */
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

  /** Ends the track and frees what it has. */
  end(): void {
    const { carrier, track } = this;
    const played = this.#playing;
    this.#ended = true;
    this.pause();
    if (carrier.kind === 'multicast') return;
    if (played) carrier.sink.report(track.goodbye());
    if (carrier.kind === 'udp') carrier.close();
  }

  /**
   * Milliseconds for which the client has taken nothing of the track, where TCP tells; undefined where it does not.
   *
   * @param now monotonic milliseconds
   */
  stalledFor(now: number): number | undefined {
    return this.carrier.kind === 'interleaved' && this.#playing ? this.carrier.sink.stalledFor(now) : undefined;
  }
}
