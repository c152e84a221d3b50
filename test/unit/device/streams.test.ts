import { describe, expect, test } from '@jest/globals';
import { ADDRESS, H264, MJPEG, STREAMS, type StreamNames, SUB } from '../../../src/device/stream-names.ts';
import { type H264Feed, type H264Source, type JpegFeed, StreamCatalogue } from '../../../src/device/streams.ts';

const SOURCE = {} as H264Source;

const jpeg: JpegFeed = { ...MJPEG, fps: () => 15 };
const h264 = (names: StreamNames, source: () => H264Source | 'trying' | undefined, known = async () => {}): H264Feed => ({
  ...names,
  encoding: 'H264',
  fps: () => 15,
  source,
  known,
});
const idsOf = (streams: readonly StreamNames[]) => streams.map(({ id }) => id);

describe('the catalogue', () => {
  test('offers what is there or nearly certain to be, and knows the difference', () => {
    let source: H264Source | 'trying' | undefined = 'trying';
    const catalogue = new StreamCatalogue([h264(H264, () => source), h264(SUB, () => SOURCE), jpeg]);
    expect(idsOf(catalogue.offered)).toEqual(['h264', 'sub', 'mjpeg']);
    expect(idsOf(catalogue.certain)).toEqual(['sub', 'mjpeg']);
    source = SOURCE;
    expect(idsOf(catalogue.certain)).toEqual(['h264', 'sub', 'mjpeg']);
    source = undefined;
    expect(idsOf(catalogue.offered)).toEqual(['sub', 'mjpeg']);
    expect(idsOf(catalogue.all)).toEqual(['h264', 'sub', 'mjpeg']);
  });

  test('finds a stream by its path, by that of its tunnel, and by its tokens', () => {
    const catalogue = new StreamCatalogue([h264(H264, () => SOURCE), h264(SUB, () => SOURCE), jpeg]);
    const found = ['/mjpeg', '/stream.mjpg', '/h264', '/sub', '/', '/mjpeg/'].map((path) => catalogue.byPath(path)?.id);
    expect(found).toEqual(['mjpeg', 'mjpeg', 'h264', 'sub', undefined, undefined]);
    expect([catalogue.byId('sub')?.path, catalogue.byId('sub_encoder')]).toEqual(['/sub', undefined]);
  });

  test('is known when every stream is', async () => {
    let know: () => void = () => {};
    const known = new Promise<void>((resolve) => {
      know = resolve;
    });
    const catalogue = new StreamCatalogue([
      h264(H264, () => 'trying'),
      h264(
        SUB,
        () => 'trying',
        () => known,
      ),
      jpeg,
    ]);
    let over = false;
    const waited = catalogue.known().then(() => {
      over = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    know();
    await waited;
  });
});

test('no two streams share a name by which clients know them', () => {
  for (const name of ['id', 'encoder', 'path', 'webPath', 'portPair'] as const)
    expect(new Set(STREAMS.map((stream) => stream[name])).size).toBe(STREAMS.length);
  expect(STREAMS.map(ADDRESS.rtsp)).toEqual(['rtsp-mjpeg', 'rtsp-h264', 'rtsp-sub']);
});
