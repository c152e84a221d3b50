/** What the values of the command line mean, checked in the order and with the messages of the real program. */
import { Refused } from './command-line.js';

const UNITS_NS = { min: 60e9, sec: 1e9, s: 1e9, ms: 1e6, us: 1e3, ns: 1 };
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i;

/** "5sec" in nanoseconds. An unknown unit is passed over, and the number then has the default one. */
function duration(value, defaultUnit) {
  const number = NUMBER.exec(String(value))?.[0];
  if (number === undefined) throw new Refused('Invalid time string provided');
  const unit = UNITS_NS[String(value).slice(number.length)] ?? UNITS_NS[defaultUnit];
  return Number(number) * unit;
}

const BIT_UNITS = { bps: 1, kbps: 1e3, mbps: 1e6 };

function bitsPerSecond(value) {
  const number = NUMBER.exec(String(value))[0];
  return Number(number) * (BIT_UNITS[String(value).slice(number.length).toLowerCase()] ?? 1);
}

/** How many numbers a list begins with, at most `most`, as sscanf would count them. */
function leadingNumbers(list, most) {
  let rest = list;
  for (let n = 0; n < most; n++) {
    const number = NUMBER.exec(rest)?.[0];
    if (number === undefined) return n;
    rest = rest.slice(number.length);
    if (n + 1 < most && !rest.startsWith(',')) return n + 1;
    rest = rest.slice(1);
  }
  return most;
}

/** "1640:1232:10:P". Without bits the camera's choice, 12. */
function sensorMode(value) {
  if (value === '') return undefined;
  const [, width, height, bits, packing] = /^\s*(\d+):(\d+)(?::(\d+))?(?::(.))?/.exec(value) ?? [];
  if (height === undefined) throw new Refused('Invalid mode');
  if (packing !== undefined && !/[PU]/i.test(packing)) throw new Refused('Packing indicator should be P or U');
  return { width: Number(width), height: Number(height), bits: Number(bits ?? 12), packing: (packing ?? 'P').toUpperCase() };
}

const ONE_OF = [
  ['metering', 'Invalid metering mode: ', ['centre', 'spot', 'average', 'matrix', 'custom']],
  ['exposure', 'Invalid exposure mode:', ['normal', 'sport', 'short', 'long', 'custom']],
  ['autofocus-mode', 'Invalid AfMode:', ['default', 'manual', 'auto', 'continuous']],
  ['autofocus-range', 'Invalid AfRange mode:', ['normal', 'macro', 'full']],
  ['autofocus-speed', 'Invalid afSpeed mode:', ['normal', 'fast']],
  ['awb', 'Invalid AWB mode: ', ['auto', 'normal', 'incandescent', 'tungsten', 'fluorescent', 'indoor', 'daylight', 'cloudy', 'custom']],
];

/** Options that the real program acts on and the stand-in has no play for: better a loud end than a silent difference. */
const NOT_PLAYED = ['config', 'circular', 'segment', 'split', 'keypress', 'listen'];

/** What is checked before any camera is looked for. */
export function checkEarly(get) {
  const lens = get('lens-position') ?? '';
  if (lens !== '' && lens !== 'default' && !NUMBER.test(lens)) throw new Refused(`Invalid lens position: ${lens}`);
  const timeoutMs = duration(get('timeout'), 'ms') / UNITS_NS.ms;
  duration(get('shutter'), 'us');
  duration(get('flicker-period') ?? '0s', 'us');
  return { timeoutMs };
}

/** Also before any camera is looked for, but after `--version`. */
export function checkHdr(get) {
  const hdr = get('hdr') ?? 'off';
  if (typeof hdr === 'string' && !['off', 'auto', 'sensor', 'single-exp'].includes(hdr)) {
    throw new Refused(`Invalid HDR option provided: ${hdr}`);
  }
}

function checkTransform(rotation) {
  if (rotation % 90 !== 0) throw new Refused('illegal rotation value');
  if (rotation % 180 !== 0) throw new Refused('transforms requiring transpose not supported');
}

