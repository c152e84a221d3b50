import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/** Another machine, as far as the network goes: a network namespace, connected to ours by cables that come and go. */
export class Neighbour {
  private constructor(private readonly holder: ChildProcess) {}

  static async start(): Promise<Neighbour> {
    ip('link', 'set', 'lo', 'up');
    // Says when it is there: from then on its namespace can be entered.
    const holder = spawn('unshare', ['-n', 'sh', '-c', 'echo; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    const neighbour = new Neighbour(holder);
    neighbour.run('ip', 'link', 'set', 'lo', 'up');
    return neighbour;
  }

  /** One at the other end of a cable named `lan`; see {@link connect}. */
  static async inLan(network: string): Promise<Neighbour> {
    const neighbour = await Neighbour.start();
    neighbour.connect('lan', network);
    neighbour.prefer('lan');
    return neighbour;
  }

  /** Command and arguments that run a program over there. */
  command(...words: string[]): [string, string[]] {
    return ['nsenter', ['-t', String(this.holder.pid), '-n', ...words]];
  }

  run(...words: string[]): void {
    const [command, args] = this.command(...words);
    execFileSync(command, args, { stdio: 'pipe' });
  }

  /** Runs a program over there; gives its standard output. */
  async output(...words: string[]): Promise<string> {
    const [command, args] = this.command(...words);
    return (await promisify(execFile)(command, args)).stdout;
  }

  /** Lays a cable: we are `${network}.1` with interface `name`, the neighbour is `${network}.2`. */
  connect(name: string, network: string): void {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
    ip('link', 'set', `${name}-peer`, 'netns', String(this.holder.pid));
    ip('addr', 'add', `${network}.1/24`, 'dev', name);
    this.run('ip', 'addr', 'add', `${network}.2/24`, 'dev', `${name}-peer`);
    this.run('ip', 'link', 'set', `${name}-peer`, 'up');
    ip('link', 'set', name, 'up');
  }

  /** Which of the cables the neighbour sends multicast by. */
  prefer(name: string): void {
    this.run('ip', 'route', 'replace', 'default', 'dev', `${name}-peer`);
  }

  disconnect(name: string): void {
    ip('link', 'del', name);
  }

  stop(): void {
    this.holder.kill();
  }
}
