import { expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { AppError } from '../../../src/core/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const loadImageLibrary = jest.fn(async (purpose: string) => {
  throw new AppError('ENCODER_MISSING', `${purpose} needs the image library.`);
});
jest.unstable_mockModule('../../../src/platform/image-library.ts', () => ({ loadImageLibrary }));
const { decodeLuma } = await import('../../../src/analysis/decode.ts');

const grey = sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } });

test('the image library is asked for where the picture is no baseline JPEG, and not before: a Pi Zero must never load it', async () => {
  const clock = new FakeClock();
  expect(await decodeLuma(await grey.clone().jpeg().toBuffer(), clock)).toMatchObject({ width: 8, height: 6 });
  expect(loadImageLibrary).not.toHaveBeenCalled();
  const progressive = await grey.clone().jpeg({ progressive: true }).toBuffer();
  await expect(decodeLuma(progressive, clock)).rejects.toMatchObject({ code: 'ENCODER_MISSING' });
  expect(loadImageLibrary).toHaveBeenCalledWith('Analysis of this picture');
});
