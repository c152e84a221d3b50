import { describe, expect, test } from '@jest/globals';
import { clusterHeader, mjpegStreamHeader } from '../../../../src/protocols/matroska/video-stream.ts';

const MASTERS = new Set([0x1a45dfa3, 0x1549a966, 0x1654ae6b, 0xae, 0xe0, 0x1f43b675]);

interface Element {
  id: number;
  /** Undefined: without an end. */
  size: number | undefined;
  data: Buffer;
  children: Element[];
}

/** Reads EBML (RFC 8794): ids with their length marker, sizes without. */
function readElements(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  let at = 0;
  const vint = (keepMarker: boolean) => {
    const length = Math.clz32(bytes[at]!) - 23;
    let value = BigInt(keepMarker ? bytes[at]! : bytes[at]! & (0xff >> length));
    for (let k = 1; k < length; k++) value = (value << 8n) | BigInt(bytes[at + k]!);
    at += length;
    return value === (1n << BigInt(7 * length)) - 1n && !keepMarker ? undefined : Number(value);
  };
  while (at < bytes.length) {
    const id = vint(true)!;
    const size = vint(false);
    const data = bytes.subarray(at, size === undefined ? bytes.length : at + size);
    elements.push({ id, size, data, children: size === undefined || MASTERS.has(id) ? readElements(data) : [] });
    at += data.length;
  }
  return elements;
}

const find = (elements: readonly Element[], ...ids: number[]): Element => {
  const [id, ...rest] = ids;
  const found = elements.find((element) => element.id === id);
  if (!found) throw new Error(`no element ${id!.toString(16)}`);
  return rest.length === 0 ? found : find(found.children, ...rest);
};
const number = (element: Element) => Number(element.data.readBigUInt64BE());

describe('Matroska with JPEGs', () => {
  const header = readElements(mjpegStreamHeader({ width: 1280, height: 720, frameRate: 15 }));

  test('begins with an EBML header and a segment without an end', () => {
    expect(header.map(({ id }) => id)).toEqual([0x1a45dfa3, 0x18538067]);
    expect(find(header, 0x1a45dfa3, 0x4282).data.toString()).toBe('matroska');
    expect(header[1]!.size).toBeUndefined();
  });

  test('counts in microseconds', () => {
    expect(number(find(header, 0x18538067, 0x1549a966, 0x2ad7b1))).toBe(1000);
  });

  test('has one video track of JPEGs, with its size and rate', () => {
    const track = find(header, 0x18538067, 0x1654ae6b, 0xae).children;
    expect(find(track, 0x86).data.toString()).toBe('V_MJPEG');
    expect([find(track, 0xd7), find(track, 0x83)].map(number)).toEqual([1, 1]);
    expect([find(track, 0xe0, 0xb0), find(track, 0xe0, 0xba)].map(number)).toEqual([1280, 720]);
    expect(number(find(track, 0x23e383))).toBe(66_666_667);
  });

  test.each([0, 1, 66_667, 2 ** 31, 10 ** 15])('a picture at %d µs is a cluster of its own that ends with it', (time) => {
    const jpeg = Buffer.alloc(70_001, 0xee);
    const elements = readElements(Buffer.concat([clusterHeader(time, jpeg.length), jpeg]));
    expect(elements).toHaveLength(1);
    expect(number(find(elements, 0x1f43b675, 0xe7))).toBe(time);
    const block = find(elements, 0x1f43b675, 0xa3).data;
    expect(block.subarray(0, 4)).toEqual(Buffer.from([0x81, 0, 0, 0x80]));
    expect(block.subarray(4).equals(jpeg)).toBe(true);
  });
});
