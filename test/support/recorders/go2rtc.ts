import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../free-port.ts';

/** go2rtc, the streaming server in Frigate and Home Assistant, which pulls from cameras what its viewers ask for. */
export class Go2rtc {
  readonly #dir = mkdtempSync(join(tmpdir(), 'go2rtc-'));
  readonly #process: ChildProcess;
  readonly #port: number;
  /** What it printed. */
  log = '';

  private constructor(path: string, port: number, streams: Readonly<Record<string, string>>) {
    this.#port = port;
    const config = {
      // No WebRTC, mDNS or anything else that goes beyond this machine.
      app: { modules: ['api', 'rtsp', 'onvif', 'http', 'mp4', 'mjpeg', 'hls'] },
      api: { listen: `127.0.0.1:${port}` },
      rtsp: { listen: '' },
      log: { format: 'text' },
      streams,
    };
    const file = join(this.#dir, 'go2rtc.yaml');
    writeFileSync(file, stringify(config));
    this.#process = spawn(path, ['-config', file], { cwd: this.#dir, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** @param streams addresses of cameras by name, as they stand in its configuration */
  static async start(path: string, streams: Readonly<Record<string, string>>): Promise<Go2rtc> {
    const started = new Go2rtc(path, await freePort(), streams);
    await started.#ready();
    return started;
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const output of [this.#process.stdout!, this.#process.stderr!])
        output.setEncoding('utf8').on('data', (text: string) => {
          this.log += text;
          if (/\[api\] listen/.test(this.log)) resolve();
        });
      this.#process.once('close', () => reject(new Error(`go2rtc: ${this.log}`)));
    });
  }

  /** An address of its interface: `/api/stream.mp4?src=NAME`. */
  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'close');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
