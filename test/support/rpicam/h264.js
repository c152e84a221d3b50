/** H.264 as the real program writes it: which encoder there is, what it says, and its pictures. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refused } from './command-line.js';

/** What the real program wrote with libx264 at 640x480 and 15 per second: 44 pictures, key frames at every 15th. */
const RECORDING = new URL('../../fixtures/h264/h264-lowlatency-640x480.h264', import.meta.url);
const RECORDED = { width: 640, height: 480, intra: 15 };

/** Longest group that is encoded, pictures: the loop is one group, made before the camera starts. */
const MOST_PICTURES = 150;

const X264_OPTIONS = ['preset', 'tune', 'bf', 'thread_type', 'threads', 'maxrate', 'bufsize', 'coder', '8x8dct'];

/** The address that libav shows of its part. */
const AT = '0x55558661a440';
const BACKWARDS = `[%s @ ${AT}] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 1269 >= -667`;

/** @returns {Record<string, string>} of "a=1;b=2" */
function codecOptions(text) {
  const pairs = text === '' ? [] : text.split(';').map((pair) => pair.split('='));
  const unknown = pairs.find(([name]) => !X264_OPTIONS.includes(name));
  if (unknown !== undefined) throw new Refused(`libav: codec option error ${unknown.join('=')}: Option not found`);
  return Object.fromEntries(pairs);
}

/**
 * Chooses the encoder, and refuses what the real program refuses only now.
 *
 * @returns {{ format: 'flv' | 'h264', libav: boolean, options: Record<string, string> } | undefined} undefined: no H.264 is wanted
 */
export function chooseEncoder({ codec, output, savePts, libav }, { platform, libav: hasLibav, hardwareEncoder }, messages) {
  if (codec !== 'h264' && codec !== 'libav') return undefined;
  if (codec === 'h264' && platform === 'vc4') {
    if (!hardwareEncoder) throw new Refused('failed to open V4L2 H264 encoder');
    return { format: 'h264', libav: false, options: {} };
  }
  if (!hasLibav) throw new Refused(codec === 'h264' ? 'Unable to find an appropriate H.264 codec' : 'Unrecognised codec libav');
  const video = codec === 'h264' ? 'libx264' : libav.codec;
  if (video === 'h264_v4l2m2m') throw new Error('the stand-in for rpicam-vid does not play --libav-video-codec h264_v4l2m2m');
  if (video !== 'libx264') throw new Refused(`libav: cannot find video encoder ${video}`);
  const options = codecOptions(libav.options);
  if (output !== '-') throw new Error('the stand-in for rpicam-vid writes H.264 to stdout only');
  if (libav.format !== 'flv' && libav.format !== 'h264') {
    messages.error(
      libav.format === ''
        ? `[AVFormatContext @ ${AT}] Unable to choose an output format for '-'; use a standard extension for the filename or specify the format manually.`
        : `[AVFormatContext @ ${AT}] Requested output format '${libav.format}' is not known.`,
    );
    throw new Refused('libav: cannot allocate output context, try setting with --libav-format');
  }
  if (savePts !== '') {
    const what = 'the circular, segment, save_pts, split, or pause command line options';
    messages.error(`\nERROR: The libav encoder does not currently support ${what} with non-elementary streams!\n`);
    throw new Refused('libav: Incompatible options selected.');
  }
  if (!libav.lowLatency && options.tune !== 'zerolatency')
    throw new Error('the stand-in for rpicam-vid plays libav with --low-latency only');
  return { format: libav.format, libav: true, options };
}

