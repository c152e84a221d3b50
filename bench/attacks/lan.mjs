// A network of two machines that nobody else can reach: the camera's, and the one that this program runs on.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const MARK = 'ATTACKS_IN_OWN_NETWORK';
const CABLE = 'lan0';

/** Where the camera is. */
export const CAMERA = '192.0.2.1';
/** Where attacks come from. */
export const ATTACKER = '192.0.2.2';
/** Another machine of the same network, which wants to use the camera meanwhile. */
export const NEIGHBOUR = '192.0.2.3';

/** Runs this program again in a network namespace of its own, unless that has been done; gives its exit code then. */
export function inOwnNetwork() {
  if (process.env[MARK]) return undefined;
  const unshare = [...(process.getuid() === 0 ? [] : ['-r']), '-n', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', unshare, { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } });
  if (error) throw new Error(`needs network namespaces (unshare, of util-linux): ${error.message}`);
  return status ?? 1;
}

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] });

/** The camera's machine, and the cable to it. */
export class Lan {
  constructor(holder) {
    this.holder = holder;
  }

  static async make() {
    ip('link', 'set', 'lo', 'up');
    // Holds the camera's namespace while no camera runs in it.
    const holder = spawn('unshare', ['-n', 'sh', '-c', 'echo; exec sleep 7200'], { stdio: ['ignore', 'pipe', 'inherit'] });
    process.on('exit', () => holder.kill());
    await once(holder.stdout, 'data');
    const lan = new Lan(holder);
    lan.run('ip', 'link', 'set', 'lo', 'up');
    lan.plugIn();
    return lan;
  }

  /** What runs a program on the camera's machine; its process id is that of the program. */
  there(...words) {
    return ['nsenter', '-t', String(this.holder.pid), '-n', ...words];
  }

  run(...words) {
    const [command, ...rest] = this.there(...words);
    return execFileSync(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  plugIn() {
    ip('link', 'add', CABLE, 'type', 'veth', 'peer', 'name', 'cam0');
    ip('link', 'set', 'cam0', 'netns', String(this.holder.pid));
    for (const address of [ATTACKER, NEIGHBOUR]) ip('address', 'add', `${address}/24`, 'dev', CABLE);
    ip('link', 'set', CABLE, 'up');
    this.run('ip', 'address', 'add', `${CAMERA}/24`, 'dev', 'cam0');
    this.run('ip', 'link', 'set', 'cam0', 'up');
    this.run('ip', 'route', 'add', 'default', 'dev', 'cam0');
    ip('route', 'replace', 'default', 'dev', CABLE);
  }

  pullOut() {
    ip('link', 'del', CABLE);
  }

  stop() {
    this.holder.kill();
  }
}
