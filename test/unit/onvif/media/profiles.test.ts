import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { MAX_USER_PROFILES } from '../../../../src/device/profiles.ts';
import { MediaModel } from '../../../../src/onvif/media/model.ts';
import { answerToStranger } from '../../../../src/onvif/media/profiles.ts';
import { at, catalogueOf, FakeCamera, FakeH264, FakeProfileStore, faultOf, mediaService } from '../../../support/onvif-media.ts';

const tokens = (answer: unknown) => (at(answer, 'Profiles') as unknown[]).map((profile) => at(profile, 'attributes', 'token'));
const SOURCE = { ConfigurationToken: 'video_source_config' };
const ENCODER = { ConfigurationToken: 'mjpeg_encoder' };

describe('the fixed profile', () => {
  test('is there at first, with source and encoder', async () => {
    const { call } = mediaService();
    const answer = await call('GetProfiles');
    expect(tokens(answer)).toEqual(['mjpeg']);
    expect(at(answer, 'Profiles', 0)).toEqual((await call('GetProfile', { ProfileToken: 'mjpeg' })).Profile);
    expect(at(answer, 'Profiles', 0)).toMatchObject({
      attributes: { fixed: true },
      VideoSourceConfiguration: { attributes: { token: 'video_source_config' }, SourceToken: 'video_source' },
      VideoEncoderConfiguration: { attributes: { token: 'mjpeg_encoder' }, Encoding: 'JPEG' },
    });
  });

  test('cannot be deleted', async () => {
    expect(await faultOf(mediaService().call('DeleteProfile', { ProfileToken: 'mjpeg' }))).toBe('Sender/Action/DeletionOfFixedProfile');
  });

  test('keeps its configurations; adding what it has is no change', async () => {
    const { call, store } = mediaService();
    expect(await call('AddVideoSourceConfiguration', { ProfileToken: 'mjpeg', ...SOURCE })).toEqual({});
    expect(await call('AddVideoEncoderConfiguration', { ProfileToken: 'mjpeg', ...ENCODER })).toEqual({});
    for (const name of ['RemoveVideoSourceConfiguration', 'RemoveVideoEncoderConfiguration'])
      expect(await faultOf(call(name, { ProfileToken: 'mjpeg' }))).toBe('Receiver/Action/ConfigurationConflict');
    expect(store.json).toBe('[]');
  });
});

describe('CreateProfile', () => {
  test('makes an empty profile with the token that is asked for', async () => {
    const { call } = mediaService();
    expect(await call('CreateProfile', { Name: 'Recorder', Token: 'rec-1.a' })).toEqual({
      Profile: { attributes: { token: 'rec-1.a', fixed: false }, Name: 'Recorder' },
    });
    expect(tokens(await call('GetProfiles'))).toEqual(['mjpeg', 'rec-1.a']);
  });

  test.each([{}, { Token: '' }, { Token: null }])('makes up a free token for %j', async (token) => {
    const { call } = mediaService();
    await call('CreateProfile', { Name: 'a', Token: 'profile_1' });
    expect(at(await call('CreateProfile', { Name: 'b', ...token }), 'Profile', 'attributes', 'token')).toBe('profile_2');
  });

  test.each(['mjpeg', 'mine'])('refuses a token that is taken: %s', async (Token) => {
    const { call, store } = mediaService();
    await call('CreateProfile', { Name: 'a', Token: 'mine' });
    expect(await faultOf(call('CreateProfile', { Name: 'b', Token }))).toBe('Sender/InvalidArgVal/ProfileExists');
    expect(store.list()).toHaveLength(1);
  });

  test('makes no more than the stated number, and again after one was deleted', async () => {
    const { call } = mediaService();
    const stated = Number(
      at(await call('GetServiceCapabilities'), 'Capabilities', 'ProfileCapabilities', 'attributes', 'MaximumNumberOfProfiles'),
    );
    const fixed = tokens(await call('GetProfiles')).length;
    for (let made = fixed; made < stated; made++) await call('CreateProfile', { Name: `${made}` });
    expect(await faultOf(call('CreateProfile', { Name: 'one more' }))).toBe('Receiver/Action/MaxNVTProfiles');
    await call('DeleteProfile', { ProfileToken: 'profile_2' });
    expect(at(await call('CreateProfile', { Name: 'again' }), 'Profile', 'attributes', 'token')).toBe('profile_2');
  });

  test.each([
    [{}, 'Sender/InvalidArgs'],
    [{ Name: 'x'.repeat(65) }, 'Sender/InvalidArgVal'],
    [{ Name: 'bell\u0007' }, 'Sender/InvalidArgVal'],
    [{ Name: 'half a pair \ud83d' }, 'Sender/InvalidArgVal'],
    [{ Name: 'a', Token: 'x'.repeat(65) }, 'Sender/InvalidArgVal'],
    [{ Name: 'a', Token: 'with blank' }, 'Sender/InvalidArgVal'],
    [{ Name: 'a', Token: '<x>' }, 'Sender/InvalidArgVal'],
  ])('refuses %j', async (request, fault) => {
    const { call, store } = mediaService();
    expect(await faultOf(call('CreateProfile', request))).toBe(fault);
    expect(store.json).toBe('[]');
  });

  test('takes names in any script up to 64 characters', async () => {
    const Name = 'Гараж 车库 🚗'.padEnd(64, '.');
    expect(at(await mediaService().call('CreateProfile', { Name }), 'Profile', 'Name')).toBe(Name);
  });

  test('says so where the profile cannot be stored', async () => {
    const { call, store } = mediaService();
    store.failure = new AppError('DATA_DIR', 'The disk is full.');
    await expect(call('CreateProfile', { Name: 'a' })).rejects.toThrow(/The disk is full/);
    expect(await faultOf(call('CreateProfile', { Name: 'a' }))).toBe('Receiver/Action');
  });
});

