import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { at, changeEncoder, type FakeCamera, faultOf, mediaService, sentBack } from '../../../support/onvif-media.ts';

const CONFIG_MODIFY = 'Sender/InvalidArgVal/ConfigModify';
const NO_CONFIG = 'Sender/InvalidArgVal/NoConfig';

describe('the video source', () => {
  test('has the asked size before there are pictures, then the real one; and always the rate that is set, not the measured one', async () => {
    const { call, camera } = mediaService();
    const source = async () => at(await call('GetVideoSources'), 'VideoSources', 0);
    expect(await source()).toMatchObject({
      attributes: { token: 'video_source' },
      Framerate: 15,
      Resolution: { Width: 1280, Height: 720 },
    });
    camera.real = { width: 1296, height: 972, fps: 14.96 };
    expect(await source()).toMatchObject({ Framerate: 15, Resolution: { Width: 1296, Height: 972 } });
    camera.real = { width: 1296, height: 972, fps: 7.24 };
    expect(await source()).toMatchObject({ Framerate: 15 });
    camera.real = { width: 1296, height: 972, fps: 0 };
    expect(await source()).toMatchObject({ Framerate: 15, Resolution: { Width: 1296, Height: 972 } });
    camera.asked = { ...camera.asked, fps: 7.5 };
    expect(await source()).toMatchObject({ Framerate: 7.5 });
  });

  test('has one configuration over the whole real picture, and only that can be chosen', async () => {
    const { call, camera } = mediaService();
    camera.real = { width: 640, height: 480, fps: 10 };
    const configuration = {
      attributes: { token: 'video_source_config' },
      Name: 'Camera',
      UseCount: 1,
      SourceToken: 'video_source',
      Bounds: { attributes: { x: 0, y: 0, width: 640, height: 480 } },
    };
    const token = { ConfigurationToken: 'video_source_config' };
    expect(await call('GetVideoSourceConfigurations')).toEqual({ Configurations: [configuration] });
    expect(await call('GetCompatibleVideoSourceConfigurations', { ProfileToken: 'mjpeg' })).toEqual({ Configurations: [configuration] });
    expect(await call('GetVideoSourceConfiguration', token)).toEqual({ Configuration: configuration });
    const options = {
      Options: {
        attributes: { MaximumNumberOfProfiles: 5 },
        BoundsRange: {
          XRange: { Min: 0, Max: 0 },
          YRange: { Min: 0, Max: 0 },
          WidthRange: { Min: 640, Max: 640 },
          HeightRange: { Min: 480, Max: 480 },
        },
        VideoSourceTokensAvailable: ['video_source'],
      },
    };
    for (const request of [{}, token, { ProfileToken: 'mjpeg' }, { ...token, ProfileToken: 'mjpeg' }])
      expect(await call('GetVideoSourceConfigurationOptions', request)).toEqual(options);
  });

  test.each(['GetVideoSourceConfiguration', 'GetVideoSourceConfigurationOptions', 'GetGuaranteedNumberOfVideoEncoderInstances'])(
    '%s knows that one only',
    async (name) => {
      expect(await faultOf(mediaService().call(name, { ConfigurationToken: 'mjpeg_encoder' }))).toBe(NO_CONFIG);
    },
  );

  const set = async (change: SoapObject) => {
    const { call } = mediaService();
    const { Configuration } = await call('GetVideoSourceConfiguration', { ConfigurationToken: 'video_source_config' });
    const sent = { ...(sentBack(Configuration) as SoapObject), ...change };
    return call('SetVideoSourceConfiguration', { Configuration: sent, ForcePersistence: 'true' });
  };

  test('takes its configuration back as it is', async () => {
    expect(await set({})).toEqual({});
    expect(await set({ UseCount: '7', Bounds: undefined })).toEqual({});
  });

  test.each([
    [{ Name: 'Garden' }, CONFIG_MODIFY],
    [{ SourceToken: 'other' }, CONFIG_MODIFY],
    [{ Bounds: { attributes: { x: '0', y: '0', width: '640', height: '480' } } }, CONFIG_MODIFY],
    [{ Bounds: { attributes: { x: '10', y: '0', width: '1280', height: '720' } } }, CONFIG_MODIFY],
    [{ Bounds: { attributes: { x: 'left', y: '0', width: '1280', height: '720' } } }, 'Sender/InvalidArgs'],
    [{ attributes: { token: 'other' } }, NO_CONFIG],
    [{ attributes: {} }, 'Sender/InvalidArgs'],
  ])('refuses %j', async (change, fault) => {
    expect(await faultOf(set(change))).toBe(fault);
  });

  test('guarantees one instance of each encoder', async () => {
    const answer = await mediaService().call('GetGuaranteedNumberOfVideoEncoderInstances', { ConfigurationToken: 'video_source_config' });
    expect(answer).toEqual({ TotalNumber: 1, JPEG: 1 });
  });
});

