import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { annotateOf, DATE_FORMATS, osdTextOf, TIME_FORMATS } from '../../../../src/onvif/media/osd-formats.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { at, faultOf, mediaService, OSD_OF_THE_TIME, sentBack } from '../../../support/onvif-media.ts';

const TOKEN = { attributes: { token: 'osd_text' } };
const NO_CONFIG = 'Sender/InvalidArgVal/NoConfig';
const MODIFY = 'Sender/InvalidArgVal/ConfigModify';

const plain = (PlainText: string, attributes: SoapObject = {}) => ({
  ...OSD_OF_THE_TIME,
  TextString: { attributes, Type: 'Plain', PlainText },
});

test('is made, told, changed and removed', async () => {
  const { call, imaging } = mediaService();
  expect(await call('GetOSDs')).toEqual({ OSDs: [] });
  expect(await call('CreateOSD', { OSD: { attributes: { token: '' }, ...OSD_OF_THE_TIME } })).toEqual({ OSDToken: 'osd_text' });
  expect(imaging.changes.at(-1)).toEqual([{ annotate: '%F %T', annotatePosition: 'upper-left' }, true]);
  expect(await call('GetOSDs', { ConfigurationToken: 'video_source_config' })).toEqual({ OSDs: [{ ...TOKEN, ...OSD_OF_THE_TIME }] });
  await call('SetOSD', { OSD: { ...TOKEN, ...plain('Tür & Tor', { IsPersistentText: 'false' }), Position: { Type: 'LowerRight' } } });
  expect(imaging.changes.at(-1)).toEqual([{ annotate: 'Tür & Tor', annotatePosition: 'lower-right' }, false]);
  expect(at(await call('GetOSD', { OSDToken: 'osd_text' }), 'OSD')).toMatchObject({
    Position: { Type: 'LowerRight' },
    TextString: { Type: 'Plain', PlainText: 'Tür & Tor' },
  });
  await call('DeleteOSD', { OSDToken: 'osd_text' });
  expect(imaging.changes.at(-1)).toEqual([{ annotate: '' }, true]);
  expect(await call('GetOSDs')).toEqual({ OSDs: [] });
});

test('every format that is offered is taken, and told as it was set', async () => {
  const { call } = mediaService();
  await call('CreateOSD', { OSD: OSD_OF_THE_TIME });
  const { TextOption } = (await call('GetOSDOptions', { ConfigurationToken: 'video_source_config' })).OSDOptions as SoapObject;
  const { DateFormat, TimeFormat } = TextOption as { DateFormat: string[]; TimeFormat: string[] };
  const texts = [
    ...DateFormat.map((date) => ({ Type: 'Date', DateFormat: date })),
    ...TimeFormat.map((time) => ({ Type: 'Time', TimeFormat: time })),
    ...DateFormat.flatMap((date) => TimeFormat.map((time) => ({ Type: 'DateAndTime', DateFormat: date, TimeFormat: time }))),
  ];
  expect(texts.length).toBeGreaterThan(20);
  for (const TextString of texts) {
    await call('SetOSD', { OSD: { ...TOKEN, ...OSD_OF_THE_TIME, TextString } });
    expect(at(await call('GetOSDs'), 'OSDs', 0, 'TextString')).toEqual(TextString);
  }
});

test('formats and strftime are one another’s reverse', () => {
  for (const date of DATE_FORMATS) {
    for (const time of TIME_FORMATS) {
      const text = annotateOf({ type: 'DateAndTime', date, time })!;
      expect(osdTextOf(text)).toEqual({ type: 'DateAndTime', date, time });
    }
  }
  expect(osdTextOf('Garden %H:%M')).toEqual({ type: 'Plain', text: 'Garden %H:%M' });
  expect(annotateOf({ type: 'Date', date: 'd.M.yy' })).toBeUndefined();
});

test('a text of the owner is told, and may be sent back as it was told', async () => {
  const { call, imaging } = mediaService();
  imaging.now = { ...imaging.now, annotate: ' Garden %H:%M' };
  await call('SetOSD', { OSD: sentBack(at(await call('GetOSDs'), 'OSDs', 0)) as SoapObject });
  expect(imaging.now.annotate).toBe(' Garden %H:%M');
});

