import { execFile, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installation, program } from './programs.ts';

const run = promisify(execFile);
const MAKE_BASE = join(import.meta.dirname, '../interop/debian/make-base');
/** Where a system of its own is entered: with a network, processes and mounts of its own, all of which end with the command. */
const ENTER = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** What Debian calls this processor. */
export const ARCHITECTURE = ({ x64: 'amd64', arm64: 'arm64', arm: 'armhf' } as Record<string, string>)[process.arch] ?? process.arch;

/** Why no Debian can be installed here, if so. */
export function obstacleToDebian(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for a Debian of its own';
  const missing = ['debootstrap', 'unshare', 'ip', 'dpkg-deb'].find((name) => !program(name));
  return missing && `needs ${missing}: ${installation(missing)}`;
}

/** A bare Debian with Node.js in a temporary folder. */
export class Debian {
  private constructor(readonly root: string) {}

  /** @param suite "trixie", "bookworm" */
  static async make(suite: string): Promise<Debian> {
    const { stdout } = await run(MAKE_BASE, [suite]);
    const root = mkdtempSync(join(tmpdir(), `onvif-camera-${suite}-`));
    await run('cp', ['-a', `${stdout.trim()}/.`, root]);
    return new Debian(root);
  }

  /** Runs a program in there, as root. Gives what it writes, standard output and errors; rejects where it fails, with that. */
  async run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const script =
      'ip link set lo up; mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; root=$1; shift; exec chroot "$root" "$@" 2>&1';
    const given = Object.entries({ HOME: '/root', PATH, LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...env });
    const variables = given.map(([name, value]) => `${name}=${value}`);
    try {
      const command = [...ENTER, 'sh', '-ec', script, 'sh', this.root, '/usr/bin/env', '-i', ...variables, ...argv];
      return (await run('unshare', command, { maxBuffer: 1e7 })).stdout;
    } catch (error) {
      throw new Error(`${argv.join(' ')}: ${(error as { stdout?: string }).stdout ?? String(error)}`);
    }
  }

  /** Installs a package of this machine by dpkg, without any network. */
  install(deb: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    cpSync(deb, this.path('/tmp/package.deb'));
    return this.run(['dpkg', '--install', '/tmp/package.deb'], env);
  }

  /** Where a file of there is found from here. */
  path(file: string): string {
    return join(this.root, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, content: string): void {
    writeFileSync(this.path(file), content);
  }

  /** Whether there is a file, or a link: where that leads is seen from here otherwise. */
  has(file: string): boolean {
    return lstatSync(this.path(file), { throwIfNoEntry: false }) !== undefined;
  }

  /** Every file and folder that is no other's, each a path, sorted. */
  files(): string[] {
    const found = spawnSync('find', [this.root, '-xdev', '-path', `${this.root}/tmp`, '-prune', '-o', '-printf', '/%P\n'], {
      encoding: 'utf8',
    });
    return found.stdout.trim().split('\n').sort();
  }

  remove(): void {
    // Nothing is mounted there any more: the mounts went with the commands.
    rmSync(this.root, { recursive: true, force: true });
  }
}
