import { INSTALL } from '../camera/rpicam/h264.ts';
import { explainNoCamera, findRpicam, listRpicamCameras } from '../camera/rpicam/list.ts';
import { AppError, ERRORS } from '../core/errors.ts';
import { runProgram } from '../platform/run-program.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from './check.ts';
import { boardOf, isPi, type Surroundings, unwanted, wanted } from './surroundings.ts';

/** Longest wait for rpicam-vid to tell its version: a Pi Zero with a cold SD card takes some seconds to start a program. */
const VERSION_TIMEOUT_MS = 10_000;
/** Folders of rpicam-apps' plug-ins, below the system's folders of libraries. */
const PLUGIN_FOLDERS = ['rpicam-apps-postproc', 'rpicam-apps-encoder'] as const;
/** Boards without a hardware encoder. */
const LATER_BOARD = /^Raspberry Pi (?:5|500|Compute Module 5)/;
const LIBRARIES = ['/usr/lib', '/usr/local/lib'] as const;

/** Returns the checks of rpicam-apps, which capture from the Pi's camera, and of the cameras that they see. */
export function rpicamChecks(surroundings: Surroundings): Check[] {
  return [
    { id: 'rpicam', title: 'rpicam-apps', run: () => rpicam(surroundings) },
    { id: 'rpicam-plugins', title: 'Plug-ins of rpicam-apps', run: () => plugins(surroundings) },
    { id: 'rpicam-cameras', title: 'Cameras of the Pi', run: () => cameras(surroundings) },
  ];
}

const programOf = ({ settings, searchPath }: Surroundings) => findRpicam(settings.config.camera.rpicamPath, searchPath);

async function rpicam(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath } = surroundings;
  const need = wanted(surroundings, 'rpicam');
  if (need === 'no') return unwanted(surroundings);
  const program = programOf(surroundings);
  const install = 'On a Raspberry Pi: `sudo apt install rpicam-apps-lite`.';
  if (program === undefined) {
    const seen = settings.config.camera.rpicamPath
      ? `there is no program ${settings.config.camera.rpicamPath}`
      : 'rpicam-vid is not installed';
    if (need === 'yes' || isPi(surroundings)) return failure(seen, install);
    return skipped(`${seen}, and this is no Raspberry Pi`);
  }
  const { code, stdout, stderr } = await runProgram(program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS, searchPath });
  const [, version] = /^\S+ build: v?(\S+)/m.exec(stdout) ?? [];
  if (code !== 0 || version === undefined)
    return failure(
      `${program} --version says: ${lastLine(stderr) || `exit code ${code}`}`,
      '`sudo apt full-upgrade`, or install it anew: `sudo apt install --reinstall rpicam-apps-lite`',
    );
  const [, libcamera] = /^libcamera build: (\S+)/m.exec(stdout) ?? [];
  return ok(`${program} ${version}${libcamera ? `, libcamera ${libcamera}` : ''}`);
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

/** Plug-ins are files since rpicam-apps 1.5; in older ones, `--version` alone tells them. */
async function plugins(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath, tree } = surroundings;
  if (wanted(surroundings, 'rpicam') === 'no') return unwanted(surroundings);
  const program = programOf(surroundings);
  if (program === undefined) return skipped('rpicam-vid is not installed');
  const folders = LIBRARIES.flatMap((dir) => [dir, ...tree.list(dir).map((name) => `${dir}/${name}`)]);
  const files = folders
    .flatMap((dir) => PLUGIN_FOLDERS.flatMap((folder) => tree.list(`${dir}/${folder}`)))
    .filter((name) => name.endsWith('.so'));
  const { stdout } = await runProgram(program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS, searchPath });
  const has = (part: string) => files.some((file) => file.includes(part));
  const libav = /\blibav:1\b/.test(stdout) || has('libav');
  const annotate = has('opencv');
  const known = files.length > 0 || /\blibav:[01]\b/.test(stdout);
  const seen = `libav (H.264 by rpicam-vid): ${libav ? 'yes' : 'no'}; annotate (text in the picture): ${annotate ? 'yes' : 'no'}`;
  if (settings.config.camera.annotate !== '' && known && !annotate)
    return warning(`${seen}, but camera.annotate is set`, ERRORS.ANNOTATE_MISSING.hint);
  if (settings.config.camera.encoding === 'h264' && known && !libav && LATER_BOARD.test(boardOf(surroundings) ?? ''))
    return warning(`${seen}, but camera.encoding is h264, and this Pi has no encoder of its own`, INSTALL);
  return known ? ok(seen) : skipped('this release does not tell its plug-ins');
}

async function cameras(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath, tree } = surroundings;
  const need = wanted(surroundings, 'rpicam');
  if (need === 'no') return unwanted(surroundings);
  const program = programOf(surroundings);
  if (program === undefined) return skipped('rpicam-vid is not installed');
  try {
    const found = await listRpicamCameras(program, searchPath);
    if (found.length === 0) throw explainNoCamera(program, tree.path('/dev'));
    const { spec } = settings;
    const listed = found.map(({ index, model, width, height }) => `${index}: ${model} ${width}x${height}`).join(', ');
    if (spec.kind === 'rpicam' && !found.some(({ index }) => index === spec.camera))
      return failure(
        `camera.source is rpicam:${spec.camera}, but there is only ${listed}`,
        'Choose one with --source rpicam:N (camera.source).',
      );
    return ok(listed);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const absent = error.code === 'NO_CAMERA' && need === 'perhaps';
    return fromError(error, absent ? 'warning' : 'error');
  }
}