describe('a fault', () => {
  test.each<[string, SoapObject]>([
    ['an image', { Type: 'Image' }],
    ['a place in the middle', { Position: { Type: 'Custom', Pos: { attributes: { x: '0', y: '0' } } } }],
    ['a corner that the source does not have', { Position: { Type: 'UpperRight' } }],
    ['another format', { TextString: { Type: 'Date', DateFormat: 'd.M.yy' } }],
    ['another kind of text', { TextString: { Type: 'Weather' } }],
    ['no text', { TextString: { Type: 'Plain' } }],
    ['blanks', { TextString: { Type: 'Plain', PlainText: '  ' } }],
    ['two lines', { TextString: { Type: 'Plain', PlainText: 'a\nb' } }],
    ['too much', { TextString: { Type: 'Plain', PlainText: 'x'.repeat(256) } }],
  ])('%s', async (_, wrong) => {
    const { call, imaging } = mediaService();
    expect(await faultOf(call('CreateOSD', { OSD: { ...OSD_OF_THE_TIME, ...wrong } }))).toBe(MODIFY);
    await call('CreateOSD', { OSD: OSD_OF_THE_TIME });
    expect(await faultOf(call('SetOSD', { OSD: { ...TOKEN, ...OSD_OF_THE_TIME, ...wrong } }))).toBe(MODIFY);
    expect(imaging.changes).toHaveLength(1);
  });

  test('of tokens', async () => {
    const { call } = mediaService();
    const other = { ...OSD_OF_THE_TIME, VideoSourceConfigurationToken: 'other' };
    expect(await faultOf(call('CreateOSD', { OSD: other }))).toBe(NO_CONFIG);
    expect(await faultOf(call('GetOSDs', { ConfigurationToken: 'other' }))).toBe(NO_CONFIG);
    expect(await faultOf(call('GetOSDOptions', { ConfigurationToken: 'other' }))).toBe(NO_CONFIG);
    const requests = {
      GetOSD: { OSDToken: 'osd_text' },
      DeleteOSD: { OSDToken: 'osd_text' },
      SetOSD: { OSD: { ...TOKEN, ...OSD_OF_THE_TIME } },
    };
    for (const [name, request] of Object.entries(requests)) {
      // There is none yet.
      expect(await faultOf(call(name, request))).toBe(NO_CONFIG);
      expect(await faultOf(call(name, {}))).toBe('Sender/InvalidArgs');
    }
    await call('CreateOSD', { OSD: OSD_OF_THE_TIME });
    expect(await faultOf(call('CreateOSD', { OSD: OSD_OF_THE_TIME }))).toBe('Receiver/Action/MaxOSDs');
    expect(await faultOf(call('GetOSD', { OSDToken: 'other' }))).toBe(NO_CONFIG);
  });

  test('of a source that cannot draw, which the capabilities tell, and of a full disk', async () => {
    const { call, imaging } = mediaService();
    expect(at(await call('GetServiceCapabilities'), 'Capabilities', 'attributes', 'OSD')).toBe(true);
    imaging.failure = new AppError('DISK_FULL', 'full');
    expect(await faultOf(call('CreateOSD', { OSD: OSD_OF_THE_TIME }))).toBe('Receiver/Action');
    imaging.corners = undefined;
    expect(at(await call('GetServiceCapabilities'), 'Capabilities', 'attributes', 'OSD')).toBe(false);
    expect(await call('GetOSDs')).toEqual({ OSDs: [] });
    expect(await faultOf(call('CreateOSD', { OSD: OSD_OF_THE_TIME }))).toBe('Receiver/ActionNotSupported');
    expect(await faultOf(call('GetOSDOptions', { ConfigurationToken: 'video_source_config' }))).toBe('Receiver/ActionNotSupported');
  });
});

test('GetVideoSources tells the image of the source, and nothing where there is nothing', async () => {
  const { call, imaging } = mediaService();
  const source = async () => at(await call('GetVideoSources'), 'VideoSources', 0) as SoapObject;
  expect(await source()).toMatchObject({
    Imaging: { Brightness: 50, Sharpness: 50 },
    Extension: { Imaging: { Exposure: { Mode: 'AUTO' } } },
  });
  imaging.offered = undefined;
  expect(Object.keys(await source())).toEqual(['attributes', 'Framerate', 'Resolution']);
});
