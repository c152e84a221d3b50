import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { MulticastGroup } from '../platform/multicast.ts';
import type { DeviceSettings, MulticastSettings, SettingsGroup } from './settings.ts';
import type { StreamNames } from './stream-names.ts';

/** What sends by multicast; the RTSP server does. */
export interface MulticastSender {
  /** Sends the stream of an encoder until it is stopped. Rejects with an AppError where it cannot be sent. */
  startMulticast(encoder: string, target: MulticastGroup): Promise<void>;
  /** Stops sending it; without effect where it is not sent. */
  stopMulticast(encoder: string): void;
}

/** The streams that can be sent, their settings, and what sends them. */
export interface MulticastControlOptions {
  readonly settings: Pick<DeviceSettings, 'multicast'>;
  /** The largest TTL that clients may set: 1 to 255. */
  readonly maxTtl: number;
  /** All streams that there can be, at this start or another one. */
  readonly streams: readonly MulticastNames[];
  /** What sends the streams. */
  readonly sender: MulticastSender;
  /** Called after a stream was moved. @param encoder its token */
  readonly onChange: (encoder: string) => void;
  readonly log: Logger;
}

/** The names of something that is sent by multicast. */
export type MulticastNames = Pick<StreamNames, 'name' | 'encoder' | 'portPair'>;

/** The part of the control by which multicast is shown and set. */
export type MulticastController = Pick<MulticastControl, 'maxTtl' | 'streams' | 'target' | 'isStarted' | 'change' | 'start' | 'stop'>;

/**
 * Controls where streams are sent by multicast, and which are sent until somebody stops them. Streams are named by the token of
 * their encoder.
 */
export class MulticastControl {
  /** The largest TTL that clients may set: 1 to 255. */
  readonly maxTtl: number;
  /** All streams that there can be, at this start or another one. */
  readonly streams: readonly MulticastNames[];
  readonly #settings: ReadonlyMap<string, SettingsGroup<MulticastSettings>>;
  /** Encoders whose streams the sender sends, as far as they were started here. */
  readonly #running = new Set<string>();
  #lastChange: Promise<void> = Promise.resolve();

  constructor(private readonly options: MulticastControlOptions) {
    this.maxTtl = options.maxTtl;
    this.streams = options.streams;
    this.#settings = new Map(options.streams.map((stream) => [stream.encoder, options.settings.multicast(stream)]));
  }

  /** Returns where the stream is sent. @param encoder of a stream that there can be */
  target(encoder: string): MulticastGroup {
    const { address, port, ttl } = this.#settingsOf(encoder).now;
    return { address, port, ttl };
  }

  /** Returns whether the stream was started, and will be again after a restart. */
  isStarted(encoder: string): boolean {
    return this.#settings.get(encoder)?.now.autoStart === true;
  }

  /** Sends again what was sent before the program ended. Never fails: what cannot be sent is told of. */
  async resume(encoders: readonly string[]): Promise<void> {
    for (const encoder of encoders.filter((each) => this.isStarted(each)))
      await this.#inTurn(() => this.#run(encoder)).catch((error: unknown) => this.#warn(encoder, error));
  }

  /**
   * Moves the stream, running or not, and keeps that for the next start. Rejects with an AppError where the stream cannot be sent
   * there, or that cannot be kept.
   */
  change(encoder: string, target: MulticastGroup): Promise<void> {
    return this.#inTurn(async () => {
      const { address, port, ttl } = this.target(encoder);
      const isSame = address === target.address && port === target.port && ttl === target.ttl;
      const takeBack = this.#settingsOf(encoder).change(target);
      if (this.#halt(encoder)) {
        try {
          await this.#run(encoder);
        } catch (error) {
          await this.#goBack(encoder, takeBack);
          throw error;
        }
      }
      if (!isSame) this.options.onChange(encoder);
    });
  }

  /**
   * Sends the stream until it is stopped, restarts included; nothing changes where it is sent already. Rejects with an AppError
   * where it cannot be sent, or that cannot be kept.
   */
  start(encoder: string): Promise<void> {
    return this.#inTurn(async () => {
      const ran = this.#running.has(encoder);
      await this.#run(encoder);
      if (this.isStarted(encoder)) return;
      try {
        this.#settingsOf(encoder).change({ autoStart: true });
      } catch (error) {
        if (!ran) this.#halt(encoder);
        throw error;
      }
    });
  }

  /** Stops sending the stream; nothing changes where it is not sent. Rejects with an AppError where that cannot be kept. */
  stop(encoder: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.isStarted(encoder)) this.#settingsOf(encoder).change({ autoStart: false });
      this.#halt(encoder);
    });
  }

  /** Resumes sending to the old target, after the new one was refused. */
  async #goBack(encoder: string, takeBack: () => void): Promise<void> {
    try {
      takeBack();
      await this.#run(encoder);
    } catch (error) {
      this.#warn(encoder, error);
    }
  }

  #warn(encoder: string, error: unknown): void {
    this.options.log.warn(`${encoder} cannot be sent by multicast as before: ${messageOf(error)}`);
  }

  #settingsOf(encoder: string): SettingsGroup<MulticastSettings> {
    const settings = this.#settings.get(encoder);
    if (!settings) throw new Error(`there is no encoder ${encoder}`);
    return settings;
  }

  async #run(encoder: string): Promise<void> {
    if (this.#running.has(encoder)) return;
    await this.options.sender.startMulticast(encoder, this.target(encoder));
    this.#running.add(encoder);
  }

  /** Returns whether it was running. */
  #halt(encoder: string): boolean {
    if (!this.#running.delete(encoder)) return false;
    this.options.sender.stopMulticast(encoder);
    return true;
  }

  /** Makes changes one after the other: clients may ask at the same time, and starting takes a while. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#lastChange.then(change);
    this.#lastChange = turn.catch(() => {});
    return turn;
  }
}
