import { UsedTokens, type UsedTokensRecord } from '../../src/auth/used-tokens.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/log.ts';
import { FakeClock } from './fake-clock.ts';

/** A machine with a disk and a clock, on which the program runs, stops, crashes and loses its power. */
export class TokenStage {
  /** Milliseconds by which a client's clock may be off. */
  static readonly WINDOW = 600_000;
  #tokens = 0;
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  /** What the disk would give after a power cut. */
  disk: UsedTokensRecord | 'damaged' | undefined;
  writes = 0;
  broken = false;
  #bootId = 1;
  /** A time server has set the clock of the machine in this run of it. */
  #isClockSet = false;
  /** By how much the clock is wrong, milliseconds. */
  #wrong = 0;
  #bootedAt = this.clock.monotonic();
  /** Set: writes wait for it. */
  slow: Promise<void> | undefined;
  run!: UsedTokens;

  static async start(): Promise<TokenStage> {
    const stage = new TokenStage();
    await stage.start();
    return stage;
  }

  async start(): Promise<void> {
    const note = (message: string) => void this.lines.push(message);
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const id = `boot ${this.#bootId}`;
    this.run = new UsedTokens({
      clock: this.clock,
      window: TokenStage.WINDOW,
      store: {
        read: () => this.disk,
        write: async (record) => {
          const text = JSON.stringify(record);
          await this.slow;
          if (this.broken) throw new AppError('DATA_DIR', 'The disk is full');
          this.disk = JSON.parse(text) as UsedTokensRecord;
          this.writes++;
        },
      },
      boot: { id, elapsed: () => this.clock.monotonic() - this.#bootedAt, isClockSet: () => this.#isClockSet },
      log,
    });
    await this.run.open();
  }

  /** An orderly restart, as by a service manager or SystemReboot. */
  async restart(downtime = 1000): Promise<void> {
    await this.run.close();
    this.clock.advance(downtime);
    await this.start();
  }

  /** The program is killed and started again. */
  async crash(downtime = 1000): Promise<void> {
    this.clock.advance(downtime);
    await this.start();
  }

  /** @param clockIsWrong by how much, milliseconds, once the machine is back */
  async powerCut(downtime: number, clockIsWrong = 0): Promise<void> {
    this.clock.advance(downtime);
    this.#move(clockIsWrong);
    this.#bootId++;
    this.#isClockSet = false;
    this.#bootedAt = this.clock.monotonic();
    await this.start();
  }

  /** Somebody sets the clock forward, or back; not where a time server keeps it. */
  setClock(forward: number): void {
    if (!this.#isClockSet) this.#move(forward);
  }

  #move(forward: number): void {
    this.#wrong += forward;
    this.clock.setWallForward(forward);
  }

  /** A time server sets the clock right, and keeps it. */
  synchronize(): void {
    this.#move(-this.#wrong);
    this.#isClockSet = true;
  }

  /** A login whose client's clock is `offset` milliseconds ahead; what comes of it, and of its copies later. */
  async logIn(offset = 0, user = 'admin') {
    const created = this.clock.now() + offset;
    const digest = `token ${++this.#tokens}`;
    const isAcceptable = () => Math.abs(this.clock.now() - created) <= TokenStage.WINDOW;
    const use = async () => (isAcceptable() ? await this.run.take(user, digest, created) : 'expired');
    return { now: await use(), again: use };
  }
}
