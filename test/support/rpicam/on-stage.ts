import { afterEach, beforeEach } from '@jest/globals';
import { Server, type ServerOptions } from '../server.ts';
import { type Scenario, STANDIN, Stage, type StandinStart } from './stage.ts';

/** A stage for each test of a file, and the program that a test starts on it; both are gone after the test. */
export class OnStage {
  #stage: Stage | undefined;
  #server: Server | undefined;

  constructor() {
    beforeEach(() => {
      this.#stage = new Stage();
    });
    afterEach(async () => {
      await this.#server?.stop();
      this.#server = undefined;
      this.#stage?.remove();
    });
  }

  get stage(): Stage {
    return this.#stage!;
  }

  /** The program under test, once it was started. */
  get server(): Server {
    return this.#server!;
  }

  /** The program's options, with the stand-in as its camera. */
  options(args: readonly string[] = []): ServerOptions {
    return { args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', ...args], env: this.stage.env };
  }

  /** Starts the program with the stand-in as its camera. */
  async start(scenario: Scenario, args: readonly string[] = []): Promise<void> {
    this.stage.play(scenario);
    await this.startWith(this.options(args));
  }

  /** Starts the program with whatever camera the options name. */
  async startWith(options: ServerOptions): Promise<void> {
    this.#server = await Server.start(options);
  }

  /** The starts of the stand-in that were captures. */
  captures(): StandinStart[] {
    return this.stage.starts().filter(({ argv }) => argv.includes('--codec'));
  }
}