describe('the encoder configuration', () => {
  test('says what is asked of the camera', async () => {
    const { call } = mediaService();
    const configuration = {
      attributes: { token: 'mjpeg_encoder' },
      Name: 'MJPEG',
      UseCount: 1,
      Encoding: 'JPEG',
      Resolution: { Width: 1280, Height: 720 },
      Quality: 75,
      RateControl: { FrameRateLimit: 15, EncodingInterval: 1, BitrateLimit: 27_648 },
      Multicast: { Address: { Type: 'IPv4', IPv4Address: '0.0.0.0' }, Port: 0, TTL: 1, AutoStart: false },
      SessionTimeout: 'PT60S',
    };
    expect(await call('GetVideoEncoderConfiguration', { ConfigurationToken: 'mjpeg_encoder' })).toEqual({ Configuration: configuration });
    expect(await call('GetVideoEncoderConfigurations')).toEqual({ Configurations: [configuration] });
    expect(await call('GetCompatibleVideoEncoderConfigurations', { ProfileToken: 'mjpeg' })).toEqual({ Configurations: [configuration] });
  });

  test.each(['GetVideoEncoderConfiguration', 'GetVideoEncoderConfigurationOptions'])('%s knows its own token only', async (name) => {
    expect(await faultOf(mediaService().call(name, { ConfigurationToken: 'video_source_config' }))).toBe(NO_CONFIG);
  });

  test('offers what the source offers', async () => {
    const { call } = mediaService();
    const options = {
      Options: {
        QualityRange: { Min: 1, Max: 100 },
        JPEG: {
          ResolutionsAvailable: [
            { Width: 1920, Height: 1080 },
            { Width: 1280, Height: 720 },
            { Width: 320, Height: 240 },
          ],
          FrameRateRange: { Min: 1, Max: 30 },
          EncodingIntervalRange: { Min: 1, Max: 1 },
        },
      },
    };
    const requests = [
      {},
      { ConfigurationToken: 'mjpeg_encoder' },
      { ProfileToken: 'mjpeg' },
      { ConfigurationToken: '', ProfileToken: '' },
      { ConfigurationToken: 'mjpeg_encoder', ProfileToken: 'mjpeg' },
    ];
    for (const request of requests) expect(await call('GetVideoEncoderConfigurationOptions', request)).toEqual(options);
  });

  test('has whole rates where the camera has fractions', async () => {
    const { call, camera } = mediaService();
    camera.offered = { ...camera.offered, fps: { min: 0.1, max: 29.97 } };
    expect(at(await call('GetVideoEncoderConfigurationOptions'), 'Options', 'JPEG', 'FrameRateRange')).toEqual({ Min: 1, Max: 29 });
    for (const [fps, limit] of [
      [0.1, 1],
      [7.2, 8],
      [8, 8],
    ] as const) {
      camera.asked = { ...camera.asked, fps };
      expect(await frameRate(call)).toBe(limit);
    }
  });
});

const frameRate = async (call: ReturnType<typeof mediaService>['call']) =>
  at(await call('GetVideoEncoderConfigurations'), 'Configurations', 0, 'RateControl', 'FrameRateLimit');

