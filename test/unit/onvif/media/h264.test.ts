import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { H264 } from '../../../../src/device/stream-names.ts';
import { type H264Video, StreamCatalogue } from '../../../../src/device/streams.ts';
import type { H264Settings } from '../../../../src/encode/encoder.ts';
import { makeMediaService } from '../../../../src/onvif/media/service.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { FakeImaging } from '../../../support/onvif-imaging.ts';
import {
  at,
  CONTEXT,
  catalogueOf,
  changeEncoder,
  FakeCamera,
  FakeH264,
  FakeProfileStore,
  faultOf,
  fullMediaService,
  MEDIA_OPERATIONS,
  mediaService,
} from '../../../support/onvif-media.ts';

const CONFIG_MODIFY = 'Sender/InvalidArgVal/ConfigModify';
const TOKEN = { ConfigurationToken: 'h264_encoder' };

const CONFIGURATION = {
  attributes: { token: 'h264_encoder' },
  Name: 'H.264',
  UseCount: 1,
  Encoding: 'H264',
  Resolution: { Width: 1280, Height: 720 },
  Quality: 100,
  RateControl: { FrameRateLimit: 15, EncodingInterval: 1, BitrateLimit: 2000 },
  H264: { GovLength: 30, H264Profile: 'Baseline' },
  Multicast: { Address: { Type: 'IPv4', IPv4Address: '239.255.1.2' }, Port: 5006, TTL: 1, AutoStart: false },
  SessionTimeout: 'PT60S',
};

const H264_OPTIONS = {
  ResolutionsAvailable: [
    { Width: 1280, Height: 720 },
    { Width: 640, Height: 360 },
  ],
  GovLengthRange: { Min: 2, Max: 900 },
  FrameRateRange: { Min: 1, Max: 15 },
  EncodingIntervalRange: { Min: 1, Max: 1 },
  H264ProfilesSupported: ['Baseline', 'High'],
};

type Media = ReturnType<typeof fullMediaService>;

const set = (media: Media, change: SoapObject) => changeEncoder(media, TOKEN.ConfigurationToken, change);

const govOf = async ({ call }: Media) => at(await call('GetVideoEncoderConfiguration', TOKEN), 'Configuration', 'H264', 'GovLength');

describe('the H.264 configuration', () => {
  test('says what is asked of the encoder, in the order of the schema', async () => {
    const { call } = fullMediaService();
    const { Configuration } = await call('GetVideoEncoderConfiguration', TOKEN);
    expect(Configuration).toEqual(CONFIGURATION);
    expect(Object.keys(Configuration as object)).toEqual(Object.keys(CONFIGURATION));
    expect(at(await call('GetVideoEncoderConfigurations'), 'Configurations', 0)).toEqual(CONFIGURATION);
    expect(await call('GetCompatibleVideoEncoderConfigurations', { ProfileToken: 'h264' })).toEqual({ Configurations: [CONFIGURATION] });
  });

  test('counts a key frame interval in whole pictures, one at least', async () => {
    const media = fullMediaService();
    for (const [fps, keyframeInterval, length] of [
      [7.5, 4, 30],
      [29.97, 2, 60],
      [0.1, 2, 1],
    ] as const) {
      media.h264.asked = { ...media.h264.asked, fps, keyframeInterval };
      expect(await govOf(media)).toBe(length);
    }
  });

  test('offers sizes, rates, lengths and, in the extension, bit rates', async () => {
    const { call } = fullMediaService();
    const options = {
      QualityRange: { Min: 100, Max: 100 },
      H264: H264_OPTIONS,
      Extension: { H264: { ...H264_OPTIONS, BitrateRange: { Min: 64, Max: 50_000 } } },
    };
    for (const request of [TOKEN, { ProfileToken: 'h264' }])
      expect(await call('GetVideoEncoderConfigurationOptions', request)).toEqual({ Options: options });
    const both = (await call('GetVideoEncoderConfigurationOptions')).Options as SoapObject;
    expect(Object.keys(both)).toEqual(['QualityRange', 'JPEG', 'H264', 'Extension']);
    expect(both).toMatchObject({ ...options, QualityRange: { Min: 1, Max: 100 } });
    const jpeg = (await call('GetVideoEncoderConfigurationOptions', { ConfigurationToken: 'mjpeg_encoder' })).Options as SoapObject;
    expect(Object.keys(jpeg)).toEqual(['QualityRange', 'JPEG']);
  });

  test('is guaranteed beside that of JPEG', async () => {
    const answer = await fullMediaService().call('GetGuaranteedNumberOfVideoEncoderInstances', {
      ConfigurationToken: 'video_source_config',
    });
    expect(answer).toEqual({ TotalNumber: 2, JPEG: 1, H264: 1 });
  });
});