function checkPicture(get) {
  checkTransform(get('rotation'));
  for (const [name, message, allowed] of ONE_OF) {
    const value = get(name) ?? allowed[0];
    // For the focus range the real program names the wrong option in its message.
    if (!allowed.includes(value)) throw new Refused(message + (name === 'autofocus-range' ? get('exposure') : value));
  }
  if (leadingNumbers(get('awbgains'), 2) < 2) throw new Refused('Invalid AWB gains');
  const ccm = get('ccm') ?? '';
  if (ccm !== '' && leadingNumbers(ccm, 9) < 9) throw new Refused('Invalid CCM - expect 9 comma-separated floating point numbers');
  if (!/^(json|txt)$/i.test(get('metadata-format'))) throw new Refused(`unrecognised metadata format ${get('metadata-format')}`);
}

function checkVideo(get) {
  for (const name of ['bitrate', 'audio-bitrate']) {
    if (!NUMBER.test(String(get(name)))) throw new Refused('Invalid bitrate string provided');
  }
  duration(get('av-sync'), 'us');
  const codec = get('codec').toLowerCase();
  if (!['h264', 'libav', 'yuv420', 'mjpeg'].includes(codec)) throw new Refused(`unrecognised codec ${get('codec')}`);
  if (!/^(pause|record)$/i.test(get('initial'))) throw new Refused(`incorrect initial value ${get('initial')}`);
  if (!/^(off|server|client)$/i.test(get('sync') ?? 'off')) throw new Refused(`incorrect sync value ${get('sync')}`);
  return codec;
}

/**
 * What is checked once the cameras are known.
 *
 * @param {(name: string) => any} get value of an option, its default where it was not given
 * @param {ReadonlyMap<string, unknown>} given
 */
export function readSettings(get, given) {
  checkPicture(get);
  const mode = sensorMode(get('mode') ?? '');
  sensorMode(get('viewfinder-mode') ?? '');
  const codec = checkVideo(get);
  // Beside libav it is refused, as the real program does.
  if (get('save-pts') && codec === 'mjpeg') throw new Error('the stand-in for rpicam-vid does not play --save-pts');
  const unplayed = NOT_PLAYED.find((name) => given.has(name)) ?? (/^(udp|tcp):/.test(get('output') ?? '') ? 'output' : undefined);
  if (unplayed !== undefined) throw new Error(`the stand-in for rpicam-vid does not play --${unplayed}`);
  if (get('metadata') && (get('metadata') === '-' || get('metadata-format') !== 'txt')) {
    throw new Error('the stand-in for rpicam-vid plays --metadata only with a file and --metadata-format txt');
  }
  const turned = get('rotation') % 360 !== 0;
  const framerate = get('framerate');
  return {
    camera: get('camera'),
    codec,
    width: get('width') || 640,
    height: get('height') || 480,
    mode,
    raw: get('no-raw') !== true,
    /** Undefined where it was not given: then 30, but not part of the choice of the sensor mode. */
    framerate: framerate === -1 ? undefined : framerate,
    quality: get('quality'),
    mirrored: get('hflip') !== turned,
    upsideDown: get('vflip') !== turned,
    denoise: get('denoise'),
    bitrate: bitsPerSecond(get('bitrate')),
    intra: get('intra') ?? 0,
    inline: get('inline'),
    profile: get('profile') ?? '',
    savePts: get('save-pts') ?? '',
    libav: {
      codec: get('libav-video-codec') ?? 'h264_v4l2m2m',
      options: get('libav-video-codec-opts') ?? '',
      format: get('libav-format') ?? '',
      lowLatency: get('low-latency') === true,
    },
    lores: { width: get('lores-width'), height: get('lores-height') },
    output: get('output') ?? '',
    flush: get('flush'),
    frames: get('frames'),
    preview: !get('nopreview'),
    infoText: get('nopreview') && !given.has('info-text') ? '' : get('info-text'),
    postProcessFile: get('post-process-file') ?? '',
    metadata: get('metadata') ?? '',
    signal: get('signal'),
    paused: get('initial').toLowerCase() === 'pause',
  };
}
