import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Terminal } from '../../../src/cli/context.ts';
import { run } from '../../../src/cli/run.ts';
import { writeRunFile } from '../../../src/config/run-file.ts';
import { basic } from '../server.ts';
import { makeTempDir } from '../temp-dir.ts';
import { StandinHomeAssistant, TOKEN } from './standin.ts';

/** Password of the user "admin" of the camera. */
export const PASSWORD = 'kqpm-7tzr-w4nd';
/** The environment with a token that Home Assistant takes. */
export const TOKEN_SET = { ONVIF_CAMERA_HOME_ASSISTANT_TOKEN: TOKEN };

/** How a command ended, and what it printed. */
interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command `homeassistant` beside a server that stands in for the running camera, and one that stands in for Home Assistant. */
export class HomeAssistantCommand {
  /** Directory with the settings, the data directory ("data") and {@link secretFile}. */
  readonly dir = makeTempDir();
  /** What the camera says of itself. */
  name = 'Front door';
  asksLogin = true;
  readonly urls: { id: string; label: string; url: string }[];

  private constructor(
    readonly camera: Server,
    readonly hass: StandinHomeAssistant,
  ) {
    this.urls = [
      { id: 'stream', label: 'MJPEG stream', url: `${this.base}/stream.mjpg` },
      { id: 'snapshot', label: 'Snapshot', url: `${this.base}/snapshot.jpg` },
    ];
    writeFileSync(join(this.dir, 'settings.yaml'), '');
    mkdirSync(join(this.dir, 'data'));
    writeRunFile(join(this.dir, 'data'), { pid: process.pid, url: this.base, token: 'local' });
    camera.on('request', (req, res) => {
      const { authorization } = req.headers;
      const isKnown = authorization === 'Bearer local' || authorization === basic('admin', PASSWORD);
      if (req.url !== '/api/status') res.writeHead(404).end();
      else if (this.asksLogin && !isKnown) res.writeHead(401).end();
      else res.end(JSON.stringify({ name: this.name, urls: this.urls }));
    });
  }

  /** Starts both servers. */
  static async start(): Promise<HomeAssistantCommand> {
    const camera = createServer().listen(0, '127.0.0.1');
    await once(camera, 'listening');
    return new HomeAssistantCommand(camera, await StandinHomeAssistant.start());
  }

  /** Stops both servers. */
  stop(): void {
    this.stopCamera();
    this.hass.stop();
  }

  /** Stops the camera alone. */
  stopCamera(): void {
    this.camera.close();
    this.camera.closeAllConnections();
  }

  /** Origin of the camera. */
  get base(): string {
    return `http://127.0.0.1:${(this.camera.address() as AddressInfo).port}`;
  }

  /** Runs the command. */
  async run(
    argv: readonly string[],
    env: Record<string, string> = {},
    stop: Promise<string> = new Promise(() => {}),
    stdin?: Terminal,
  ): Promise<Outcome> {
    let stdout = '';
    let stderr = '';
    const places = ['--config', join(this.dir, 'settings.yaml'), '--data-dir', join(this.dir, 'data')];
    const code = await run(['homeassistant', ...argv, ...places], {
      env: { PATH: process.env.PATH, ...env },
      home: this.dir,
      version: '1.2.3',
      wsdlDir: '/nonexistent',
      webDir: this.dir,
      stdin,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      stopRequested: stop,
      onExit() {},
      onFault() {},
    });
    return { code, stdout, stderr };
  }

  /** Runs the command to add the camera, with token and password from the environment. */
  add(...argv: string[]): Promise<Outcome> {
    return this.run(['--url', this.hass.url, ...argv], { ...TOKEN_SET, ONVIF_CAMERA_PASSWORD: PASSWORD });
  }

  /** Writes a file with a secret. Returns its path. */
  secretFile(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Gives the camera an H.264 stream. */
  withH264(): void {
    this.urls.push({ id: 'rtsp-h264', label: 'RTSP, H.264', url: 'rtsp://127.0.0.1:8554/h264' });
  }

  /** The form of the integration MJPEG, filled in. */
  mjpegForm() {
    return {
      name: 'Front door',
      mjpeg_url: `${this.base}/stream.mjpg`,
      still_image_url: `${this.base}/snapshot.jpg`,
      username: 'admin',
      password: PASSWORD,
      verify_ssl: true,
    };
  }

  /** The form of the integration ONVIF, filled in. */
  onvifForm() {
    return { name: 'Front door', host: '127.0.0.1', port: Number(new URL(this.base).port), username: 'admin', password: PASSWORD };
  }
}

/** Returns a terminal on which somebody types these lines when asked. */
export function typing(...lines: string[]): Terminal & { readonly modes: boolean[] } {
  const modes: boolean[] = [];
  const terminal = Object.assign(new PassThrough(), { isTTY: true, modes, setRawMode: (on: boolean) => modes.push(on) });
  terminal.on('resume', () => setImmediate(() => terminal.write(lines.shift() ?? '')));
  return terminal;
}
