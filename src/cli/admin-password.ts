import { findFirstPassword, writeFirstPassword } from '../config/first-password.ts';
import { messageOf } from '../core/errors.ts';
import { ownCommand } from './at-boot.ts';
import type { Context } from './context.ts';
import type { Prepared } from './prepare.ts';

/**
 * Tells the user the password of `admin`. One that was made is kept by then, so no later start makes another: it is told whatever
 * becomes of this start. On a terminal it is shown; else it goes into a file, since a log is kept, copied and read by others.
 */
export class AdminPassword {
  /** One that was made and that no terminal has shown yet. */
  #unshown: string | undefined;
  /** What the next banner is to say in place of a password; undefined: where the first one is. */
  #instead: string | undefined;

  constructor(
    private readonly prepared: Pick<Prepared, 'dataDir' | 'explicit' | 'instance' | 'log'>,
    private readonly context: Context,
  ) {}

  /** Takes a password that was just made. Never throws. */
  readonly made = (password: string): void => {
    const { dataDir, log } = this.prepared;
    if (this.context.stdout.isTTY) {
      this.#unshown = password;
      return;
    }
    try {
      const file = writeFirstPassword(dataDir, 'admin', password);
      log.info(`The password of the user "admin" is in ${file}, which only this user and root can read. The file goes when it is changed.`);
    } catch (error) {
      log.error(`${messageOf(error)}. Set another one with \`${this.#command}\`.`);
      this.#instead = `could not be written down: set another one with \`${this.#command}\``;
    }
  };

  /** Returns what the banner, which is about to be shown, says of the password. */
  forBanner(): string {
    const { env } = this.context;
    const [password, instead] = [this.#unshown, this.#instead];
    this.#unshown = undefined;
    this.#instead = undefined;
    if (password !== undefined) return shownOnce(password);
    if (env.ONVIF_CAMERA_PASSWORD) return 'from ONVIF_CAMERA_PASSWORD';
    if (instead !== undefined) return instead;
    const file = findFirstPassword(this.prepared.dataDir);
    return file === undefined ? 'as shown at the first start' : `in ${file}`;
  }

  /** Shows on the terminal what no banner has shown, as the start failed or is being stopped. */
  showWithoutBanner(): void {
    if (this.#unshown === undefined) return;
    this.context.stdout.write(`\n  User        admin\n  Password    ${shownOnce(this.#unshown)}\n\n`);
    this.#unshown = undefined;
    this.#instead = 'as shown above';
  }

  /** What to type to set another one. */
  get #command(): string {
    const { dataDir, explicit, instance } = this.prepared;
    const camera = instance === undefined ? [] : ['--camera', instance];
    // A settings file that was named with --config counts as well, and the command would not know of it.
    const directory = instance === undefined && explicit.has('dataDir') ? ['--data-dir', dataDir] : [];
    return [ownCommand(this.context), 'user password admin', ...camera, ...directory].join(' ');
  }
}

const shownOnce = (password: string): string => `${password}   (write it down: it is shown this once)`;
