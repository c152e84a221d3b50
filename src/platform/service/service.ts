import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { findProgram } from '../programs.ts';
import { type Run, runProgram } from '../run-program.ts';
import { MARK, programOf, serviceUnit } from './unit.ts';

/** Name of the user that the service runs as; the units have it too. */
export const SERVICE_USER = 'onvif-camera';
/** Groups whose devices are cameras and encoders. */
const GROUPS = ['video', 'render'];
/** Where packages put units. */
const PACKAGE_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system'];
/** Where administrators put units. */
const OWN_UNITS = '/etc/systemd/system';
/** Time for a tool to end, milliseconds. A start waits for the program to be ready: TimeoutStartSec= of the unit, and a little. */
const TOOL_TIMEOUT_MS = 120_000;

/** The camera that is a service, and the machine. */
export interface ServiceOptions {
  /** Root of the file system: "/"; tests give a tree of their own. */
  readonly root: string;
  /** Where the system's tools are looked up, as in PATH. */
  readonly searchPath: string;
  /** Name of one of several cameras; undefined: the one that has no name. */
  readonly instance: string | undefined;
  /** Directory of its state. */
  readonly dataDir: string;
  /** Called with everything that is done, one line each. */
  readonly tell: (line: string) => void;
  /** How tools are run; default {@link runProgram}. */
  readonly run?: Run;
}

/** The program that a unit starts. */
export interface ServiceProgram {
  /** Full path of Node.js, links resolved. */
  readonly node: string;
  /** Full path of what Node.js runs, links resolved. */
  readonly main: string;
  /** Folder with the units of the package. */
  readonly units: string;
}

/** The camera as a service of systemd on this machine. */
export class SystemdService {
  /** Name of the unit: "onvif-camera.service", "onvif-camera@garden.service". */
  readonly unit: string;
  /** See {@link ServiceOptions.dataDir}. */
  readonly dataDir: string;
  readonly #file: string;
  readonly #run: Run;

  constructor(private readonly options: ServiceOptions) {
    const { instance, dataDir } = options;
    this.#file = instance === undefined ? 'onvif-camera.service' : 'onvif-camera@.service';
    this.unit = instance === undefined ? this.#file : `onvif-camera@${instance}.service`;
    this.dataDir = dataDir;
    this.#run = options.run ?? runProgram;
  }

  /** Checks that systemd runs this machine. @throws AppError (SERVICE_FAILED) where it does not */
  check(): void {
    if (!existsSync(this.path('/run/systemd/system')))
      throw new AppError('SERVICE_FAILED', 'systemd does not run this machine, so there are no services of it here.', {
        hint: 'Have `onvif-camera` started by whatever starts programs here: it stays in the foreground and ends with SIGTERM.',
      });
  }

  /** Returns where a path of the machine is, below {@link ServiceOptions.root}. */
  path(path: string): string {
    return join(this.options.root, path);
  }