describe('SetVideoEncoderConfiguration of H.264', () => {
  test.each<[SoapObject, Partial<H264Settings>]>([
    [{ Resolution: { Width: '640', Height: '360' } }, { width: 640, height: 360 }],
    [{ RateControl: { FrameRateLimit: '15', EncodingInterval: '1', BitrateLimit: '4096' } }, { bitrate: 4096 }],
    [{ H264: { GovLength: '60', H264Profile: 'Baseline' } }, { keyframeInterval: 4 }],
    [{ H264: { GovLength: '30', H264Profile: 'High' } }, { profile: 'high' }],
    [{ H264: undefined, RateControl: { FrameRateLimit: '5' } }, { fps: 5 }],
    [{ RateControl: { FrameRateLimit: '10' } }, { fps: 10, keyframeInterval: 3 }],
    [
      { RateControl: { FrameRateLimit: '10' }, H264: { GovLength: '10' } },
      { fps: 10, keyframeInterval: 1 },
    ],
  ])('changes only what differs: %j', async (sent, change) => {
    const media = fullMediaService();
    expect(await set(media, sent)).toEqual({});
    expect(media.h264.changes).toEqual([change]);
    expect(media.camera.changes).toEqual([]);
  });

  test('what was set is what is read, whatever the frame rate becomes', async () => {
    const media = fullMediaService();
    for (const [FrameRateLimit, GovLength] of [
      [7, 50],
      [13, 29],
      [11, 2],
      [3, 180],
    ] as const) {
      await set(media, { RateControl: { FrameRateLimit, BitrateLimit: 1000 }, H264: { GovLength, H264Profile: 'Baseline' } });
      expect((await media.call('GetVideoEncoderConfiguration', TOKEN)).Configuration).toMatchObject({
        RateControl: { FrameRateLimit, BitrateLimit: 1000 },
        H264: { GovLength },
      });
    }
  });

  test('a length that is only sent back does not stand in the way of a frame rate it is too long for', async () => {
    const media = fullMediaService();
    media.h264.asked = { ...media.h264.asked, keyframeInterval: 60 };
    await set(media, { RateControl: { FrameRateLimit: '5' } });
    expect(media.h264.changes).toEqual([{ fps: 5, keyframeInterval: 60 }]);
  });

  test.each<SoapObject>([
    {},
    { Quality: '1', SessionTimeout: 'PT10S', UseCount: '9' },
    { Name: undefined, Encoding: undefined, Resolution: undefined, Quality: undefined, RateControl: undefined, H264: undefined },
    { Multicast: { Address: { Type: 'IPv4', IPv4Address: '239.255.1.2' }, Port: '5006', TTL: '1', AutoStart: 'true' } },
  ])('leaves the encoder alone where nothing differs: %j', async (sent) => {
    const media = fullMediaService();
    expect(await set(media, sent)).toEqual({});
    expect(media.h264.changes).toEqual([]);
    expect(media.multicast.started.size).toBe(0);
  });

  test.each<[SoapObject, string]>([
    [{ Resolution: { Width: '1920', Height: '1080' } }, CONFIG_MODIFY],
    [{ RateControl: { FrameRateLimit: '16' } }, CONFIG_MODIFY],
    [{ RateControl: { BitrateLimit: '63' } }, CONFIG_MODIFY],
    [{ RateControl: { BitrateLimit: '50001' } }, CONFIG_MODIFY],
    [{ RateControl: { EncodingInterval: '2' } }, CONFIG_MODIFY],
    [{ H264: { GovLength: '1' } }, CONFIG_MODIFY],
    [{ H264: { GovLength: '901' } }, CONFIG_MODIFY],
    [{ H264: { GovLength: '0' } }, CONFIG_MODIFY],
    [{ H264: { H264Profile: 'Main' } }, CONFIG_MODIFY],
    [{ H264: { H264Profile: 'high' } }, CONFIG_MODIFY],
    [{ RateControl: { FrameRateLimit: '5' }, H264: { GovLength: '301' } }, CONFIG_MODIFY],
    [{ Encoding: 'JPEG' }, CONFIG_MODIFY],
    [{ RateControl: { BitrateLimit: '2000.5' } }, 'Sender/InvalidArgs'],
    [{ H264: { GovLength: 'long' } }, 'Sender/InvalidArgs'],
    [{ Quality: 'high' }, 'Sender/InvalidArgs'],
  ])('refuses %j and changes nothing', async (sent, fault) => {
    const media = fullMediaService();
    expect(await faultOf(set(media, sent))).toBe(fault);
    expect(media.h264.changes).toEqual([]);
  });

  test('says why it cannot be kept', async () => {
    const media = fullMediaService();
    media.h264.failure = new AppError('DATA_DIR', 'The disk is full.');
    expect(await faultOf(set(media, { RateControl: { BitrateLimit: '500' } }))).toBe('Receiver/Action');
  });
});

