import { AppError } from '../../core/errors.ts';
import type { Size } from '../../frames/size.ts';
import { findProgram } from '../../platform/programs.ts';
import { runProgram } from '../../platform/run-program.ts';
import type { Range } from '../offers.ts';
import { deniedCameraDevice, permissionError } from '../permission.ts';
import { readMessage } from './messages.ts';

/** A mode of the sensor, as `--list-cameras` shows it, with its size in pixels. */
export interface SensorMode extends Size {
  /** Highest rate, frames per second; missing in releases before 2022. */
  readonly fps?: number;
}

/** A camera, with the size of its sensor in pixels. */
export interface RpicamCamera extends Size {
  /** Number in `--list-cameras`, from 0. */
  readonly index: number;
  /** Name of the sensor: "imx219". */
  readonly model: string;
  /** libcamera's id, the path in the device tree. */
  readonly id: string;
  /** The modes of the sensor, as the program lists them. */
  readonly modes: readonly SensorMode[];
  /** Whether its lens can be moved; undefined where the program did not say. */
  readonly focuses?: boolean;
  /** The ranges of its controls, where the program said so: analogue gain, exposure time in microseconds, lens position in dioptres. */
  readonly controls?: Readonly<Partial<Record<SensorControl, Range>>>;
}

/** Returns whether a camera hangs on the I/O controller of a Pi 5, which has no encoder of its own. */
export const isOnPi5 = ({ id }: Pick<RpicamCamera, 'id'>): boolean => id.includes('/rp1/');

/** Controls whose range differs from camera to camera. */
type SensorControl = 'AnalogueGain' | 'ExposureTime' | 'LensPosition';

/** Names of the capture program; releases before 2024 have the second. */
const PROGRAM_NAMES = ['rpicam-vid', 'libcamera-vid'];
/** Time to list the cameras, milliseconds: a Pi takes half a second, a Pi Zero with a cold SD card a few. */
const LIST_TIMEOUT_MS = 10_000;

/**
 * Returns the path of the capture program; undefined: there is none.
 * @param chosen `camera.rpicamPath`; empty: by name
 * @param searchPath where programs are looked up, as in PATH
 */
export function findRpicam(chosen: string, searchPath: string): string | undefined {
  for (const name of chosen === '' ? PROGRAM_NAMES : [chosen]) {
    const found = findProgram(name, searchPath);
    if (found) return found;
  }
  return undefined;
}

/** Returns the cameras in the output of `--list-cameras`, of any release. */
export function parseCameraList(text: string): RpicamCamera[] {
  const cameras: (RpicamCamera & { modes: SensorMode[]; focuses?: boolean; controls?: RpicamCamera['controls'] })[] = [];
  for (const line of text.split('\n')) {
    const head = /^\s*(\d+) : (\S+) \[(\d+)x(\d+)[^\]]*\] \((.+)\)\s*$/.exec(line);
    if (head) {
      const [, index, model = '', width, height, id = ''] = head;
      cameras.push({ index: Number(index), model, width: Number(width), height: Number(height), id, modes: [] });
      continue;
    }
    const mode = /(?:^|[\s:])(\d+)x(\d+)\s*(?:\[([\d.]+) fps|$)/.exec(line);
    const camera = cameras.at(-1);
    if (!camera) continue;
    const control = /^\s*(AnalogueGain|ExposureTime|LensPosition) : \[([\d.]+)\.\.([\d.]+)\]/.exec(line);
    if (control) camera.controls = { ...camera.controls, [control[1]!]: { min: Number(control[2]), max: Number(control[3]) } };
    if (/^\s*Available controls for /.test(line)) camera.focuses ??= false;
    else if (/^\s*(?:AfMode|LensPosition) : /.test(line)) camera.focuses = true;
    else if (mode) camera.modes.push({ width: Number(mode[1]), height: Number(mode[2]), ...(mode[3] ? { fps: Number(mode[3]) } : {}) });
  }
  return cameras;
}

/**
 * Asks the capture program which cameras it sees, and for their controls, which releases before 1.6 do not tell. Rejects with an
 * AppError if it cannot say, or if something keeps it from seeing any.
 */
export async function listRpicamCameras(program: string, searchPath: string): Promise<RpicamCamera[]> {
  const list = (...more: string[]) => runProgram(program, ['--list-cameras', ...more], { timeoutMs: LIST_TIMEOUT_MS, searchPath });
  let result = await list('-v');
  // For the controls it opens the camera, which another program may have. One that says nothing at all is not asked twice.
  if (result.code !== 0 && result.code !== null) result = await list();
  const cameras = result.code === 0 ? parseCameraList(result.stdout) : [];
  if (cameras.length > 0) return cameras;
  const name = program.split('/').at(-1)!;
  for (const line of result.stderr.split('\n')) {
    const meaning = readMessage(line, { program: name, camera: 0, extraArgs: [] });
    if (meaning?.fatal) throw meaning.error;
  }
  if (result.code === 0) return [];
  throw new AppError(
    'CAPTURE_ENDED',
    `${name} --list-cameras failed: ${result.stderr.trim().split('\n').at(-1) || `exit code ${result.code}`}`,
  );
}

/**
 * Returns why the capture program sees no camera, where it says no more than that: CAMERA_PERMISSION or NO_CAMERA.
 * @param dev root of the devices, "/dev"
 */
export function explainNoCamera(program: string, dev: string): AppError {
  const name = program.split('/').at(-1)!;
  const denied = deniedCameraDevice(dev);
  return denied
    ? permissionError(`${name} sees no camera: this user may not open ${denied}.`)
    : new AppError('NO_CAMERA', `No camera found by ${name}.`);
}
