import { expect, test } from '@jest/globals';
import type { RpicamCamera } from '../../../../src/camera/rpicam/list.ts';
import { rpicamOffers } from '../../../../src/camera/rpicam/offers.ts';
import { settingsWith } from '../../../support/frames.ts';

const IMX219: RpicamCamera = { index: 0, model: 'imx219', id: '/base/soc/i2c0mux/i2c@1/imx219@10', width: 3280, height: 2464, modes: [] };
const imaging = (sensor: Partial<RpicamCamera> = {}) => rpicamOffers({ ...IMX219, ...sensor }, settingsWith({})).imaging!;

test('what the sensor said of its controls counts, within reason', () => {
  expect(imaging().exposure).toEqual({ shutter: { min: 100, max: 1_000_000 }, gain: { min: 1, max: 10 } });
  const controls = { AnalogueGain: { min: 1, max: 16 }, ExposureTime: { min: 200, max: 66_000 }, LensPosition: { min: 0, max: 15 } };
  expect(imaging({ controls, focuses: true })).toMatchObject({
    exposure: { shutter: { min: 200, max: 66_000 }, gain: { min: 1, max: 16 } },
    lensPosition: { min: 0, max: 15 },
  });
});

test('a lens that nobody knows to move is not offered, and one is without its range', () => {
  expect(imaging()).not.toHaveProperty('lensPosition');
  expect(imaging({ focuses: false })).not.toHaveProperty('lensPosition');
  expect(imaging({ focuses: true }).lensPosition).toEqual({ min: 0, max: 10 });
});

test('high dynamic range is that of the sensor of Camera Module 3, or of a Pi 5', () => {
  expect(imaging()).not.toHaveProperty('hdr');
  expect(imaging({ id: '/base/axi/pcie@1000120000/rp1/i2c@88000/imx219@10' }).hdr).toBe('single-exp');
  expect(imaging({ model: 'imx708_wide', id: '/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a' }).hdr).toBe('sensor');
});
