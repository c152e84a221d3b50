import { type Control, listControls } from '../camera/v4l2/controls.ts';
import { listVideoDevices } from '../camera/v4l2/devices.ts';
import { listFormats } from '../camera/v4l2/formats.ts';
import { WebcamImaging } from '../camera/v4l2/imaging.ts';
import { AppError, ERRORS, messageOf } from '../core/errors.ts';
import { findProgram } from '../platform/programs.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from './check.ts';
import { type Surroundings, unwanted, wanted } from './surroundings.ts';

/** Returns the check of webcams, and of the formats that they offer. */
export const webcamChecks = (surroundings: Surroundings): Check[] => [
  { id: 'webcams', title: 'Webcams (V4L2)', run: () => webcams(surroundings) },
];

async function webcams(surroundings: Surroundings): Promise<Result> {
  const {
    settings: { spec },
    searchPath,
    tree,
  } = surroundings;
  const need = wanted(surroundings, 'v4l2');
  if (need === 'no') return unwanted(surroundings);
  const known = listVideoDevices(tree.path('/sys'));
  const asked = spec.kind === 'v4l2' ? spec.device : undefined;
  const devices = asked !== undefined && !known.some(({ path }) => path === asked) ? [{ path: asked, name: asked }] : known;
  if (devices.length === 0)
    return need === 'yes' ? failure('no webcam found', ERRORS.NO_SUCH_DEVICE.hint) : skipped('none, and camera.source is auto');
  const ffmpeg = findProgram('ffmpeg', searchPath);
  if (ffmpeg === undefined) {
    const seen = `${devices.map(({ path, name }) => `${path} (${name})`).join(', ')}, but ffmpeg is not installed`;
    return (need === 'yes' ? failure : warning)(seen, 'A webcam needs it: `sudo apt install ffmpeg`.');
  }
  const v4l2Ctl = findProgram('v4l2-ctl', searchPath);
  const lines: string[] = [];
  let trouble: AppError | undefined;
  for (const { path, name } of devices) {
    try {
      const formats = await listFormats(ffmpeg, path, searchPath);
      const sizes = formats.flatMap((format) => format.sizes);
      const [largest] = sizes.toSorted(([w1, h1], [w2, h2]) => w2 * h2 - w1 * h1);
      const settable = v4l2Ctl ? await listControls(v4l2Ctl, path, searchPath).then(settableBy, reason) : [];
      lines.push(
        `${path} (${name}): ${formats.map((format) => format.name).join(', ')}${largest ? ` up to ${largest.join('x')}` : ''}` +
          (typeof settable === 'string' ? `, but ${settable}` : settable.length > 0 ? `, with ${settable.join(', ')} to be set` : ''),
      );
      if (formats.length === 0) trouble ??= new AppError('NO_SUCH_DEVICE', `${path} (${name}) tells no format.`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      trouble ??= error;
    }
  }
  if (trouble) return fromError(trouble, need === 'yes' || lines.length === 0 ? 'error' : 'warning');
  const without = v4l2Ctl ? [] : ['nothing of their image can be set without v4l2-ctl (`sudo apt install v4l-utils`)'];
  return ok([...lines, ...without].join('; '));
}

const reason = (error: unknown): string => messageOf(error).replace(/\.$/, '');
const settableBy = (controls: readonly Control[]) => new WebcamImaging(controls).supported;
