import { readFileSync } from 'node:fs';

export interface JpegShape {
  readonly width?: number;
  readonly height?: number;
  /** Entropy-coded bytes before stuffing. */
  readonly data?: Uint8Array;
  /** Payload of an APP1 segment, for thumbnails and other traps. */
  readonly app1?: Uint8Array;
  readonly huffmanTables?: boolean;
  /** Number of scans; more than one makes it progressive, with a DHT between the scans. */
  readonly scans?: number;
  /** A restart marker after this many data bytes. */
  readonly restartEvery?: number;
  /** Fill bytes (0xFF) before each marker, which T.81 B.1.1.2 allows. */
  readonly fill?: number;
}

/** A JPEG that is right in its structure (T.81 Annex B) and nonsense as a picture: for code that never decodes. */
export function makeJpeg({
  width = 64,
  height = 48,
  data = Uint8Array.of(1, 2, 0xff, 3),
  app1,
  huffmanTables = true,
  scans = 1,
  restartEvery = 0,
  fill = 0,
}: JpegShape = {}): Buffer {
  const segment = (marker: number, payload: Uint8Array | readonly number[]) =>
    Buffer.from([...Array(fill).fill(0xff), 0xff, marker, (payload.length + 2) >> 8, (payload.length + 2) & 0xff, ...payload]);
  const components = [1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
  const scan = () => {
    const bytes: number[] = [];
    let restart = 0;
    data.forEach((byte, at) => {
      bytes.push(byte);
      if (byte === 0xff) bytes.push(0);
      if (restartEvery > 0 && (at + 1) % restartEvery === 0) bytes.push(0xff, 0xd0 + (restart++ % 8));
    });
    return Buffer.from(bytes);
  };
  const parts = [Buffer.from([0xff, 0xd8]), segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0])];
  if (app1) parts.push(segment(0xe1, app1));
  parts.push(segment(0xdb, [0, ...Array(64).fill(16)]));
  parts.push(segment(scans > 1 ? 0xc2 : 0xc0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, 3, ...components]));
  for (let k = 0; k < scans; k++) {
    // Its counts hold FFD9, as a table in the field may.
    if (huffmanTables) parts.push(segment(0xc4, [0, 0, 1, ...Array(14).fill(0), 0xff, 0xd9]));
    parts.push(segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]), scan());
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

/** The recording of rpicam-vid: 30 pictures of colour bars, 640 × 480. */
export const barsRecording = (): Buffer => readFileSync(new URL('../fixtures/bars-640x480.mjpeg', import.meta.url));

/** Cuts bytes at the given sizes, over and over. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = Math.max(1, sizes[k % sizes.length] ?? bytes.length);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
