import { AppError } from '../../core/errors.ts';
import { runProgram } from '../../core/program.ts';
import { findProgram } from '../../core/programs.ts';
import { readMessage } from './messages.ts';

/** A sensor mode as `--list-cameras` shows it. */
export interface SensorMode {
  readonly width: number;
  readonly height: number;
  /** Highest rate, frames per second; missing in releases before 2022. */
  readonly fps?: number;
}

export interface RpicamCamera {
  readonly index: number;
  /** Sensor name: "imx219". */
  readonly model: string;
  readonly width: number;
  readonly height: number;
  /** libcamera's id, the path in the device tree. */
  readonly id: string;
  readonly modes: readonly SensorMode[];
}

/** rpicam-vid was called libcamera-vid until the end of 2023. */
const PROGRAM_NAMES = ['rpicam-vid', 'libcamera-vid'];
/** A Pi lists its cameras in half a second; a Pi Zero with a cold SD card takes a few. */
const LIST_TIMEOUT_MS = 10_000;

/** Finds the capture program. @param chosen `camera.rpicamPath`, empty: by name from `searchPath` */
export function findRpicam(chosen: string, searchPath: string): string | undefined {
  for (const name of chosen === '' ? PROGRAM_NAMES : [chosen]) {
    const found = findProgram(name, searchPath);
    if (found) return found;
  }
  return undefined;
}

/** Reads the output of `--list-cameras`, of any release. */
export function parseCameraList(text: string): RpicamCamera[] {
  const cameras: (RpicamCamera & { modes: SensorMode[] })[] = [];
  for (const line of text.split('\n')) {
    const head = /^\s*(\d+) : (\S+) \[(\d+)x(\d+)[^\]]*\] \((.+)\)\s*$/.exec(line);
    if (head) {
      const [, index, model = '', width, height, id = ''] = head;
      cameras.push({ index: Number(index), model, width: Number(width), height: Number(height), id, modes: [] });
      continue;
    }
    const mode = /(?:^|[\s:])(\d+)x(\d+)\s*(?:\[([\d.]+) fps|$)/.exec(line);
    const camera = cameras.at(-1);
    if (mode && camera)
      camera.modes.push({ width: Number(mode[1]), height: Number(mode[2]), ...(mode[3] ? { fps: Number(mode[3]) } : {}) });
  }
  return cameras;
}

/** Asks the capture program which cameras it sees. Throws an AppError if it cannot say. */
export async function listRpicamCameras(program: string, searchPath: string): Promise<RpicamCamera[]> {
  const result = await runProgram(program, ['--list-cameras'], LIST_TIMEOUT_MS, searchPath);
  if (result.code === 0) return parseCameraList(result.stdout);
  const name = program.split('/').at(-1)!;
  for (const line of result.stderr.split('\n')) {
    const meaning = readMessage(line, name, 0);
    if (meaning?.fatal) throw meaning.error;
  }
  throw new AppError(
    'CAPTURE_ENDED',
    `${name} --list-cameras failed: ${result.stderr.trim().split('\n').at(-1) || `exit code ${result.code}`}`,
  );
}