/** What libav says when the first picture is encoded. */
export function sayEncoder({ format, libav, options }, { bitrate }, size, fps, messages) {
  if (!libav) return;
  const profile = options['8x8dct'] ? 'High' : options.coder ? 'Main' : 'Constrained Baseline';
  messages.error(`[libx264 @ ${AT}] using cpu capabilities: MMX2 SSE2Fast SSSE3 SSE4.2 AVX FMA3 BMI2 AVX2`);
  messages.error(`[libx264 @ ${AT}] profile ${profile}, level 2.2, 4:2:0, 8-bit`);
  if (format === 'flv')
    messages.error(
      `[libx264 @ ${AT}] 264 - core 164 r3108 31e19f9 - H.264/MPEG-4 AVC codec - Copyleft 2003-2023 - http://www.videolan.org/x264.html - options: cabac=0 ref=1`,
    );
  const { maxrate = 0, bufsize = 0 } = options;
  messages.error(`Output #0, ${format}, to '-':`);
  messages.error(
    `  Stream #0:0: Video: h264, yuv420p(tv, smpte170m/smpte170m/bt709), ${size.width}x${size.height}, q=2-31, ${Math.round(bitrate / 1000)} kb/s, ${fps} fps, ${fps} tbr, 1000k tbn`,
  );
  messages.error('      Side data:');
  messages.error(`        cpb: bitrate max/min/avg: ${maxrate}/0/${bitrate} buffer size: ${bufsize} vbv_delay: N/A`);
}

/** What libav says at the end. */
export function sayEnd({ format, libav }, messages) {
  if (!libav) return;
  if (format === 'flv') {
    messages.error(`[flv @ ${AT}] Failed to update header with correct duration.`);
    messages.error(`[flv @ ${AT}] Failed to update header with correct filesize.`);
  }
  messages.error(`[libx264 @ ${AT}] kb/s:490.06`);
}

/** What libav says of a picture that is older than the one before. */
export const sayBackwards = ({ format }, messages) => messages.error(BACKWARDS.replace('%s', format));

/** What the program says when it dies of `--metadata` beside libav. */
export const METADATA_DEATH =
  "/usr/include/c++/14/bits/stl_queue.h:233: std::queue<_Tp, _Sequence>::reference std::queue<_Tp, _Sequence>::front() [with _Tp = libcamera::ControlList; _Sequence = std::deque<libcamera::ControlList, std::allocator<libcamera::ControlList> >; reference = libcamera::ControlList&]: Assertion '!this->empty()' failed.";

const START_CODE = Buffer.from([0, 0, 1]);
const typeOf = (nal) => nal[0] & 31;
const isSlice = (nal) => typeOf(nal) >= 1 && typeOf(nal) <= 5;

/** Cuts a byte stream into pictures: the NAL units of each. */
function pictures(bytes) {
  const nals = [];
  for (let code = bytes.indexOf(START_CODE); code >= 0; ) {
    const next = bytes.indexOf(START_CODE, code + 3);
    let end = next < 0 ? bytes.length : next;
    while (bytes[end - 1] === 0) end--;
    nals.push(bytes.subarray(code + 3, end));
    code = next;
  }
  const units = [];
  for (const nal of nals) {
    const last = units.at(-1);
    const begins = last === undefined || (last.some(isSlice) && (!isSlice(nal) || (nal[1] & 0x80) !== 0));
    if (begins) units.push([nal]);
    else last.push(nal);
  }
  return units;
}

