// Slow links: network namespaces of viewers, each at the end of a cable that carries so much and no more.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compiled } from './tools.mjs';

const VIEWER = fileURLToPath(new URL('slow-viewer.mjs', import.meta.url));
/** A bottleneck that holds back 40 ms of what it carries, as a good access point does, and drops what comes on top. */
const SHAPE = ['burst', '32kb', 'latency', '40ms'];
const DELAY_MS = 50;
const LOSS_PERCENT = 2;
/** The congestion control, which the kernel has to have: "cubic", as on a Pi; undefined: that of this machine. */
const { BENCH_CONGESTION_CONTROL: congestionControl } = process.env;
/** Nothing runs for longer than this, should nobody end it; the measurements by one congestion control take some 25 minutes. */
const LIMIT_S = 3600;

const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** A viewer's end of two cables: one that only has a rate, and one that is long and loses packets besides. Gone with {@link close}. */
export class SlowLink {
  constructor(number) {
    this.number = number;
    this.cables = {
      clean: { device: `slow${number}`, network: `198.18.${number}`, inside: 'eth0' },
      lossy: { device: `lossy${number}`, network: `198.19.${number}`, inside: 'eth1' },
    };
    this.used = this.cables.clean;
  }

  static async open(number) {
    const link = new SlowLink(number);
    const { clean, lossy } = link.cables;
    // Each says when it is there: from then on it can be entered, or given an address.
    link.holder = spawn('unshare', ['-n', 'sh', '-c', `echo; exec sleep ${LIMIT_S}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => link.holder.kill());
    await once(link.holder.stdout, 'data');
    const pid = String(link.holder.pid);
    run('ip', 'link', 'add', clean.device, 'type', 'veth', 'peer', 'name', clean.inside, 'netns', pid);
    link.cable = spawn(compiled('slow-cable'), [lossy.device, pid, String(DELAY_MS), String(LOSS_PERCENT)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(link.cable.stdout, 'data');
    link.inside('ip', 'link', 'set', 'lo', 'up');
    for (const { device, network, inside } of [clean, lossy]) {
      run('ip', 'address', 'add', `${network}.1/24`, 'dev', device);
      run('ip', 'link', 'set', device, 'up');
      if (congestionControl) {
        run('ip', 'route', 'replace', `${network}.0/24`, 'dev', device, 'src', `${network}.1`, 'congctl', congestionControl);
      }
      link.inside('ip', 'address', 'add', `${network}.2/24`, 'dev', inside);
      link.inside('ip', 'link', 'set', inside, 'up');
    }
    return link;
  }

  inside(...words) {
    run('nsenter', '-t', String(this.holder.pid), '-n', ...words);
  }

  /**
   * What goes to the viewer passes at this rate from now on.
   * @param {{ megabits: number, lossy?: boolean }} kind lossy: 2 % of it is lost, and it takes 50 ms longer
   */
  shape({ megabits, lossy = false }) {
    this.used = lossy ? this.cables.lossy : this.cables.clean;
    run('tc', 'qdisc', 'replace', 'dev', this.used.device, 'root', 'handle', '1:', 'tbf', 'rate', `${megabits}mbit`, ...SHAPE);
  }

  /** Watches a stream; see the head of slow-viewer.mjs. @param kind 'mjpeg' | 'rtsp' */
  async watch(kind, port, path, { warmUp, window }) {
    const url = `${kind === 'rtsp' ? 'rtsp' : 'http'}://${this.used.network}.1:${port}${path}`;
    const args = ['-t', String(this.holder.pid), '-n', process.execPath, VIEWER, kind, url, String(warmUp), String(window)];
    const { stdout } = await promisify(execFile)('nsenter', args, { maxBuffer: 64 * 1024 * 1024 });
    return JSON.parse(stdout);
  }

  async close() {
    this.cable.stdin.end();
    this.holder.kill();
    if (this.holder.exitCode === null && this.holder.signalCode === null) await once(this.holder, 'exit');
  }
}
