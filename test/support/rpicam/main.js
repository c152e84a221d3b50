/** The stand-in for rpicam-vid: from the command line to the running camera. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { attached, frameRate, listText, selectMode, streamSize } from './cameras.js';
import { capture } from './capture.js';
import { parseCommandLine, Refused } from './command-line.js';
import { chooseEncoder, makeH264 } from './h264.js';
import { acquire, isHeld } from './lock.js';
import { Messages, say } from './messages.js';
import { compareVersions, helpText, optionsOf } from './options.js';
import { Output } from './output.js';
import { makePictures } from './pictures.js';
import { note, readScenario } from './scenario.js';
import { checkEarly, checkHdr, readSettings } from './settings.js';
import { configureMotion, readStages } from './stages.js';

/** Exit codes: what the real program gives for a refusal, and one of its own for what the stand-in cannot play. */
const REFUSED = 255;
const NOT_PLAYED = 70;
/** Longest life of a stand-in that its test forgot, milliseconds. The real one runs for ever. Also keeps a frozen one alive. */
const LIFETIME_MS = 30 * 60_000;

const LIBCAMERA = 'v0.7.1+rpt20260429';

const messages = new Messages();

/**
 * @param {readonly string[]} argv the words after the program's name
 * @param {string | undefined} dir the test's folder
 */
