import type { ServiceConfig } from 'bonjour-service';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { type LocalAddress, localAddresses } from './addresses.ts';
import { MDNS_PORT } from './bonjour.ts';
import { type MdnsCounters, MdnsGuard } from './mdns-guard.ts';
import { MdnsResponder } from './mdns-responder.ts';

/** How often the machine's addresses are looked at, milliseconds. */
const POLL_MS = 3000;
/** How long after a refusal of port 5353 it is tried again, milliseconds. */
const RETRY_MS = 60_000;
/** Longest label of a DNS name, bytes (RFC 6763, section 4.1.1). */
const MAX_LABEL = 63;
/** How many characters of the UUID make a name unique. */
const SUFFIX = 6;

/** What the camera is announced as. */
export interface MdnsOptions {
  /** The camera's name as its owner gave it: "Pi Camera". */
  readonly name: string;
  /** UUID of the device, without "urn:uuid:". */
  readonly uuid: string;
  /** Model of the board: "Raspberry Pi 4". */
  readonly model: string;
  /** The board's serial number, which the host name is made of. */
  readonly serial: string;
  /** TCP port of the web server. */
  readonly httpPort: number;
  /** TCP port of RTSP; undefined: it is not announced. */
  readonly rtspPort?: number | undefined;
  /** Path of the ONVIF device service: "/onvif/device_service". */
  readonly onvifPath: string;
  /** Path of the RTSP stream; "/" by default. */
  readonly rtspPath?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Makes the camera known by mDNS and DNS-SD (RFC 6762, RFC 6763): `_onvif._tcp`, `_http._tcp` and `_rtsp._tcp`. One responder
 * per address, which tells that address only: one for all would send by the default route alone, and tell of a container
 * bridge to hosts that cannot reach it.
 */
export class Mdns {
  /** "Pi Camera 9a8b7c". With a part of the UUID: asking whether a name is free fails for cameras that start together. */
  readonly instanceName: string;
  /** "onvif-10000000abcdef.local". Not the system's host name: that is avahi's. */
  readonly hostname: string;
  readonly #responders = new Map<string, MdnsResponder>();
  readonly #guard: MdnsGuard;
  #cancelPoll: Cancel | undefined;
  #refusedUntil = Number.NEGATIVE_INFINITY;
  /** Code of the refusal that has been told. */
  #refused: string | undefined;

  constructor(private readonly options: MdnsOptions) {
    this.#guard = new MdnsGuard(options.clock);
    const suffix = ` ${options.uuid.slice(0, SUFFIX)}`;
    this.instanceName = `${firstBytes(options.name.replace(/[.\p{Cc}]/gu, ' ').trim() || 'Camera', MAX_LABEL - suffix.length)}${suffix}`;
    const serial = options.serial.toLowerCase().replace(/[^a-z0-9]+/g, '');
    this.hostname = `onvif-${(serial || options.uuid).slice(0, MAX_LABEL - 'onvif-'.length)}.local`;
  }

  /** What came in since the start, on all interfaces. */
  get counters(): MdnsCounters {
    return this.#guard.counters;
  }

  /** Makes the camera known. Never fails: without a network, or where port 5353 is refused, it is tried again until it works. */
  start(): void {
    this.#cancelPoll = this.options.clock.every(POLL_MS, () => this.#refresh());
    this.#refresh();
  }

  /** Says goodbye and stops. */
  async stop(): Promise<void> {
    this.#cancelPoll?.();
    await Promise.all([...this.#responders.keys()].map((address) => this.#withdraw(address)));
  }

  /** All services of an address come and go together: the library takes the host's address away with any one of them. */
  #refresh(): void {
    const { clock, log } = this.options;
    const wanted = new Map(localAddresses(log).map((local) => [local.address, local]));
    for (const address of this.#responders.keys()) if (!wanted.has(address)) void this.#withdraw(address);
    if (clock.monotonic() < this.#refusedUntil) return;
    for (const local of wanted.values()) {
      if (this.#responders.has(local.address)) continue;
      try {
        this.#publish(local);
      } catch (error) {
        this.#refuse(local.address, error);
      }
    }
  }

  #publish(local: LocalAddress): void {
    const { clock, log } = this.options;
    const { address } = local;
    const responder: MdnsResponder = new MdnsResponder({
      local,
      services: this.#services(),
      guard: this.#guard,
      onRefused: (error) => {
        if (this.#responders.get(address) === responder) this.#refuse(address, error);
      },
      onUp: () => {
        if (this.#responders.get(address) !== responder) return;
        if (this.#refused) log.info('mDNS works again');
        this.#refused = undefined;
        log.info(`can be found by mDNS as "${this.instanceName}" at ${address}`);
      },
      clock,
      log,
    });
    this.#responders.set(address, responder);
  }

  #services(): ServiceConfig[] {
    const { httpPort, rtspPort, onvifPath, rtspPath, uuid, model } = this.options;
    const about = { uuid, model };
    // Without the library's search for the name: it would say goodbye in the name of whoever has it.
    const common = { name: this.instanceName, host: this.hostname, disableIPv6: true, probe: false };
    return [
      { ...common, type: 'onvif', port: httpPort, txt: { path: onvifPath, ...about } },
      { ...common, type: 'http', port: httpPort, txt: { path: '/', ...about } },
      ...(rtspPort === undefined ? [] : [{ ...common, type: 'rtsp', port: rtspPort, txt: { path: rtspPath ?? '/', ...about } }]),
    ];
  }

  /** Another program has the port, which lasts; or the system has no more sockets, which passes. */
  #refuse(address: string, error: unknown): void {
    const { clock, log } = this.options;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const taken = code === 'EADDRINUSE' || code === 'EACCES';
    if (taken) this.#refusedUntil = clock.monotonic() + RETRY_MS;
    const again = `it is tried again every ${(taken ? RETRY_MS : POLL_MS) / 1000} s.`;
    if (this.#refused !== code)
      log.warn(
        taken
          ? `UDP port ${MDNS_PORT} is refused (${messageOf(error)}): the camera cannot be found by mDNS until the program that keeps ` +
              `it stops. Everything else works; ${again}`
          : `mDNS cannot be started (${messageOf(error)}): the camera cannot be found by mDNS until it can. Where too many files ` +
              `are open, raise the limit (\`ulimit -n\`, LimitNOFILE= of the service); ${again}`,
      );
    this.#refused = code;
    const responder = this.#responders.get(address);
    this.#responders.delete(address);
    responder?.destroy();
  }

  async #withdraw(address: string): Promise<void> {
    const responder = this.#responders.get(address);
    this.#responders.delete(address);
    await responder?.withdraw();
  }
}

/** As many whole characters as fit into `bytes` of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  let cut = '';
  for (const character of text) {
    if (Buffer.byteLength(cut + character) > bytes) break;
    cut += character;
  }
  return cut.trim();
}
