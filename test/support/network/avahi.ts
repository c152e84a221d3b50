import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isInOwnNetwork } from './own-network.ts';

/** A line of avahi-browse --parsable --resolve: a service with its address. */
export interface Resolved {
  readonly interfaceName: string;
  readonly name: string;
  readonly type: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: string;
}

/** Where it notes that it runs, and refuses to run twice. */
const RUN = '/run/avahi-daemon';

/** The mDNS responder that a Raspberry Pi runs, with a message bus of its own. */
export class Avahi {
  private constructor(
    private readonly children: readonly ChildProcess[],
    private readonly env: NodeJS.ProcessEnv,
    private readonly dir: string,
  ) {}

  static async start(): Promise<Avahi> {
    // Another test's, in a network of its own, is no second one.
    if (isInOwnNetwork() && existsSync(RUN)) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', RUN]);
    const dir = mkdtempSync(join(tmpdir(), 'avahi-'));
    const address = `unix:path=${join(dir, 'bus')}`;
    writeFileSync(
      join(dir, 'bus.conf'),
      `<busconfig><type>system</type><listen>${address}</listen><auth>EXTERNAL</auth><policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`,
    );
    writeFileSync(
      join(dir, 'avahi.conf'),
      '[server]\nhost-name=pi\nuse-ipv4=yes\nuse-ipv6=no\nenable-dbus=yes\n[wide-area]\nenable-wide-area=no\n',
    );
    const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
    const bus = spawn('dbus-daemon', ['--nofork', '--print-address', `--config-file=${join(dir, 'bus.conf')}`], { env });
    await once(bus.stdout, 'data');
    const flags = ['--no-drop-root', '--no-chroot', '--no-rlimits', '--no-proc-title', '-f', join(dir, 'avahi.conf')];
    const daemon = spawn('avahi-daemon', flags, { env });
    // Read to the end: a daemon whose log nobody reads stops.
    await new Promise<void>((resolve, reject) => {
      let said = '';
      daemon.stderr.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('Server startup complete')) resolve();
      });
      daemon.once('error', reject).once('exit', () => reject(new Error(`avahi-daemon: ${said}`)));
    });
    return new Avahi([daemon, bus], env, dir);
  }

  /** All services of a type that can be resolved now. */
  async browse(type: string): Promise<Resolved[]> {
    const { stdout } = await promisify(execFile)('avahi-browse', ['--parsable', '--resolve', '--terminate', type], { env: this.env });
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('='))
      .map((line) => {
        const [, interfaceName = '', , name = '', kind = '', , host = '', address = '', port, txt = ''] = line.split(';');
        // Spaces and the like come as decimal escapes.
        const plain = name.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number(code)));
        return { interfaceName, name: plain, type: kind, host, address, port: Number(port), txt };
      });
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(this.dir, { recursive: true });
  }
}