export async function main(argv, dir) {
  note(dir, 'starts.log', { argv });
  process.once('exit', (code) => note(dir, 'ends.log', { code }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => dieOf(signal, dir));
  setTimeout(() => process.exit(NOT_PLAYED), LIFETIME_MS);
  try {
    await run(argv, dir, readScenario(dir));
  } catch (error) {
    messages.error(error instanceof Refused ? `ERROR: *** ${error.message} ***` : String(error.stack));
    process.exit(error instanceof Refused ? REFUSED : NOT_PLAYED);
  }
}

/** Ends as by a signal that nobody handles, and says so in the log first. */
function dieOf(signal, dir) {
  note(dir, 'ends.log', { signal });
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** Ends as by abort(), without leaving a core file behind. */
function abort(dir) {
  spawnSync('prlimit', ['--core=0', '--pid', String(process.pid)]);
  dieOf('SIGABRT', dir);
}

/** Ends as C++ does when nobody catches an exception. */
function terminate(dir, what) {
  messages.error(`terminate called after throwing an instance of 'std::runtime_error'\n  what():  ${what}`);
  abort(dir);
}

function versionText({ libav, olderVersion: version = libav ? '1.13.0' : '1.12.0' }) {
  const program = compareVersions(version, '1.4.0') < 0 ? 'libcamera-apps' : 'rpicam-apps';
  const capabilities = compareVersions(version, '1.9.0') < 0 ? '' : `${program} capabilites: egl:0 qt:0 drm:0 libav:${libav ? 1 : 0}\n`;
  return `${program} build: v${version} 000000000000 01-01-2026 (12:00:00)\n${capabilities}libcamera build: ${LIBCAMERA}\n`;
}

function refusePlatform(scenario) {
  if (scenario.legacyStack) {
    messages.error('ERROR: the system appears to be configured for the legacy camera stack');
    process.exit(REFUSED);
  }
  if (scenario.platform === 'unknown') {
    messages.error('ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.');
    messages.error('Contributions for other platforms are welcome at https://github.com/raspberrypi/rpicam-apps.');
    process.exit(REFUSED);
  }
}

function refuseDevices(listing) {
  if (!listing) {
    messages.libcamera('ERROR', 'DeviceEnumerator device_enumerator_sysfs.cpp:51 No valid sysfs media device directory', 'pipeline');
    messages.libcamera('ERROR', 'Camera camera_manager.cpp:344 Failed to start camera manager: No such device');
  }
  throw new Refused('camera manager failed to start, code 19');
}

async function run(argv, dir, scenario) {
  refusePlatform(scenario);
  const options = optionsOf(scenario.olderVersion);
  const given = parseCommandLine(argv, options);
  const defaults = parseCommandLine(
    options.filter((o) => o.fallback !== undefined).map((o) => `--${o.name}=${o.fallback}`),
    options,
  );
  const get = (name) => given.get(name) ?? defaults.get(name);
  if (get('help')) return finish(helpText(options));
  const { timeoutMs } = checkEarly(get);
  if (get('version')) return finish(versionText(scenario));
  checkHdr(get);
  messages.verbosity = get('verbose');
  if (scenario.noMediaDevices) refuseDevices(get('list-cameras'));
  const cameras = attached(scenario);
  const isBusy = (index) => scenario.busy || (dir !== undefined && isHeld(dir, index));
  if (get('list-cameras')) return finish(listText(cameras, isBusy, messages.verbosity > 1));

  messages.libcamera('INFO', `Camera camera_manager.cpp:340 libcamera ${LIBCAMERA}`);
  await sleep(scenario.startDelayMs);
  for (const { id } of cameras) {
    messages.libcamera('INFO', `Camera camera_manager.cpp:223 Adding camera '${id}' for pipeline handler virtual`, 'pipeline');
  }
  const settings = readSettings(get, given);
  const { camera, stages } = openCamera(settings, cameras, scenario, dir);
  const { size, fps, encoder } = configure(camera, settings, scenario);
  if (scenario.noMemory) {
    messages.error('dmaHeap allocation failure for rpicam-apps0');
    throw new Refused('failed to allocate capture buffers for stream');
  }
  const pictures = encoder ? makeH264(encoder, settings, size, fps, dir) : loop(await makePictures(size, settings));
  const looking = configureMotion(stages, settings.lores, messages);
  start({ settings, timeoutMs, fps, size, encoder, scenario, pictures, looking, dir });
}

/** Pictures that are shown one after the other, over and over. */
const loop = (pictures) => ({ at: (frame) => pictures[frame % pictures.length], end: () => Buffer.alloc(0) });

function finish(text) {
  say(1, text);
  process.exit(0);
}

function openCamera(settings, cameras, scenario, dir) {
  if (settings.preview) messages.line('Preview window unavailable');
  messages.line('Opening camera...', 2);
  if (cameras.length === 0) throw new Refused('no cameras available');
  const camera = cameras[settings.camera];
  if (camera === undefined) throw new Refused('selected camera is not available');
  if (scenario.busy || (dir !== undefined && !acquire(dir, settings.camera))) {
    messages.libcamera('INFO', 'Camera camera.cpp:1021 Pipeline handler in use by another process');
    throw new Refused(`failed to acquire camera ${camera.id}`);
  }
  messages.line(`Acquired camera ${camera.id}`, 2);
  const stages = settings.postProcessFile === '' ? [] : readStages(settings.postProcessFile, scenario, messages);
  return { camera, stages };
}

/** Chooses mode and size, and refuses what the real program notices only now. */
function configure(camera, settings, scenario) {
  messages.line('Configuring video...', 2);
  const { mode, lines } = selectMode(camera, settings);
  if (settings.raw) for (const line of lines) messages.line(line);
  const { lores } = settings;
  if (lores.width > 0 && lores.height > 0 && (lores.width > settings.width || lores.height > settings.height)) {
    throw new Refused('Low res image larger than video');
  }
  if (!['auto', 'off', 'cdn_off', 'cdn_fast', 'cdn_hq'].includes(settings.denoise)) {
    throw new Refused(`Invalid denoise mode ${settings.denoise}`);
  }
  messages.line('Stream configuration adjusted');
  const size = streamSize(camera, settings);
  const hd = settings.width >= 1280 || settings.height >= 720;
  const sd = hd ? 'Rec709' : 'SMPTE170M';
  const colours = settings.codec === 'mjpeg' || settings.codec === 'yuv420' ? 'sYCC' : sd;
  const raw = settings.raw ? ` (1) ${mode.width}x${mode.height}-${mode.format.name}/RAW` : '';
  const small = lores.width > 0 && lores.height > 0 ? ` (${raw === '' ? 1 : 2}) ${lores.width}x${lores.height}-YUV420/${colours}` : '';
  messages.libcamera(
    'INFO',
    `Camera camera.cpp:1216 configuring streams: (0) ${size.width}x${size.height}-YUV420/${colours}${raw}${small}`,
  );
  messages.line('Camera streams configured', 2);
  const encoder = chooseEncoder(settings, scenario, messages);
  if (!encoder && settings.codec !== 'mjpeg') throw new Error(`the stand-in for rpicam-vid does not play --codec ${settings.codec}`);
  return { size, encoder, fps: frameRate(mode, settings.framerate) };
}

function start({ settings, dir, ...setup }) {
  let output;
  try {
    output = new Output(settings.output, settings.flush, () => {
      messages.line('Received signal 13');
      terminate(dir, 'failed to write output bytes');
    });
  } catch {
    return terminate(dir, `failed to open output file ${settings.output}`);
  }
  messages.line('Camera started!', 2);
  process.removeAllListeners('SIGINT');
  const program = { exit: (code) => process.exit(code), abort: () => abort(dir), terminate: (what) => terminate(dir, what) };
  capture({ ...setup, settings, output, messages, process: program });
}
