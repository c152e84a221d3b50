/** The running camera: frames by the clock, and everything that can happen to them. */
import { openSync, writeSync } from 'node:fs';
import { METADATA_DEATH, sayBackwards, sayEncoder, sayEnd } from './h264.js';
import { sayMotion } from './stages.js';

/** Pictures that wait in the program when nobody reads: then its capture buffers are used up and the sensor's frames are lost. */
const QUEUE = 9;
/** Time that the encoder threads take to notice the end, milliseconds. */
const ENCODER_CLOSE_MS = 200;
/** Time from the last frame to the first "timed out", and from each to the next, milliseconds. */
const DEVICE_TIMEOUT_MS = 1000;

const SIGNAL_NUMBERS = { SIGINT: 2, SIGUSR1: 10, SIGUSR2: 12 };

/**
 * Runs until something ends it.
 *
 * @param {object} setup
 * @param {{ signal: boolean, paused: boolean, frames: number, infoText: string }} setup.settings
 * @param {number} setup.timeoutMs 0 for ever
 * @param {number} setup.fps
 * @param {Record<string, any>} setup.scenario
 * @param {{ at: (frame: number, ms: number) => Buffer, end: (ms: number) => Buffer }} setup.pictures
 * @param {{ width: number, height: number }} setup.size
 * @param {object | undefined} setup.encoder of H.264
 * @param {{ parameters: Record<string, any> }[]} setup.looking the stages motion_detect
 * @param {import('./output.js').Output} setup.output
 * @param {import('./messages.js').Messages} setup.messages
 * @param {{ exit: (code: number) => void, abort: () => void, terminate: (what: string) => void }} setup.process
 */
export function capture({ settings, timeoutMs, fps, size, encoder, scenario, pictures, looking, output, messages, process: program }) {
  const startedAt = performance.now();
  const metadata = settings.metadata === '' ? undefined : openSync(settings.metadata, 'w');
  let received;
  let { paused } = settings;
  /** Frames of the sensor, lost ones included: they set the time. */
  let sensorFrames = 0;
  /** Frames that reached the program. */
  let frames = 0;

  for (const [name, number] of Object.entries(SIGNAL_NUMBERS)) {
    process.on(name, () => {
      messages.line(`Received signal ${number}`);
      received = name;
    });
  }

  /** By the sensor's clock, milliseconds. */
  const sinceFirst = () => Math.round(((sensorFrames - 1) * 1000) / fps);

  const stop = async () => {
    // A reader that does not read keeps this from ending, as it does the real one.
    output.put(pictures.end(sinceFirst()));
    await output.end();
    if (encoder) sayEnd(encoder, messages);
    setTimeout(() => program.exit(0), ENCODER_CLOSE_MS);
  };

  const deviceTimeout = () => {
    messages.libcamera('ERROR', 'Virtual virtual.cpp:423 Camera frontend has timed out!', 'pipeline');
    messages.libcamera('ERROR', 'Virtual virtual.cpp:424 Please check that your camera sensor connector is attached securely.', 'pipeline');
    messages.libcamera('ERROR', 'Virtual virtual.cpp:425 Alternatively, try another cable and/or sensor.', 'pipeline');
    messages.error('ERROR: Device timeout detected, attempting a restart!!!');
  };

  const die = async () => {
    const picture = pictures.at(frames, sinceFirst());
    if (scenario.dieMidFrame) output.put(picture.subarray(0, picture.length >> 1));
    await output.drain();
    program.abort();
  };

  /** What a signal asks for; looked at once per frame, so that without frames nothing is heard. */
  const shouldStop = () => {
    if (received === 'SIGINT') return !scenario.ignoreSigint;
    if (!settings.signal) return false;
    const signal = received;
    received = undefined;
    if (signal === 'SIGUSR1') paused = !paused;
    return signal === 'SIGUSR2';
  };

  const say = () => {
    const facts = { frame: frames, fps: (frames === 0 ? 0 : fps).toFixed(2), exp: '16666.00', ag: '1.50', dg: '1.00' };
    messages.error(settings.infoText.replace(/%(frame|fps|exp|ag|dg)/g, (_, name) => facts[name]));
  };

  const frameArrived = () => {
    const late = settings.frames === 0 && timeoutMs !== 0 && performance.now() - startedAt > timeoutMs;
    if (shouldStop() || late || (settings.frames > 0 && frames >= settings.frames)) {
      if (late) messages.line(`Halting: reached timeout of ${Math.trunc(timeoutMs)} milliseconds.`);
      void stop();
      return;
    }
    sayMotion(frames, looking, scenario, messages);
    if (metadata !== undefined) writeSync(metadata, metadataOf(frames, fps, scenario.lux));
    if (encoder && frames === 0) sayEncoder(encoder, settings, size, fps, messages);
    if (encoder?.libav && frames >= scenario.clockSetBackAtFrame) {
      sayBackwards(encoder, messages);
      if (encoder.format === 'flv')
        return void output.drain().then(() => program.terminate('libav: error writing output: Invalid argument'));
    }
    if (!paused) output.put(pictures.at(frames, sinceFirst()));
    if (encoder?.libav && metadata !== undefined) {
      messages.error(METADATA_DEATH);
      return void output.drain().then(() => program.abort());
    }
    if (settings.infoText !== '') say();
    frames++;
    next();
  };

  const tick = () => {
    sensorFrames++;
    if (output.queued < QUEUE) frameArrived();
    else next();
  };

  const next = () => {
    if (frames === scenario.dieAfterFrames) void die();
    else if (frames === scenario.timeoutAfterFrames) setInterval(deviceTimeout, DEVICE_TIMEOUT_MS);
    else if (frames !== scenario.freezeAfterFrames) {
      // By the count of frames and not from one to the next, so that the rate does not drift.
      const due = startedAt + scenario.firstFrameDelayMs + ((sensorFrames + 1) * 1000) / fps;
      setTimeout(tick, Math.max(0, due - performance.now()));
    }
  };
  next();
}

/** What `--metadata-format txt` has of a frame, as in the recording. */
function metadataOf(frame, fps, lux) {
  const now = Array.isArray(lux) ? (lux.findLast(([from]) => from <= frame)?.[1] ?? 400) : lux;
  const values = {
    ...{
      DigitalGain: '1.000000',
      AnalogueGain: '1.500000',
      ExposureTime: 16666,
      Lux: now.toFixed(6),
      FrameDuration: Math.round(1e6 / fps),
    },
    ...{ ColourTemperature: 4500, FrameWallClock: Date.now() * 1e6, SensorTimestamp: Math.round(performance.now() * 1e6) },
  };
  return `${Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}\n`;
}
