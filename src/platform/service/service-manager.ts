import type { Cancel, Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { findProgram } from '../programs.ts';
import { type Run, runProgram } from '../run-program.ts';

/** The environment variables by which systemd talks to a service: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3). */
export const SERVICE_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Signs of life in the time that the watchdog gives: two in a row may get lost. */
const PINGS_PER_TIMEOUT = 3;
/** Time between two messages that only tell the state, milliseconds: each is the start of a program. */
const STATUS_INTERVAL_MS = 5000;
/** Time for systemd-notify to end, milliseconds. A manager that is busy for longer gets the next message. */
const SEND_TIMEOUT_MS = 10_000;
/** Longest text of the state, characters. */
const MAX_STATUS = 200;

/** What systemd said to the process, and what it is told. */
export interface ServiceManagerOptions {
  /** The variables of {@link SERVICE_VARIABLES}, as the process got them. */
  readonly env: Environment;
  /** Id of the process that systemd started: what is meant for another is not heeded. */
  readonly pid: number;
  /** Where `systemd-notify` is looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns what the program is doing, in one line, for `systemctl status`. */
  readonly status: () => string;
  /** Returns whether the program gets on. While it does not, the watchdog hears nothing, and systemd starts the program anew. */
  readonly alive: () => boolean;
  /** How systemd-notify is run; default {@link runProgram}. */
  readonly run?: Run;
}

/**
 * Tells systemd of the program: that it is ready, what it does, and again and again that it is not stuck (sd_notify(3), Type=notify
 * and WatchdogSec= of a unit). Without systemd (no NOTIFY_SOCKET) nothing happens at all.
 *
 * Node.js has no sockets of the kind that this takes, so each message is one short run of `systemd-notify`: some 3 ms of processor
 * time on a PC. It needs NotifyAccess=all in the unit, since the message comes from a child.
 */
export class ServiceManager {
  readonly #socket: string | undefined;
  /** Time between two signs of life, milliseconds; undefined where none are awaited. */
  readonly #interval: number | undefined;
  readonly #program: string | undefined;
  #stopPings: Cancel | undefined;
  #pending: Cancel | undefined;
  #lastStatus: string | undefined;
  #failed = false;
  #ready = false;

  constructor(private readonly options: ServiceManagerOptions) {
    const { env, pid, searchPath } = options;
    this.#socket = env.NOTIFY_SOCKET || undefined;
    this.#interval = watchdogInterval(env, pid);
    this.#program = this.#socket === undefined ? undefined : findProgram('systemd-notify', searchPath);
    if (this.#socket !== undefined && this.#program === undefined) this.#fail('there is no program systemd-notify');
  }

  /** Whether a service manager started the program and wants to know how it is. */
  get isThere(): boolean {
    return this.#socket !== undefined;
  }

  /** Tells that the program serves, and then, as often as the unit wants it, that it is alive. */
  ready(): void {
    if (this.#socket === undefined) return;
    if (!this.#ready) {
      this.#ready = true;
      this.#send(['READY=1', this.#status(), ...(this.#interval === undefined ? [] : ['WATCHDOG=1'])]);
      if (this.#interval !== undefined) this.#stopPings = this.options.clock.every(this.#interval, () => this.#ping());
      return;
    }
    this.changed();
  }

  /** Tells {@link ServiceManagerOptions.status} in a moment, where it has changed. */
  changed(): void {
    if (!this.#ready || this.#pending) return;
    this.#pending = this.options.clock.after(STATUS_INTERVAL_MS, () => {
      this.#pending = undefined;
      const before = this.#lastStatus;
      const now = this.#status();
      if (now !== before) this.#send([now]);
    });
  }

  /** Tells that the program is about to end, as it was asked to. */
  stopping(): void {
    this.#stopPings?.();
    this.#pending?.();
    if (this.#ready) this.#send(['STOPPING=1', 'STATUS=Stopping']);
    this.#ready = false;
  }

  #ping(): void {
    if (this.options.alive()) this.#send(['WATCHDOG=1', this.#status()]);
  }

  #status(): string {
    const text = this.options.status().replace(/\s+/g, ' ').slice(0, MAX_STATUS);
    this.#lastStatus = `STATUS=${text}`;
    return this.#lastStatus;
  }

  #send(assignments: readonly string[]): void {
    if (this.#program === undefined || this.#socket === undefined) return;
    const env = { NOTIFY_SOCKET: this.#socket };
    void (this.options.run ?? runProgram)(this.#program, assignments, { timeoutMs: SEND_TIMEOUT_MS, env }).then(({ code, stderr }) => {
      if (code !== 0) this.#fail(stderr.trim() || `systemd-notify ended with ${code}`);
    });
  }

  /** Logs a failure, once: what fails every twenty seconds would fill the log. */
  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.options.log.warn(
      `systemd cannot be told how the camera is: ${reason}. The camera works, but a unit with Type=notify or WatchdogSec= will ` +
        'end it: put Type=exec and WatchdogSec=0 into the unit (`systemctl edit`), or install systemd-notify (package systemd).',
    );
  }
}

function watchdogInterval({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | undefined {
  const timeout = Number(WATCHDOG_USEC) / 1000;
  if (!(timeout > 0) || (WATCHDOG_PID && Number(WATCHDOG_PID) !== pid)) return undefined;
  return timeout / PINGS_PER_TIMEOUT;
}