describe('SetVideoEncoderConfiguration', () => {
  const set = (media: ReturnType<typeof mediaService>, change: SoapObject, force?: string) =>
    changeEncoder(media, 'mjpeg_encoder', change, force);

  test.each<[SoapObject, FakeCamera['changes'][number]]>([
    [{ Resolution: { Width: '320', Height: '240' } }, { width: 320, height: 240 }],
    [{ Quality: '50.0' }, { quality: 50 }],
    [{ Quality: 33.4 }, { quality: 33 }],
    [{ RateControl: { FrameRateLimit: '30', EncodingInterval: '1', BitrateLimit: '4000' } }, { fps: 30 }],
    [
      { Resolution: { Width: 1920, Height: 1080 }, Quality: '1', RateControl: { FrameRateLimit: 1 } },
      { width: 1920, height: 1080, quality: 1, fps: 1 },
    ],
  ])('changes only what differs: %j', async (sent, change) => {
    const media = mediaService();
    expect(await set(media, sent)).toEqual({});
    expect(media.camera.changes).toEqual([change]);
  });

  test('shows the change at once', async () => {
    const media = mediaService();
    await set(media, { Resolution: { Width: '320', Height: '240' }, Quality: '20', RateControl: { FrameRateLimit: '5' } });
    expect(at(await media.call('GetProfiles'), 'Profiles', 0, 'VideoEncoderConfiguration')).toMatchObject({
      Resolution: { Width: 320, Height: 240 },
      Quality: 20,
      RateControl: { FrameRateLimit: 5 },
    });
  });

  test('persists whatever ForcePersistence says', async () => {
    const media = mediaService();
    for (const [index, force] of ['true', 'false', '1', ''].entries()) await set(media, { Quality: String(index + 1) }, force);
    expect(media.camera.changes).toEqual([{ quality: 1 }, { quality: 2 }, { quality: 3 }, { quality: 4 }]);
  });

  test.each<SoapObject>([
    {},
    { SessionTimeout: 'PT10S', UseCount: '9' },
    { RateControl: { FrameRateLimit: '15', EncodingInterval: '1', BitrateLimit: '64' } },
    { Quality: '75.2', H264: { GovLength: '30', H264Profile: 'Main' } },
    { Name: undefined, Encoding: undefined, Resolution: undefined, Quality: undefined, RateControl: undefined, Multicast: undefined },
  ])('leaves the camera alone where nothing differs: %j', async (sent) => {
    const media = mediaService();
    expect(await set(media, sent)).toEqual({});
    expect(media.camera.changes).toEqual([]);
  });

  test('a present value outside the options does not stand in the way of another', async () => {
    const media = mediaService();
    media.camera.asked = { width: 1000, height: 700, fps: 99.5, quality: 75 };
    await set(media, { Quality: '60' });
    expect(media.camera.changes).toEqual([{ quality: 60 }]);
  });

  test.each<[SoapObject, string]>([
    [{ Resolution: { Width: '640', Height: '480' } }, CONFIG_MODIFY],
    [{ Resolution: { Width: '320' } }, CONFIG_MODIFY],
    [{ Resolution: { Width: '-1', Height: '999999999999999' } }, CONFIG_MODIFY],
    [{ Quality: '0' }, CONFIG_MODIFY],
    [{ Quality: '100.4' }, CONFIG_MODIFY],
    [{ RateControl: { FrameRateLimit: '31' } }, CONFIG_MODIFY],
    [{ RateControl: { FrameRateLimit: '0' } }, CONFIG_MODIFY],
    [{ RateControl: { EncodingInterval: '2' } }, CONFIG_MODIFY],
    [{ Encoding: 'H264' }, CONFIG_MODIFY],
    [{ Name: 'Best' }, CONFIG_MODIFY],
    [{ Multicast: { Address: { Type: 'IPv4', IPv4Address: '239.0.0.1' }, Port: '5000' } }, CONFIG_MODIFY],
    [{ attributes: { token: 'other' } }, NO_CONFIG],
    [{ attributes: undefined }, 'Sender/InvalidArgs'],
    [{ Quality: 'high' }, 'Sender/InvalidArgs'],
    [{ Quality: 'Infinity' }, 'Sender/InvalidArgs'],
    [{ Quality: Number.NaN }, 'Sender/InvalidArgs'],
    [{ Quality: '' }, 'Sender/InvalidArgs'],
    [{ RateControl: { FrameRateLimit: '7.5' } }, 'Sender/InvalidArgs'],
    [{ Resolution: { Width: '0x500', Height: '720' } }, 'Sender/InvalidArgs'],
  ])('refuses %j and changes nothing', async (sent, fault) => {
    const media = mediaService();
    expect(await faultOf(set(media, sent))).toBe(fault);
    expect(media.camera.changes).toEqual([]);
  });

  test('refuses all when one value is wrong', async () => {
    const media = mediaService();
    expect(await faultOf(set(media, { Resolution: { Width: '320', Height: '240' }, Quality: '101' }))).toBe(CONFIG_MODIFY);
    expect(media.camera.changes).toEqual([]);
  });

  test('refuses a request without a configuration', async () => {
    expect(await faultOf(mediaService().call('SetVideoEncoderConfiguration', {}))).toBe('Sender/InvalidArgs');
  });

  test('offers the picture as it is where the source decides', async () => {
    const media = mediaService();
    media.camera.offered = { sizes: [], fps: { min: 1, max: 60 }, quality: undefined };
    media.camera.real = { width: 642, height: 362, fps: 3 };
    expect((await media.call('GetVideoEncoderConfigurationOptions')).Options).toEqual({
      QualityRange: { Min: 75, Max: 75 },
      JPEG: {
        ResolutionsAvailable: [{ Width: 642, Height: 362 }],
        FrameRateRange: { Min: 1, Max: 60 },
        EncodingIntervalRange: { Min: 1, Max: 1 },
      },
    });
    expect(await faultOf(set(media, { Resolution: { Width: '1280', Height: '720' } }))).toBe(CONFIG_MODIFY);
    expect(await faultOf(set(media, { Quality: '50' }))).toBe(CONFIG_MODIFY);
    await set(media, { RateControl: { FrameRateLimit: '2' } });
    expect(media.camera.changes).toEqual([{ fps: 2 }]);
  });

  test.each([
    [new AppError('SETTING_UNSUPPORTED', 'The source cannot do it.'), CONFIG_MODIFY],
    [new AppError('OPTION_INVALID', 'rpicam-vid refuses it.'), CONFIG_MODIFY],
    [new AppError('DATA_DIR', 'The disk is full.'), 'Receiver/Action'],
  ])('says why the camera refuses: %s', async (failure, fault) => {
    const media = mediaService();
    media.camera.failure = failure;
    expect(await faultOf(set(media, { Quality: '50' }))).toBe(fault);
    await expect(set(media, { Quality: '50' })).rejects.toThrow(failure.message);
  });

  test('passes an error of ours on as it is', async () => {
    const media = mediaService();
    media.camera.failure = new TypeError('a bug');
    await expect(set(media, { Quality: '50' })).rejects.toBe(media.camera.failure);
  });
});
