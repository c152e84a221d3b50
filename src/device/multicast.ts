import type { Config } from '../config/schema.ts';
import type { State, StateStore } from '../config/state.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { areMediaPorts } from '../core/media-ports.ts';
import { groupOf, isMulticastGroup } from '../core/multicast.ts';
import type { MediaMulticast, MulticastTarget } from '../onvif/media/deps.ts';
import { H264_STREAM, MJPEG_STREAM } from '../onvif/media/encoders.ts';

/** Who sends by multicast: the RTSP server. */
export interface MulticastSender {
  /** Sends the stream of a video encoder until it is stopped. Throws an AppError. */
  startMulticast(encoder: string, target: MulticastTarget): Promise<void>;
  stopMulticast(encoder: string): void;
}

export interface MulticastParts {
  readonly config: Config['rtsp']['multicast'];
  /** Keys of the settings that the owner set: what persists does not change these. */
  readonly explicit: ReadonlySet<string>;
  readonly state: StateStore;
  readonly sender: MulticastSender;
  readonly log: Logger;
}

/** In this order they have their ports, which receivers are set to: it stays, whatever the order of the profiles. */
const ENCODERS = [MJPEG_STREAM.token, H264_STREAM.token];
/** UDP ports of a stream: RTP and RTCP. */
const PORTS_PER_STREAM = 2;

/** Where streams are sent by multicast, and which are sent until somebody stops them; kept in the state. */
export class MulticastControl implements MediaMulticast {
  readonly maxTtl: number;
  readonly #targets: Map<string, MulticastTarget>;
  readonly #started: Set<string>;
  /** Those that the sender sends, as far as they were started here. */
  readonly #running = new Set<string>();
  #lastChange: Promise<void> = Promise.resolve();

  constructor(private readonly parts: MulticastParts) {
    this.maxTtl = parts.config.ttl;
    const { multicast, uuid } = parts.state.state;
    this.#targets = new Map(ENCODERS.map((encoder, at) => [encoder, initialTarget(parts, uuid, at, multicast[encoder])]));
    this.#started = new Set(ENCODERS.filter((encoder) => multicast[encoder]?.autoStart));
  }

  /** @param encoder token of a video encoder configuration of ours */
  target(encoder: string): MulticastTarget {
    const target = this.#targets.get(encoder);
    if (!target) throw new Error(`there is no encoder ${encoder}`);
    return target;
  }

  isStarted(encoder: string): boolean {
    return this.#started.has(encoder);
  }

  /** Sends again what was sent before the program ended. Never fails: what cannot be sent is told of. */
  async resume(encoders: readonly string[]): Promise<void> {
    for (const encoder of encoders.filter((each) => this.#started.has(each)))
      await this.#inTurn(() => this.#run(encoder)).catch((error: unknown) => {
        this.parts.log.warn(`${encoder} cannot be sent by multicast as before: ${messageOf(error)}`);
      });
  }

  change(encoder: string, target: MulticastTarget): Promise<void> {
    return this.#inTurn(async () => {
      const before = { target: this.target(encoder), kept: this.parts.state.state.multicast };
      this.#keep(encoder, target);
      this.#targets.set(encoder, target);
      if (!this.#halt(encoder)) return;
      try {
        await this.#run(encoder);
      } catch (error) {
        await this.#goBack(encoder, before);
        throw error;
      }
    });
  }

  start(encoder: string): Promise<void> {
    return this.#inTurn(async () => {
      const ran = this.#running.has(encoder);
      await this.#run(encoder);
      if (this.#started.has(encoder)) return;
      try {
        this.#keep(encoder, { autoStart: true });
      } catch (error) {
        if (!ran) this.#halt(encoder);
        throw error;
      }
      this.#started.add(encoder);
    });
  }

  stop(encoder: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#started.has(encoder)) this.#keep(encoder, { autoStart: false });
      this.#started.delete(encoder);
      this.#halt(encoder);
    });
  }

  /** Sends to the old target again, after the new one was refused. */
  async #goBack(encoder: string, before: { target: MulticastTarget; kept: State['multicast'] }): Promise<void> {
    this.#targets.set(encoder, before.target);
    try {
      this.parts.state.update({ multicast: before.kept });
      await this.#run(encoder);
    } catch (error) {
      this.parts.log.warn(`${encoder} cannot be sent by multicast as before: ${messageOf(error)}`);
    }
  }

  async #run(encoder: string): Promise<void> {
    if (this.#running.has(encoder)) return;
    await this.parts.sender.startMulticast(encoder, this.target(encoder));
    this.#running.add(encoder);
  }

  /** Gives whether it was running. */
  #halt(encoder: string): boolean {
    if (!this.#running.delete(encoder)) return false;
    this.parts.sender.stopMulticast(encoder);
    return true;
  }

  #keep(encoder: string, change: Partial<State['multicast'][string]>): void {
    const { state } = this.parts;
    const kept = state.state.multicast;
    state.update({ multicast: { ...kept, [encoder]: { autoStart: false, ...kept[encoder], ...change } } });
  }

  /** Clients may ask at the same time; starting takes a while. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#lastChange.then(change);
    this.#lastChange = turn.catch(() => {});
    return turn;
  }
}

/**
 * What the owner set beats what clients set, and that the defaults; of the TTL the owner sets the most. What is not allowed
 * any more counts for nothing.
 */
function initialTarget(
  { config, explicit }: MulticastParts,
  uuid: string,
  at: number,
  kept: State['multicast'][string] | undefined,
): MulticastTarget {
  const preset = { address: config.address || groupOf(uuid), port: config.port + PORTS_PER_STREAM * at, ttl: config.ttl };
  const may = (key: keyof MulticastTarget) => !explicit.has(`rtsp.multicast.${key}`);
  const { address, port, ttl = preset.ttl } = kept ?? {};
  return {
    address: may('address') && address !== undefined && isMulticastGroup(address) ? address : preset.address,
    port: may('port') && port !== undefined && areMediaPorts(port, port + 1) ? port : preset.port,
    ttl: Math.min(ttl, preset.ttl),
  };
}
