import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { bundled, pictureFolder } from './tools.mjs';

const ROUNDS = 200;

/** Two ways to a picture at an eighth of its size, by CPU time of all threads. */
export async function decodings() {
  const { readThumbnail } = await import(pathToFileURL(await bundled('src/frames/jpeg-dc.ts', 'jpeg-dc.mjs')));
  sharp.cache(false);
  const folder = pictureFolder('large');
  const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const jpegs = names.map((name) => readFileSync(join(folder, name)));
  const own = (jpeg) => {
    const steps = readThumbnail(jpeg);
    while (!steps.next().done);
  };
  const library = (jpeg) => sharp(jpeg).resize(160, 90, { fit: 'fill', kernel: 'nearest' }).greyscale().raw().toBuffer();
  return [
    { what: 'A picture at an eighth, 1280x720: means of blocks (as used)', measured: `${await cpuMs(own, jpegs)} ms of CPU` },
    { what: 'A picture at an eighth, 1280x720: by sharp', measured: `${await cpuMs(library, jpegs)} ms of CPU` },
  ];
}

async function cpuMs(decode, jpegs) {
  for (let k = 0; k < ROUNDS / 4; k++) await decode(jpegs[k % jpegs.length]);
  const before = process.cpuUsage();
  for (let k = 0; k < ROUNDS; k++) await decode(jpegs[k % jpegs.length]);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 / ROUNDS).toFixed(2);
}
