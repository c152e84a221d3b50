import { readFileSync } from 'node:fs';
import type { CodedPicture } from '../../src/frames/access-unit.ts';
import { FlvDemuxer } from '../../src/protocols/flv/demuxer.ts';
import { FlvPictures } from '../../src/protocols/flv/pictures.ts';

/** What rpicam-vid 1.13 wrote with libx264: 44 pictures of 640x480, each of two slices, key frames at every 15th, no delimiters. */
export const LOW_LATENCY = 'h264-lowlatency-640x480';
/** The same without `--low-latency`: profile High, one slice, pictures out of order. */
export const WITH_DELAY = 'h264-default-640x480';

export const h264Recording = (name: string): Buffer => readFileSync(new URL(`../fixtures/h264/${name}`, import.meta.url));

/** The coded pictures of {@link LOW_LATENCY}, key frames at every 15th. */
export function recordedPictures(): CodedPicture[] {
  const pictures: CodedPicture[] = [];
  const reader = new FlvPictures();
  const demuxer = new FlvDemuxer((video) => {
    const picture = reader.read(video);
    if (picture) pictures.push(picture);
  }, 1 << 20);
  demuxer.push(h264Recording(`${LOW_LATENCY}.flv`));
  return pictures;
}
