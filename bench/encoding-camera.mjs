#!/usr/bin/env node
// A model of rpicam-vid for the measurement of what encoding costs: it takes rpicam-vid's place and lets ffmpeg encode pictures
// that are ready in memory, by the clock, with the encoders that rpicam-vid has on a Pi 5 (libx264 with its options, JPEG).
// No sensor is read and nothing is drawn: what it costs is the encoding, and some 1 % of a core for reading the pictures.
//
// BENCH_RAW  file of pictures of the size that is asked for: planar 4:2:0, one after the other, shown in a loop
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const VERSION = 'rpicam-apps build: v1.13.0 000000000000 01-01-2026 (00:00:00)\nrpicam-apps capabilites: egl:0 qt:0 drm:0 libav:1\n';
const LIST = `Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 1640x1232 [41.00 fps - (0, 0)/3280x2464 crop]
`;
/** What `--low-latency` and rpicam-vid itself set (libav_encoder.cpp). */
const LOW_LATENCY = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-thread_type', 'slice', '-slices', '4', '-refs', '1', '-bf', '0'];
const ALWAYS = ['-me_range', '16', '-subq', '0', '-weightp', 'none', '-sc_threshold', '0'];

const args = process.argv.slice(2);
if (args.includes('--version')) process.stdout.write(VERSION);
else if (args.includes('--list-cameras')) process.stdout.write(LIST);
else capture();

function capture() {
  const text = { type: 'string' };
  const names = ['codec', 'width', 'height', 'framerate', 'intra', 'bitrate', 'libav-format', 'libav-video-codec-opts'];
  const options = Object.fromEntries(names.map((name) => [name, text]));
  const { values } = parseArgs({ args, strict: false, options });
  const isH264 = values.codec === 'libav';
  // The same bytes: JPEG has the full range of values.
  const format = isH264 ? 'yuv420p' : 'yuvj420p';
  const input = ['-re', '-stream_loop', '-1', '-f', 'rawvideo', '-pix_fmt', format, '-s', `${values.width}x${values.height}`];
  const output = isH264 ? h264(values) : ['-c:v', 'mjpeg', '-threads', '1', '-q:v', '4', '-huffman', 'default', '-f', 'mjpeg'];
  const child = spawn(
    'ffmpeg',
    ['-v', 'error', '-nostdin', ...input, '-r', values.framerate, '-i', process.env.BENCH_RAW, ...output, '-flush_packets', '1', 'pipe:1'],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'));
  child.once('exit', () => process.exit(0));
}

function h264(values) {
  const words = (values['libav-video-codec-opts'] ?? '').split(';').filter((word) => word !== '');
  const own = words.flatMap((word) => [`-${word.slice(0, word.indexOf('='))}`, word.slice(word.indexOf('=') + 1)]);
  const rate = ['-b:v', values.bitrate, '-g', values.intra];
  return ['-c:v', 'libx264', ...LOW_LATENCY, ...ALWAYS, ...rate, ...own, '-f', values['libav-format'], '-flvflags', 'no_duration_filesize'];
}
