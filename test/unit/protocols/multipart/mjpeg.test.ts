import { describe, expect, test } from '@jest/globals';
import { Frame } from '../../../../src/frames/frame.ts';
import { advancedPart, FIRST_ADVANCED_DELIMITER, FIRST_DELIMITER, part } from '../../../../src/protocols/multipart/mjpeg.ts';
import { makePicture } from '../../../support/frames.ts';

const frame = () => new Frame(makePicture({ data: new Uint8Array(5000).fill(8) }), 7, 1_763_875_234_123, 0);

describe('MJPEG parts', () => {
  test('header, picture and the next delimiter, to the byte', () => {
    const each = frame();
    const text = part(each).toString('latin1');
    const jpeg = each.jpeg.toString('latin1');
    expect(text).toBe(
      `Content-Type: image/jpeg\r\nContent-Length: ${each.size}\r\nX-Timestamp: 1763875234.123\r\n\r\n${jpeg}\r\n--frame\r\n`,
    );
    expect(FIRST_DELIMITER).toBe('--frame\r\n');
  });

  test('advanced: the picture is followed by the next part’s header', () => {
    const each = frame();
    expect(advancedPart(each).toString('latin1')).toBe(`${each.jpeg.toString('latin1')}\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n`);
    expect(FIRST_ADVANCED_DELIMITER).toBe('--frame\r\nContent-Type: image/jpeg\r\n\r\n');
  });

  test('views into the frame’s own buffer; making both forms changes neither', () => {
    const each = frame();
    const plain = part(each);
    const before = plain.toString('latin1');
    const advanced = advancedPart(each);
    expect(plain.buffer).toBe(each.buffer.buffer);
    expect(advanced.buffer).toBe(each.buffer.buffer);
    part(each);
    expect(plain.toString('latin1')).toBe(before);
  });

  test('the header fits in front of the largest picture at the latest time', () => {
    const picture = { ...makePicture(), size: makePicture().size };
    const late = new Frame(picture, 1, Date.UTC(9999, 11, 31), 0);
    expect(part(late).toString('latin1')).toMatch(/^Content-Type: image\/jpeg\r\n/);
  });
});
