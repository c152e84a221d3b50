import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

/** The relay go2rtc, set up by a file of ours, with ports that are free. */
export class Go2rtcRelay {
  readonly #dir = mkdtempSync(join(tmpdir(), 'onvif-camera-go2rtc-'));
  readonly #process: ChildProcess;
  #output = '';

  private constructor(
    program: string,
    config: string,
    readonly apiPort: number,
    readonly rtspPort: number,
  ) {
    const listens = `app: { modules: [api, rtsp, onvif, http, mp4, mjpeg, hls] }\napi: { listen: "127.0.0.1:${apiPort}" }\n`;
    const rtsp = config.replace(/listen: ":\d+"/, `listen: "127.0.0.1:${rtspPort}"`);
    if (rtsp === config) throw new Error('the file does not say where RTSP is');
    const file = join(this.#dir, 'go2rtc.yaml');
    writeFileSync(file, listens + rtsp);
    this.#process = spawn(program, ['-config', file], { cwd: this.#dir, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** @param config text of go2rtc.yaml */
  static async start(program: string, config: string): Promise<Go2rtcRelay> {
    const relay = new Go2rtcRelay(program, config, await freePort(), await freePort());
    await relay.#ready();
    return relay;
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const output of [this.#process.stdout!, this.#process.stderr!])
        output.setEncoding('utf8').on('data', (text: string) => {
          this.#output += text;
          if (this.#output.includes('[api] listen') && this.#output.includes('[rtsp] listen')) resolve();
        });
      this.#process.once('close', () => reject(new Error(`go2rtc ended: ${this.#output}`)));
    });
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'close');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
