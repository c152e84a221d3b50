import { AppError } from '../../core/errors.ts';
import type { FindSource } from '../source.ts';
import { H264Ways } from './h264.ts';
import { explainNoCamera, findRpicam, listRpicamCameras } from './list.ts';
import { RpicamSource } from './source.ts';
import { isSince, rpicamRelease } from './version.ts';

/** Finds a camera that rpicam-vid sees, by its number. Rejects with PROGRAM_MISSING, NO_CAMERA, or what keeps rpicam-vid from it. */
export const find: FindSource<'rpicam'> = async (
  { camera },
  { rpicamPath, searchPath, workDir, dev, motion, wantsFocus, video, clock, log },
) => {
  const program = findRpicam(rpicamPath, searchPath);
  if (!program) {
    throw new AppError('PROGRAM_MISSING', rpicamPath ? `There is no program ${rpicamPath}.` : 'rpicam-vid is not installed.', {
      hint: 'On a Raspberry Pi: `sudo apt install rpicam-apps-lite`. Elsewhere use --source v4l2, images:DIR or test.',
    });
  }
  const cameras = await listRpicamCameras(program, searchPath);
  const found = cameras.find((each) => each.index === camera);
  const name = program.split('/').at(-1)!;
  if (cameras.length === 0) throw explainNoCamera(program, dev);
  if (!found) {
    throw new AppError('NO_CAMERA', `${name} has no camera number ${camera}, only ${cameras.map((each) => each.index).join(', ')}.`, {
      hint: 'Choose one with --source rpicam:N; `rpicam-hello --list-cameras` lists them.',
    });
  }
  const regions = motion?.regions.length ?? 0;
  const release = regions > 1 || video ? await rpicamRelease(program, searchPath) : undefined;
  // Releases before this one do not say in which of several regions something moves.
  const named = regions <= 1 || isSince(release?.version, '1.6');
  const options = { program, sensor: found, workDir, searchPath, motion: named ? motion : undefined, wantsFocus, clock, log };
  const ways = video && release && new H264Ways(name, found, release);
  return (wanted, asked) => new RpicamSource({ ...options, h264: ways && asked && { ways, video: asked } }, wanted);
};
