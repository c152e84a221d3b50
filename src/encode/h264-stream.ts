import type { Cancel, Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { first } from '../core/first.ts';
import { type Failure, KeepAlive, type LifeEnd } from '../core/keep-alive.ts';
import type { Logger } from '../core/log.ts';
import { RateLimiter } from '../core/rate-limiter.ts';
import type { AccessUnit, ParameterSets } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import type { Size } from '../frames/size.ts';
import type { StreamState } from '../frames/stream-state.ts';
import { encodedSize } from './encoded-size.ts';
import type { EncoderCounters, EncoderFactory, EncoderSettings, VideoEncoder } from './encoder.ts';
import { PictureGroup } from './picture-group.ts';
import { RateWatch } from './rate-watch.ts';
import { RETRY } from './retry.ts';

/** What the encoders need to know of a picture, be it a JPEG or of the camera's own H.264. */
export type Encodable = Pick<Frame, 'sequence' | 'monotonic' | 'width' | 'height'>;

/** A feed of pictures, as a hub of the streams is one. */
export interface PictureFeed<P extends Encodable = Frame> {
  /** Turns the camera on, until the returned function is called. */
  lease(): () => void;
  /** Calls the listener with each picture, until the returned function is called. */
  subscribe(listener: (picture: P) => void): () => void;
  /** The newest picture; undefined while there is none. */
  readonly latest: P | undefined;
  /** Measured pictures per second, 0 while unknown. */
  readonly fps: number;
}

/** What a stream is made of. */
export interface H264StreamOptions<P extends Encodable> {
  /** Name of the stream in the log: "H.264". */
  readonly name: string;
  readonly feed: PictureFeed<P>;
  /** Settings for pictures of a captured size; asked at each start of the encoder. */
  readonly settings: (captured: Size) => EncoderSettings;
  /** What starts the encoder. */
  readonly encoders: EncoderFactory<P>;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 to 1, for the spread of retries; default `Math.random`. */
  readonly random?: () => number;
}

/** How the stream is. */
export interface H264Status {
  readonly state: StreamState;
  /** Why it is stalled or failed; undefined otherwise. */
  readonly error: AppError | undefined;
  /** Name of the encoder, "libx264"; undefined while none is at work. */
  readonly encoder: string | undefined;
}

/** A function that is called for every unit, in the turn in which the unit arrives; it must neither block nor throw. */
export type AccessUnitListener = (unit: AccessUnit) => void;

/** How long the encoder outlives its last viewer, milliseconds: a recorder asks DESCRIBE first and comes back for SETUP and PLAY. */
const LINGER_MS = 5000;
/** Shortest rest after a failure, milliseconds: changed settings are tried at once. */
const SHORTEST_REST_MS = 0;
/** Pictures per second assumed while the feed's rate is unknown and none is set. */
const USUAL_FPS = 15;
/** Age up to which the feed's latest frame is encoded first, milliseconds: nobody wants to wait for a slow camera's next one. */
const CURRENT_MS = 2000;

/**
 * Gives the camera's pictures as one H.264 stream to all viewers. The camera and the encoder run while there is a viewer;
 * the encoder is started again when it dies, and when the size of the pictures or the settings change: viewers stay, and
 * the next unit they get is a key frame. There are never two encoders at once.
 */
export class H264Stream<P extends Encodable = Frame> {
  /** What became of the frames, added up over restarts. */
  readonly counters: EncoderCounters = { starts: 0, frames: 0, skipped: 0, units: 0, keyframes: 0, bytes: 0 };
  readonly #listeners = new Set<AccessUnitListener>();
  readonly #group = new PictureGroup();
  #status: H264Status = { state: 'idle', error: undefined, encoder: undefined };
  #parameterSets: ParameterSets | undefined;
  #lastSequence = 0;

  /** How many want units: listeners, and those waiting for parameter sets. */
  #viewers = 0;
  #cancelLinger: Cancel | undefined;
  readonly #life: KeepAlive;
  /** Gives the camera's pictures back, while they are wanted. */
  #release: (() => void) | undefined;
  #encoder: VideoEncoder<P> | undefined;
  /** Ends the encoder under way, if there is one. */
  #finish: ((reason: LifeEnd) => void) | undefined;

  constructor(private readonly options: H264StreamOptions<P>) {
    const { feed, clock, random } = options;
    this.#life = new KeepAlive({
      live: (wanted) => this.#encode(wanted),
      given: () => this.counters.units,
      retry: () => RETRY,
      shortestRest: SHORTEST_REST_MS,
      onFailure: (failure) => this.#failed(failure),
      onWanted: () => {
        this.#release = feed.lease();
      },
      onUnwanted: (resting) => {
        this.#release?.();
        if (!resting) return;
        this.#parameterSets = undefined;
        this.#set({ state: 'idle', error: undefined });
      },
      clock,
      random,
    });
  }

  /** The state, the error behind it, and the encoder at work. */
  get status(): H264Status {
    return this.#status;
  }

  /** How many want units: listeners, and those waiting for parameter sets. */
  get viewers(): number {
    return this.#viewers;
  }

  /** The units from the last key frame on, for a viewer who comes late; empty while there is none. */
  get group(): readonly AccessUnit[] {
    return this.#group.units;
  }

  /** Calls the listener with every unit to come, until the returned function is called. Turns camera and encoder on. */
  subscribe(listener: AccessUnitListener): () => void {
    // One function may subscribe twice.
    const own: AccessUnitListener = (unit) => listener(unit);
    this.#listeners.add(own);
    const release = this.#hold();
    return () => {
      this.#listeners.delete(own);
      release();
    };
  }

  /**
   * Resolves with the parameter sets that a session description needs (RFC 6184, 8.2.1). Turns camera and encoder on where that is
   * necessary. Resolves with undefined when there are none within `timeoutMs` milliseconds, or when `signal` fires.
   */
  async parameterSets(timeoutMs: number, signal: AbortSignal): Promise<ParameterSets | undefined> {
    if (signal.aborted) return undefined;
    if (this.#parameterSets) {
      // Keeps the encoder for the session that is about to come.
      this.#hold()();
      return this.#parameterSets;
    }
    const { clock } = this.options;
    return first<ParameterSets>({ timeoutMs, signal, clock }, (done) => this.subscribe((unit) => done(unit.parameterSets)));
  }

  /** Makes one of the next pictures a key frame; three times a second at most, however often it is asked. */
  requestKeyFrame(): void {
    this.#encoder?.requestKeyFrame();
  }

  /** Puts changed settings into force: starts the encoder again. */
  changed(): void {
    this.options.encoders.reset();
    this.#parameterSets = undefined;
    this.#finish?.('restart');
    if (this.#life.restLeft !== undefined) this.#life.retry();
  }

  /** Ends the encoder, whoever is watching. Resolves when nothing of it is left; nothing starts it again but a new viewer. */
  async stop(): Promise<void> {
    this.#listeners.clear();
    await this.#rest();
  }

  #hold(): () => void {
    this.#viewers++;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#start();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#viewers--;
      if (this.#viewers === 0 && this.#life.isWanted) this.#cancelLinger = this.options.clock.after(LINGER_MS, () => void this.#rest());
    };
  }

  #start(): void {
    if (this.#life.isWanted) return;
    this.#set({ state: 'starting', error: undefined });
    this.#life.start();
  }

  /** Resolves when nothing of the encoder is left. */
  #rest(): Promise<void> {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    return this.#life.stop();
  }

  #failed({ error, count, state, delay }: Failure): void {
    const { name, log } = this.options;
    const news = this.#status.error?.code !== error.code || this.#status.state !== state;
    this.#set({ state, error });
    const text = `${error.message} ${error.hint}`;
    if (news) log.warn(`${name} ${state}: ${text}`, { code: error.code, retryInSeconds: Math.round(delay / 100) / 10 });
    else log.debug(`${name} ${state}: ${text}`, { attempt: count });
  }

  /** Runs one encoder, from the first picture to its end. Resolves when nothing of it is left, with the reason why it ended. */
  #encode(wanted: AbortSignal): Promise<LifeEnd> {
    const { clock, feed, encoders } = this.options;
    const expectedRate = (fps: number) => (fps > 0 ? Math.min(fps, feed.fps || fps) : feed.fps || USUAL_FPS);
    let running: { encoder: VideoEncoder<P>; from: Size; fps: number; rate: RateWatch; limiter: RateLimiter | undefined } | undefined;

    return new Promise((resolve) => {
      let over = false;
      const finish = (reason: LifeEnd) => {
        if (over) return;
        over = true;
        unsubscribe();
        wanted.removeEventListener('abort', onAbort);
        this.#finish = undefined;
        this.#encoder = undefined;
        // What comes next begins with a key frame; a late viewer must not be given what came before a gap.
        this.#group.clear();
        void (running?.encoder.stop() ?? Promise.resolve()).then(() => resolve(reason));
      };
      const onAbort = () => finish('stopped');
      const onFrame = (frame: P) => {
        if (over || frame.sequence <= this.#lastSequence || running?.limiter?.pass(frame.monotonic) === false) return;
        if (running) {
          const resized = frame.width !== running.from.width || frame.height !== running.from.height;
          if (resized) this.#parameterSets = undefined;
          // The next encoder begins with this frame, if it is quick: it is the feed's latest.
          if (resized || running.rate.isWrong(expectedRate(running.fps), clock.monotonic())) return finish('restart');
        } else {
          const from = { width: frame.width, height: frame.height };
          const settings = this.options.settings(from);
          const { fps, asCaptured } = settings;
          const rate = new RateWatch(expectedRate(fps));
          // On a busy machine pictures of the right rate come in bunches.
          const limiter = fps > 0 && !asCaptured && !encoders.takesAll ? new RateLimiter(fps) : undefined;
          limiter?.pass(frame.monotonic);
          try {
            running = { encoder: this.#startEncoder(settings, from, rate.assumed, finish), from, fps, rate, limiter };
          } catch (error) {
            return finish(new AppError('ENCODER_ENDED', messageOf(error), { cause: error }));
          }
          this.#encoder = running.encoder;
          this.#set({ encoder: running.encoder.name });
        }
        this.#lastSequence = frame.sequence;
        running.encoder.encode(frame);
      };
      this.#finish = finish;
      wanted.addEventListener('abort', onAbort, { once: true });
      const unsubscribe = feed.subscribe(onFrame);
      if (wanted.aborted) onAbort();
      else if (feed.latest && clock.monotonic() - feed.latest.monotonic <= CURRENT_MS) onFrame(feed.latest);
    });
  }

  #startEncoder(settings: EncoderSettings, from: Size, frameRate: number, finish: (reason: AppError) => void): VideoEncoder<P> {
    const { name, encoders, clock, log } = this.options;
    const to = encodedSize(settings, from);
    const began = clock.monotonic();
    let live = false;
    this.counters.starts++;
    const encoder = encoders.start(
      { settings, from, to, frameRate, counters: this.counters },
      {
        unit: (unit) => {
          if (!live) {
            const afterMs = Math.round(clock.monotonic() - began);
            log.info(`${name} live: ${encoder.name}`, { ...to, kbitPerSecond: settings.bitrate, afterMs });
          }
          live = true;
          this.#onUnit(unit);
        },
        ended: finish,
      },
    );
    return encoder;
  }

  #onUnit(unit: AccessUnit): void {
    this.#parameterSets = unit.parameterSets;
    this.#group.add(unit);
    if (this.#status.state !== 'live') this.#set({ state: 'live', error: undefined });
    for (const listener of this.#listeners) listener(unit);
  }

  #set(change: Partial<H264Status>): void {
    const encoder = change.state === 'idle' ? undefined : this.#status.encoder;
    this.#status = { ...this.#status, encoder, ...change };
  }
}
