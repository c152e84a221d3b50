import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellMotion } from '../../src/app/analysis.ts';
import { App } from '../../src/app/app.ts';
import type { AppOptions } from '../../src/app/options.ts';
import { parseSourceSpec } from '../../src/camera/source-spec.ts';
import { schema, settings } from '../../src/cli/settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { StateStore } from '../../src/config/state.ts';
import { UsedTokensFile } from '../../src/config/used-tokens-file.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { PASSWORD } from './server.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The camera in this process, so that a test can tell it what moves. */
export class ToldCamera {
  readonly #dir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));
  #app: App | undefined;
  #port = 0;

  constructor(private readonly flags: Readonly<Record<string, string>>) {}

  get port(): number {
    return this.#port;
  }

  /** Starts, on the same port and with the same state as before. @param more further flags, for this time */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const flags = { 'http-port': String(this.#port), 'rtsp-port': '0', source: 'test', ...this.flags, ...more };
    const { config, explicit } = await loadConfig(schema, settings, { flags, env: {}, file: undefined, defaultFile: '' });
    const options: AppOptions = {
      ...{
        config,
        explicit,
        spec: parseSourceSpec(flags.source)!,
        dataDir: this.#dir,
        state: new StateStore(this.#dir),
        log: silentLogger,
        clock: systemClock,
      },
      ...{ webDir: join(ROOT, 'dist/web'), wsdlDir: join(ROOT, 'wsdl'), version: '0.0.0', sysfs: '/sys', dev: '/dev' },
      ...{ usedTokens: new UsedTokensFile(this.#dir), searchPath: process.env.PATH ?? '', password: PASSWORD },
      ...{ instance: undefined, sockets: {}, waitsForCamera: false, onNewPassword: () => {}, onUse: () => {}, faults: () => 0 },
    };
    this.#app = new App(options);
    await this.#app.start();
    this.#port = this.#app.port;
  }

  /** Says that something moves, or no more: by both topics, as the camera does. */
  moves(moving: boolean): void {
    tellMotion(this.#app!.events, moving);
  }

  async stop(): Promise<void> {
    await this.#app?.stop();
    this.#app = undefined;
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
