import { readFileSync } from 'node:fs';
import { afterEach, beforeEach } from '@jest/globals';
import { plain, Run } from './run.ts';
import { type Scenario, Stage } from './stage.ts';

/** The pictures that the stand-in plays, 640x480, back to back. */
export const BARS = readFileSync(new URL('../../fixtures/bars-640x480.mjpeg', import.meta.url));
/** libcamera's first line. */
export const MANAGER = 'INFO Camera camera_manager.cpp:340 libcamera';
/** libcamera's id of the only camera. */
export const CAMERA = '/base/axi/pcie@120000/rp1/i2c@88000/imx219@10';
/** What is said once the cameras are known. */
export const FOUND = [MANAGER, `INFO Camera camera_manager.cpp:223 Adding camera '${CAMERA}' for pipeline handler virtual`];
/** What is said of the choice of a sensor mode. */
export const MODE_640 = [
  'Mode selection for 640:480:12:P',
  '    SRGGB10_CSI2P,640x480/0 - Score: 1000',
  '    SRGGB10_CSI2P,1640x1232/0 - Score: 1444.49',
  '    SRGGB10_CSI2P,1920x1080/0 - Score: 1636.67',
  '    SRGGB10_CSI2P,3280x2464/0 - Score: 2162.49',
  '    SRGGB8,640x480/0 - Score: 2000',
  '    SRGGB8,1640x1232/0 - Score: 2444.49',
  '    SRGGB8,1920x1080/0 - Score: 2636.67',
  '    SRGGB8,3280x2464/0 - Score: 3162.49',
];
/** What is said once the camera is configured. */
export const CONFIGURED = [
  'Stream configuration adjusted',
  'INFO Camera camera.cpp:1216 configuring streams: (0) 640x480-YUV420/sYCC (1) 640x480-SRGGB10_CSI2P/RAW',
];

/** Arguments for JPEGs on the standard output without end. */
export const STREAM = ['--codec', 'mjpeg', '-t', '0', '-n', '--flush', '-o', '-'];

const QUICK = { startDelayMs: 0 };

/** Runs of the stand-in on a stage of their own for each test of a file; all are ended after it. */
export class StandinRuns {
  #stage: Stage | undefined;
  #runs: Run[] = [];

  constructor() {
    beforeEach(() => {
      this.#stage = new Stage(QUICK);
      this.#runs = [];
    });
    afterEach(async () => {
      for (const run of this.#runs) run.child.kill('SIGKILL');
      await Promise.all(this.#runs.map((run) => run.ended));
      this.#stage?.remove();
      this.#stage = undefined;
    });
  }

  /** The stage of the running test. */
  get stage(): Stage {
    if (!this.#stage) throw new Error('a stage is there while a test runs');
    return this.#stage;
  }

  /** Starts the stand-in. @param read whether its standard output is read from the beginning */
  readonly start = (args: readonly string[], scenario: Scenario = {}, { read = true } = {}): Run => {
    this.stage.play({ ...QUICK, ...scenario });
    const run = new Run(args, this.stage.env, read);
    this.#runs.push(run);
    return run;
  };

  /** Runs the stand-in to its end. */
  readonly finished = async (args: readonly string[], scenario: Scenario = {}) => {
    const run = this.start(args, scenario);
    const end = await run.ended;
    return { ...end, lines: plain(run.stderr), stdout: run.stdout, frames: run.frames };
  };
}