/** The pictures of one group, or of several, that are shown in a loop. */
function loopOf(encoder, { bitrate, intra, mirrored, upsideDown, profile }, size, fps, dir) {
  const isRecorded = size.width === RECORDED.width && size.height === RECORDED.height && !mirrored && !upsideDown;
  const group = Math.min(MOST_PICTURES, intra || 60);
  if (isRecorded && encoder.libav && intra === RECORDED.intra) return pictures(readFileSync(RECORDING));
  const tools = encoder.libav ? encoder.options : { coder: profile === 'baseline' ? 0 : 1, '8x8dct': profile === 'high' ? 1 : 0 };
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size.width}x${size.height}:rate=${fps}`],
    ...['-frames:v', String(group), '-vf', ['format=yuv420p', ...(mirrored ? ['hflip'] : []), ...(upsideDown ? ['vflip'] : [])].join(',')],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', encoder.libav ? '2' : '1', '-g', String(group)],
    ...['-coder', String(tools.coder ?? 0), '-8x8dct', String(tools['8x8dct'] ?? 0), '-bf', '0', '-sc_threshold', '0'],
    ...['-b:v', String(bitrate || 2_000_000), '-maxrate', String(bitrate || 2_000_000), '-bufsize', String(bitrate || 2_000_000)],
    ...['-f', 'h264', 'pipe:1'],
  ];
  const kept = dir && join(dir, `h264-${createHash('sha256').update(args.join(' ')).digest('hex').slice(0, 16)}`);
  if (kept && existsSync(kept)) return pictures(readFileSync(kept));
  try {
    const bytes = execFileSync(process.env.REAL_FFMPEG ?? '/usr/bin/ffmpeg', args, { maxBuffer: 1 << 28 });
    if (kept && existsSync(dir)) writeFileSync(kept, bytes);
    return pictures(bytes);
  } catch (error) {
    if (isRecorded && error.code === 'ENOENT') return pictures(readFileSync(RECORDING));
    throw error;
  }
}

function tag(type, timestamp, body) {
  const head = Buffer.alloc(11);
  head[0] = type;
  head.writeUIntBE(body.length, 1, 3);
  head.writeUIntBE(timestamp % 2 ** 24, 4, 3);
  head[7] = Math.floor(timestamp / 2 ** 24) & 0x7f;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length + body.length);
  return Buffer.concat([head, body, length]);
}

const video = (timestamp, isKey, packetType, data) =>
  tag(9, timestamp, Buffer.concat([Buffer.from([isKey ? 0x17 : 0x27, packetType, 0, 0, 0]), data]));

const sized = (nal) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(nal.length);
  return Buffer.concat([length, nal]);
};

/** The head of the file, as written before the first picture. */
function flvHead([sps, pps]) {
  const two = (nal) => Buffer.concat([Buffer.from([nal.length >> 8, nal.length & 255]), nal]);
  const name = Buffer.from('onMetaData');
  const script = Buffer.concat([Buffer.from([2, 0, name.length]), name, Buffer.from([8, 0, 0, 0, 0, 0, 0, 9])]);
  const configuration = Buffer.concat([Buffer.from([1, sps[1], sps[2], sps[3], 0xff, 0xe1]), two(sps), Buffer.from([1]), two(pps)]);
  return Buffer.concat([Buffer.from('FLV\x01\x01\0\0\0\x09\0\0\0\0', 'latin1'), tag(18, 0, script), video(0, true, 0, configuration)]);
}

/** x264 has a longer start code in front of each picture, and of parameter sets; the others are short. */
const annexB = (nals) =>
  Buffer.concat(nals.flatMap((nal, at) => [Buffer.from(at === 0 || typeOf(nal) > 6 ? [0, 0, 0, 1] : [0, 0, 1]), nal]));

/**
 * @returns {{ at: (frame: number, ms: number) => Buffer, end: (ms: number) => Buffer }} the bytes of a frame, by its number and the
 *   time since the first, and those behind the last one
 */
export function makeH264(encoder, settings, size, fps, dir) {
  const loop = loopOf(encoder, settings, size, fps, dir);
  const parameters = loop[0].filter((nal) => typeOf(nal) === 7 || typeOf(nal) === 8);
  const isKey = (nals) => nals.some((nal) => typeOf(nal) === 5);
  const bare = (nals) => nals.filter((nal) => typeOf(nal) !== 7 && typeOf(nal) !== 8);
  // x264 says what it is in front of the very first picture alone.
  const nalsOf = (frame) => bare(loop[frame % loop.length]).filter((nal) => frame === 0 || typeOf(nal) !== 6);
  if (encoder.format === 'flv') {
    return {
      at(frame, ms) {
        const nals = nalsOf(frame);
        const picture = video(ms, isKey(nals), 1, Buffer.concat(nals.map(sized)));
        return frame === 0 ? Buffer.concat([flvHead(parameters), picture]) : picture;
      },
      end: (ms) => video(ms, true, 2, Buffer.alloc(0)),
    };
  }
  const inline = encoder.libav || settings.inline;
  return {
    at(frame) {
      const nals = encoder.libav ? nalsOf(frame) : nalsOf(frame).filter(isSlice);
      return annexB(isKey(nals) && (inline || frame === 0) ? [...parameters, ...nals] : nals);
    },
    end: () => Buffer.alloc(0),
  };
}
