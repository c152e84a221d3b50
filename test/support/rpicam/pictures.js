/** The pictures that the camera shows in a loop. */
import { readFileSync } from 'node:fs';

/** How many different pictures a generated loop has: enough that a viewer sees movement, few enough to be made at once. */
const LOOP = 15;

/** Recorded from the real program at 640x480 and quality 50. */
const BARS = new URL('../../fixtures/bars-640x480.mjpeg', import.meta.url);

const END_AND_START = Buffer.from([0xff, 0xd9, 0xff, 0xd8]);

/** Cuts JPEGs that lie back to back. Only for recordings whose pictures hold no other end marker. */
function cut(recording) {
  const pictures = [];
  let from = 0;
  while (from < recording.length) {
    const at = recording.indexOf(END_AND_START, from);
    const to = at < 0 ? recording.length : at + 2;
    pictures.push(recording.subarray(from, to));
    from = to;
  }
  return pictures;
}

/** The JFIF segment of the real program's pictures, which sharp leaves out: version 1.1, pixels are square. */
const JFIF = Buffer.from([0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);

const COLOURS = [
  [235, 235, 235],
  [235, 235, 16],
  [16, 235, 235],
  [16, 235, 16],
  [235, 16, 235],
  [235, 16, 16],
  [16, 16, 235],
  [16, 16, 16],
];

/** Strength of the noise, of 255: gives about as many bytes per picture as a photo. */
const NOISE = 22;

/** A row of colour bars and a row of noise, each twice as long as the picture so that it can be moved along. */
function patterns(width) {
  const bars = Buffer.alloc(width * 6);
  const noise = Buffer.alloc(width * 6);
  let random = 1;
  for (let x = 0; x < width * 2; x++) {
    const colour = COLOURS[Math.floor(((x % width) * COLOURS.length) / width)];
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    for (let c = 0; c < 3; c++) {
      bars[x * 3 + c] = colour[c];
      noise[x * 3 + c] = 64 + ((x % width) * 128) / width + ((random >> 16) % NOISE);
    }
  }
  return { bars, noise };
}

/** One raw picture: bars above noise, both moving to the left, and a white square at the top left that moves down. */
function draw({ width, height }, { bars, noise }, index) {
  const row = width * 3;
  const pixels = Buffer.alloc(row * height);
  const shift = Math.floor((width * index) / LOOP) * 3;
  const side = Math.max(1, Math.floor(height / 10));
  const top = Math.floor(((height - side) * index) / LOOP);
  for (let y = 0; y < height; y++) {
    const source = y < height / 2 ? bars : noise;
    // Every eighth row starts elsewhere, so that the noise has no columns.
    const from = y < height / 2 ? shift : (shift + (y >> 3) * 111) % row;
    source.copy(pixels, y * row, from, from + row);
    if (y >= top && y < top + side) pixels.fill(255, y * row, y * row + Math.min(side, width) * 3);
  }
  return pixels;
}

/**
 * @param {{ width: number, height: number }} size
 * @param {{ quality: number, mirrored: boolean, upsideDown: boolean }} settings
 * @returns {Promise<Buffer[]>} JPEGs: baseline, 4:2:0, the usual Huffman tables
 */
export async function makePictures(size, { quality, mirrored, upsideDown }) {
  if (size.width === 640 && size.height === 480 && !mirrored && !upsideDown) return cut(readFileSync(BARS));
  // Loaded here, as the refusals and the recorded pictures do without it.
  const { default: sharp } = await import('sharp');
  const raw = { width: size.width, height: size.height, channels: 3 };
  const rows = patterns(size.width);
  const jpeg = {
    quality: Math.max(1, Math.min(100, quality)),
    progressive: false,
    optimiseCoding: false,
    chromaSubsampling: '4:2:0',
  };
  const pictures = [];
  for (let index = 0; index < LOOP; index++) {
    const image = sharp(draw(size, rows, index), { raw })
      .flop(mirrored)
      .flip(upsideDown);
    const bytes = await image.jpeg(jpeg).toBuffer();
    pictures.push(Buffer.concat([bytes.subarray(0, 2), JFIF, bytes.subarray(2)]));
  }
  return pictures;
}
