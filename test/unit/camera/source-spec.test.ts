import { describe, expect, test } from '@jest/globals';
import { parseSourceSpec, SOURCE_FORMS } from '../../../src/camera/source-spec.ts';

describe('parseSourceSpec', () => {
  test.each([
    ['auto', { kind: 'auto' }],
    ['test', { kind: 'test' }],
    ['rpicam', { kind: 'rpicam', camera: 0 }],
    ['rpicam:0', { kind: 'rpicam', camera: 0 }],
    ['rpicam:1', { kind: 'rpicam', camera: 1 }],
    ['v4l2', { kind: 'v4l2' }],
    ['v4l2:/dev/video0', { kind: 'v4l2', device: '/dev/video0' }],
    ['v4l2:/dev/v4l/by-id/usb-046d:0825-video-index0', { kind: 'v4l2', device: '/dev/v4l/by-id/usb-046d:0825-video-index0' }],
    ['images:pictures', { kind: 'images', dir: 'pictures' }],
    ['images:/home/pi/my pictures: 2026', { kind: 'images', dir: '/home/pi/my pictures: 2026' }],
  ])('%s', (text, expected) => {
    expect(parseSourceSpec(text)).toEqual(expected);
  });

  test.each([
    '',
    ':',
    'AUTO',
    ' auto',
    'auto:',
    'test:1',
    'rpicam:',
    'rpicam:-1',
    'rpicam:x',
    'rpicam:1.5',
    'rpicam:100',
    'v4l2:',
    'v4l2:video0',
    'images',
    'images:',
    '/dev/video0',
    'constructor',
  ])('%j is none', (text) => {
    expect(parseSourceSpec(text)).toBeUndefined();
  });

  test('takes every form that the help names', () => {
    for (const form of SOURCE_FORMS.split(/, | or /)) expect(parseSourceSpec(form)).toBeDefined();
  });
});