describe('while it is not known what can encode', () => {
  const open = (h264Known: () => Promise<void>) => mediaService({ rtsp: { port: 8554 }, h264: new FakeH264(), h264Known });

  test('what is open to everybody is answered at once, and all else waits', async () => {
    const { service } = open(() => Promise.reject(new Error('waited')));
    for (const operation of service.operations) {
      const answer = Promise.resolve(operation.handle(MEDIA_OPERATIONS[operation.name]![1], CONTEXT));
      if (operation.access === 'PRE_AUTH') expect(await answer).toHaveProperty('Capabilities');
      else await expect(answer).rejects.toThrow('waited');
    }
  });

  test('profiles are listed when it is, H.264 first', async () => {
    let know: () => void = () => {};
    const known = new Promise<void>((resolve) => {
      know = resolve;
    });
    let answered = false;
    const answer = open(() => known)
      .call('GetProfiles')
      .finally(() => {
        answered = true;
      });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    know();
    expect(at(await answer, 'Profiles', 0, 'attributes', 'token')).toBe('h264');
  });
});

test('a further stream in the catalogue has a profile, an encoder configuration and an address of its own', async () => {
  const picture = new FakeCamera();
  const small = new FakeH264();
  small.asked = { ...small.asked, width: 640, height: 360 };
  const { all } = catalogueOf(picture, () => new FakeH264());
  const sub: H264Video = {
    ...{ ...H264, id: 'sub', name: 'H.264, small', encoder: 'sub_encoder', path: '/sub', webPath: '/sub' },
    ...{ control: small, fps: () => 15, source: () => 'trying', known: async () => {} },
  };
  const streams = new StreamCatalogue([...all.slice(0, 1), sub, ...all.slice(1)]);
  const options = {
    streams,
    picture,
    imaging: new FakeImaging(),
    profiles: new FakeProfileStore(),
    rtsp: { port: 8554 },
    multicast: undefined,
  };
  const { operations } = makeMediaService(options);
  const call = async (name: string, request: SoapObject = {}) => operations.find((each) => each.name === name)!.handle(request, CONTEXT);
  const profiles = await call('GetProfiles');
  expect([0, 1, 2].map((k) => at(profiles, 'Profiles', k, 'attributes', 'token'))).toEqual(['h264', 'sub', 'mjpeg']);
  expect(at(profiles, 'Profiles', 1, 'VideoEncoderConfiguration', 'Resolution')).toEqual({ Width: 640, Height: 360 });
  const StreamSetup = { Stream: 'RTP-Unicast', Transport: { Protocol: 'RTSP' } };
  expect(at(await call('GetStreamUri', { StreamSetup, ProfileToken: 'sub' }), 'MediaUri', 'Uri')).toBe('rtsp://192.168.1.5:8554/sub');
});