describe("a client's profile", () => {
  test('is filled, emptied and deleted, and outlives a restart at each step', async () => {
    const store = new FakeProfileStore();
    const restarted = () => mediaService({ store });
    await restarted().call('CreateProfile', { Name: 'Recorder', Token: 'rec' });
    await restarted().call('AddVideoSourceConfiguration', { ProfileToken: 'rec', ...SOURCE });
    await restarted().call('AddVideoEncoderConfiguration', { ProfileToken: 'rec', ...ENCODER });
    expect(await restarted().call('GetProfile', { ProfileToken: 'rec' })).toMatchObject({
      Profile: { VideoSourceConfiguration: { SourceToken: 'video_source' }, VideoEncoderConfiguration: { Encoding: 'JPEG' } },
    });
    await restarted().call('RemoveVideoEncoderConfiguration', { ProfileToken: 'rec' });
    await restarted().call('RemoveVideoEncoderConfiguration', { ProfileToken: 'rec' });
    await restarted().call('RemoveVideoSourceConfiguration', { ProfileToken: 'rec' });
    expect((await restarted().call('GetProfile', { ProfileToken: 'rec' })).Profile).toEqual({
      attributes: { token: 'rec', fixed: false },
      Name: 'Recorder',
    });
    expect(await restarted().call('DeleteProfile', { ProfileToken: 'rec' })).toEqual({});
    expect(tokens(await restarted().call('GetProfiles'))).toEqual(['mjpeg']);
  });

  test('counts in UseCount of the configurations it has', async () => {
    const { call } = mediaService();
    await call('CreateProfile', { Name: 'Recorder', Token: 'rec' });
    const counts = async () => [
      at(await call('GetVideoSourceConfigurations'), 'Configurations', 0, 'UseCount'),
      at(await call('GetVideoEncoderConfigurations'), 'Configurations', 0, 'UseCount'),
    ];
    expect(await counts()).toEqual([1, 1]);
    await call('AddVideoSourceConfiguration', { ProfileToken: 'rec', ...SOURCE });
    expect(await counts()).toEqual([2, 1]);
    await call('AddVideoEncoderConfiguration', { ProfileToken: 'rec', ...ENCODER });
    expect(await counts()).toEqual([2, 2]);
    await call('DeleteProfile', { ProfileToken: 'rec' });
    expect(await counts()).toEqual([1, 1]);
  });

  test.each(['AddVideoSourceConfiguration', 'AddVideoEncoderConfiguration'])('takes only configurations that exist: %s', async (name) => {
    const { call } = mediaService();
    await call('CreateProfile', { Name: 'Recorder', Token: 'rec' });
    expect(await faultOf(call(name, { ProfileToken: 'rec', ConfigurationToken: 'none' }))).toBe('Sender/InvalidArgVal/NoConfig');
    expect(await faultOf(call(name, { ProfileToken: 'rec' }))).toBe('Sender/InvalidArgs');
  });
});

