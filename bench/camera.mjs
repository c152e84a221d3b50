#!/usr/bin/env node
// A camera for the benchmarks: takes rpicam-vid's place and writes the picture set to standard output at the asked rate,
// by the clock and as fast as the pipe takes it, as rpicam-vid --flush does. Notes when it began to write the first picture.
//
// BENCH_PICTURES  folder of .jpg files, shown in a loop
// BENCH_STIRS     not empty: says all the time that something begins to move, and stops, where it is to look for motion
// BENCH_NOTES     file that gets the time of each start's first picture, milliseconds since the Unix epoch
import { appendFileSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const LIST = `Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 1640x1232 [41.00 fps - (0, 0)/3280x2464 crop]
`;
const { BENCH_PICTURES: folder, BENCH_NOTES: notes, BENCH_STIRS: stirs } = process.env;
/** How often what it sees changes, milliseconds. */
const STIR_MS = 400;

if (process.argv.includes('--list-cameras')) {
  process.stdout.write(LIST);
} else {
  const fps = Number(process.argv[process.argv.indexOf('--framerate') + 1]);
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const pictures = names.sort().map((name) => readFileSync(join(folder, name)));
  process.once('SIGINT', () => process.exit(0));

  if (process.argv.includes('--lores-width')) {
    process.stderr.write('Lores: 64x48 roi: (0,0) 64x48 threshold: 4\n');
    let moves = false;
    const stir = () => {
      moves = !moves;
      process.stderr.write(`Motion ${moves ? 'detected' : 'stopped'}\n`);
    };
    if (stirs) setInterval(stir, STIR_MS);
  }
  const start = performance.now();
  let shown = 0;
  const show = () => {
    if (shown === 0) appendFileSync(notes, `${performance.timeOrigin + performance.now()}\n`);
    const picture = pictures[shown % pictures.length];
    // The pipe blocks, as it does for rpicam-vid.
    for (let at = 0; at < picture.length; ) at += writeSync(1, picture, at);
    shown++;
    setTimeout(show, start + (shown * 1000) / fps - performance.now());
  };
  show();
}
