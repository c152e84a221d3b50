import { describe, expect, test } from '@jest/globals';
import { changedSettings, DEFAULT_CAMERA_SETTINGS, unsupportedSettings } from '../../../src/camera/defaults.ts';
import type { CameraSettings } from '../../../src/camera/settings.ts';

const CHANGED: CameraSettings = { ...DEFAULT_CAMERA_SETTINGS, width: 640, roi: [0, 0, 0.5, 0.5], lensPosition: 0, extraArgs: [''] };

describe('changedSettings', () => {
  test('nothing but what differs, lists by their content', () => {
    expect(changedSettings({ ...DEFAULT_CAMERA_SETTINGS, roi: [], awbGains: [] })).toEqual([]);
    expect(changedSettings(CHANGED)).toEqual(['width', 'lensPosition', 'roi', 'extraArgs']);
  });
});

describe('unsupportedSettings', () => {
  test('leaves out what the source can do', () => {
    expect(unsupportedSettings(CHANGED, new Set(['width', 'roi', 'fps']))).toEqual(['lensPosition', 'extraArgs']);
  });
});