const OF_A_PROFILE = [
  'GetProfile',
  'DeleteProfile',
  'AddVideoSourceConfiguration',
  'AddVideoEncoderConfiguration',
  'RemoveVideoSourceConfiguration',
  'RemoveVideoEncoderConfiguration',
  'GetCompatibleVideoSourceConfigurations',
  'GetCompatibleVideoEncoderConfigurations',
  'GetVideoSourceConfigurationOptions',
  'GetVideoEncoderConfigurationOptions',
  'GetStreamUri',
  'GetSnapshotUri',
  'SetSynchronizationPoint',
  'StartMulticastStreaming',
  'StopMulticastStreaming',
];

test.each(OF_A_PROFILE)('%s refuses an unknown profile', async (name) => {
  expect(await faultOf(mediaService().call(name, { ProfileToken: 'none' }))).toBe('Sender/InvalidArgVal/NoProfile');
});

test('an unknown token is repeated in the fault short and printable', async () => {
  const answer = mediaService().call('GetProfile', { ProfileToken: `\u0000${'x'.repeat(100_000)}` });
  await expect(answer).rejects.toThrow(/^There is no profile "\?x{63}"\.$/);
});

test('tokens may have blanks around them', async () => {
  expect(at(await mediaService().call('GetProfile', { ProfileToken: '\n  mjpeg\n' }), 'Profile', 'Name')).toBe('MJPEG');
});

test("Synology's probe without credentials is told that no profile fits, everybody else's nothing", () => {
  const answer = answerToStranger({ Name: 'SynoTestProfile' });
  expect([answer?.code, answer?.subcodes]).toEqual(['Receiver', ['Action', 'MaxNVTProfiles']]);
  expect(answerToStranger({ Name: 'SynoTestProfile' })).not.toBe(answer);
  expect(answerToStranger({ Name: 'Recorder' })).toBeUndefined();
  expect(answerToStranger({})).toBeUndefined();
});

describe('with H.264', () => {
  /** H.264 comes and goes with `h264`. */
  function makeModel(store = new FakeProfileStore()) {
    const picture = new FakeCamera();
    const options = {
      streams: catalogueOf(picture, (): FakeH264 | undefined => options.h264),
      picture,
      profiles: store,
      rtsp: { port: 8554 } as { port: number } | undefined,
      h264: new FakeH264() as FakeH264 | undefined,
      multicast: undefined,
    };
    return { options, model: new MediaModel(options) };
  }

  test('there are two fixed profiles, each with its own encoder only', () => {
    const { model } = makeModel();
    expect(model.profiles.map(({ token, fixed, stream }) => [token, fixed, stream?.encoder])).toEqual([
      ['h264', true, 'h264_encoder'],
      ['mjpeg', true, 'mjpeg_encoder'],
    ]);
    expect(model.maxProfiles).toBe(2 + MAX_USER_PROFILES);
    expect(model.compatibleStreams(model.profile('h264')).map(({ encoder }) => encoder)).toEqual(['h264_encoder']);
    expect(() => model.configure(model.profile('mjpeg'), { videoEncoder: 'h264_encoder' })).toThrow(/keeps its configurations/);
    expect(model.compatibleStreams(model.create('mine', undefined)).map(({ encoder }) => encoder)).toEqual([
      'h264_encoder',
      'mjpeg_encoder',
    ]);
  });

  test('that of H.264 is there, before the other, as soon as it is known what can encode, and only with an RTSP server to stream it', () => {
    const { options, model } = makeModel();
    const tokens = () => model.profiles.map(({ token }) => token);
    const { h264, rtsp } = options;
    options.h264 = undefined;
    expect(tokens()).toEqual(['mjpeg']);
    options.h264 = h264;
    expect(tokens()).toEqual(['h264', 'mjpeg']);
    options.rtsp = undefined;
    expect(tokens()).toEqual(['mjpeg']);
    options.rtsp = rtsp;
    expect(tokens()).toEqual(['h264', 'mjpeg']);
  });

  test("a client's profile loses it while it is gone, and gets it back", () => {
    const { options, model } = makeModel();
    model.configure(model.create('mine', 'mine'), { videoEncoder: 'h264_encoder' });
    expect(model.profile('mine').stream?.encoder).toBe('h264_encoder');
    const { h264 } = options;
    options.h264 = undefined;
    expect(model.profile('mine').stream).toBeUndefined();
    options.h264 = h264;
    expect(model.profile('mine').stream?.encoder).toBe('h264_encoder');
  });

  test("its fixed profile goes before a client's of the same token", () => {
    const { options, model } = makeModel();
    const { h264 } = options;
    options.h264 = undefined;
    model.create('mine', 'h264');
    options.h264 = h264;
    expect(model.profiles.map(({ token, fixed }) => [token, fixed])).toEqual([
      ['h264', true],
      ['mjpeg', true],
    ]);
  });
});