  /** Path of the unit's file, the administrator's before the package's; undefined: there is none. */
  get unitFile(): string | undefined {
    return [OWN_UNITS, ...PACKAGE_UNITS].map((dir) => join(dir, this.#file)).find((path) => existsSync(this.path(path)));
  }

  /** Makes the user, unless there is one, and puts him into the groups that there are. Rejects with an AppError (SERVICE_FAILED). */
  async makeUser(): Promise<void> {
    const groups: string[] = [];
    for (const group of GROUPS) if ((await this.#tool('getent', 'group', group)).code === 0) groups.push(group);
    const list = groups.join(',');
    if ((await this.#tool('getent', 'passwd', SERVICE_USER)).code === 0) {
      if (groups.length > 0) await this.do('usermod', '--append', '--groups', list, SERVICE_USER);
      return;
    }
    const home = ['--home-dir', '/var/lib/onvif-camera', '--no-create-home', '--shell', '/usr/sbin/nologin'];
    await this.do('useradd', '--system', '--user-group', ...(groups.length > 0 ? ['--groups', list] : []), ...home, SERVICE_USER);
    this.options.tell(`made the user ${SERVICE_USER}${groups.length > 0 ? `, in the groups ${groups.join(' and ')}` : ''}`);
  }

  /** Writes the unit, unless a package has brought the same. @throws AppError (SERVICE_FAILED) if there is one that this command did not make */
  writeUnit({ node, main, units }: ServiceProgram): void {
    const found = this.unitFile;
    const before = found === undefined ? undefined : readFileSync(this.path(found), 'utf8');
    if (found !== undefined && before !== undefined && !before.startsWith(MARK)) {
      if (programOf(before) === main) {
        this.options.tell(`the unit is there: ${found}`);
        return;
      }
      throw new AppError('SERVICE_FAILED', `There is a unit ${found} already, which starts ${programOf(before) ?? 'something else'}.`, {
        hint: found.startsWith(OWN_UNITS)
          ? 'It was not made by this command. Remove it to have it made anew, or go on with `systemctl`.'
          : 'It is that of the package onvif-camera: use its `sudo onvif-camera service install`, or remove the package first (`sudo apt remove onvif-camera`).',
      });
    }
    if (main.startsWith('/root/') || node.startsWith('/root/'))
      throw new AppError('SERVICE_FAILED', `${main.startsWith('/root/') ? main : node} is in /root, where no other user can read.`, {
        hint: 'Move it to /opt, or install it with `npm install --global`, and do it again from there.',
      });
    const canNotify = findProgram('systemd-notify', this.options.searchPath) !== undefined;
    const place = join(OWN_UNITS, this.#file);
    const text = serviceUnit(readFileSync(join(units, this.#file), 'utf8'), { node, main, canNotify });
    if (text !== before) {
      mkdirSync(this.path(OWN_UNITS), { recursive: true });
      writeFileSync(this.path(place), text, { mode: 0o644 });
    }
    this.options.tell(`${text === before ? 'left as it was:' : 'wrote'} ${place}, which starts ${main} with ${node}`);
  }

  /** Has the service started at once and with the machine. Rejects with an AppError (SERVICE_FAILED), with the log's end if it does not start. */
  async start(): Promise<void> {
    const { unit } = this;
    await this.do('systemctl', 'daemon-reload');
    await this.do('systemctl', 'enable', unit);
    this.options.tell(`enabled ${unit}: it starts with the machine`);
    await this.#tool('systemctl', 'reset-failed', unit);
    const { code, stderr } = await this.#tool('systemctl', 'restart', unit);
    if (code === 0) {
      this.options.tell(`started ${unit}`);
      return;
    }
    const log = (await this.#tool('journalctl', '--quiet', '--unit', unit, '--lines', '15', '--no-pager', '--output', 'cat')).stdout.trim();
    throw new AppError('SERVICE_FAILED', `${unit} is installed, but does not start: ${stderr.trim()}${log === '' ? '' : `\n${log}`}`, {
      hint: `Put that right, then: sudo systemctl restart ${unit}`,
    });
  }

  /** Stops the service and takes away what {@link writeUnit} wrote. Resolves with whether there was anything. */
  async remove(): Promise<boolean> {
    const { unit } = this;
    const found = this.unitFile;
    if (found === undefined) return false;
    await this.do('systemctl', 'disable', '--now', unit);
    this.options.tell(`stopped ${unit}; it does not start with the machine any more`);
    if (readFileSync(this.path(found), 'utf8').startsWith(MARK) && !this.#isUsed()) {
      rmSync(this.path(found));
      this.options.tell(`removed ${found}`);
    }
    await this.do('systemctl', 'daemon-reload');
    await this.#tool('systemctl', 'reset-failed', unit);
    return true;
  }

  /** Resolves with properties of `systemctl show` by their names, empty where there is none. Rejects with an AppError (SERVICE_FAILED). */
  async show(...names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { code, stdout, stderr } = await this.#tool('systemctl', 'show', this.unit, `--property=${names.join(',')}`);
    if (code !== 0) throw new AppError('SERVICE_FAILED', `systemctl does not tell how ${this.unit} is: ${stderr.trim()}`);
    return new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
  }

  /** Resolves with the home directory of a user of this machine; undefined: there is no such user. */
  async homeOf(user: string): Promise<string | undefined> {
    return (await this.#tool('getent', 'passwd', user)).stdout.split(':')[5] || undefined;
  }

  /** Runs one of the system's tools. Rejects with an AppError (SERVICE_FAILED) with its own words if it fails. */
  async do(name: string, ...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#tool(name, ...args);
    if (code !== 0) throw new AppError('SERVICE_FAILED', `\`${name} ${args.join(' ')}\` failed: ${stderr.trim() || `exit code ${code}`}`);
  }

  #tool(name: string, ...args: readonly string[]): ReturnType<Run> {
    const { searchPath } = this.options;
    const program = findProgram(name, searchPath);
    if (program === undefined) return Promise.resolve({ code: null, stdout: '', stderr: `there is no program ${name}` });
    return this.#run(program, args, { timeoutMs: TOOL_TIMEOUT_MS, searchPath });
  }

  /** Returns whether another camera is started by the same unit. */
  #isUsed(): boolean {
    if (this.options.instance === undefined) return false;
    try {
      const wanted = readdirSync(this.path(join(OWN_UNITS, 'multi-user.target.wants')));
      return wanted.some((name) => name.startsWith('onvif-camera@') && name !== this.unit);
    } catch {
      return false;
    }
  }
}

/** Returns the folder of the package's units, beside the program. */
export const unitsBeside = (main: string): string => join(dirname(dirname(main)), 'deploy/systemd');
