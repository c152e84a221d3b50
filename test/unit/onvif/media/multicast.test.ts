import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { at, FakeMulticast, faultOf, fullMediaService, mediaService, sentBack } from '../../../support/onvif-media.ts';

const CONFIG_MODIFY = 'Sender/InvalidArgVal/ConfigModify';
const INCOMPLETE = 'Receiver/Action/IncompleteConfiguration';

type Media = ReturnType<typeof fullMediaService>;
const address = (IPv4Address: string) => ({ Type: 'IPv4', IPv4Address });

/** Sends the configuration of an encoder back with other multicast settings. */
async function set({ call }: Media, change: SoapObject, encoder = 'mjpeg_encoder', more: SoapObject = {}) {
  const { Configuration } = await call('GetVideoEncoderConfiguration', { ConfigurationToken: encoder });
  const sent = sentBack(Configuration) as SoapObject;
  const Multicast = { ...(sent.Multicast as SoapObject), ...change };
  return call('SetVideoEncoderConfiguration', { Configuration: { ...sent, Multicast, ...more }, ForcePersistence: 'true' });
}

describe('Start- and StopMulticastStreaming', () => {
  test('start and stop the encoder of the profile, which AutoStart shows', async () => {
    const { call, multicast } = fullMediaService();
    const autoStart = async () =>
      (at(await call('GetVideoEncoderConfigurations'), 'Configurations') as unknown[]).map((each) => at(each, 'Multicast', 'AutoStart'));
    expect(await call('StartMulticastStreaming', { ProfileToken: 'h264' })).toEqual({});
    expect([...multicast.started]).toEqual(['h264_encoder', 'metadata_config']);
    expect(await autoStart()).toEqual([true, false]);
    expect(await call('StartMulticastStreaming', { ProfileToken: 'mjpeg' })).toEqual({});
    expect(await autoStart()).toEqual([true, true]);
    expect(await call('StopMulticastStreaming', { ProfileToken: 'h264' })).toEqual({});
    expect(await autoStart()).toEqual([false, true]);
  });

  test('start and stop the events of a profile that has them, which are those of every profile', async () => {
    const { call, multicast } = fullMediaService();
    await call('StartMulticastStreaming', { ProfileToken: 'h264' });
    expect([...multicast.started]).toEqual(['h264_encoder', 'metadata_config']);
    await call('StartMulticastStreaming', { ProfileToken: 'mjpeg' });
    await call('StopMulticastStreaming', { ProfileToken: 'h264' });
    expect([...multicast.started].sort()).toEqual(['metadata_config', 'mjpeg_encoder']);
    await call('StopMulticastStreaming', { ProfileToken: 'mjpeg' });
    expect([...multicast.started]).toEqual([]);
    await call('CreateProfile', { Name: 'mine', Token: 'mine' });
    for (const [operation, token] of [
      ['AddVideoEncoderConfiguration', 'h264_encoder'],
      ['AddVideoSourceConfiguration', 'video_source_config'],
    ])
      await call(operation!, { ProfileToken: 'mine', ConfigurationToken: token! });
    await call('StartMulticastStreaming', { ProfileToken: 'mine' });
    expect([...multicast.started]).toEqual(['h264_encoder']);
  });

  test('where the events cannot be sent, the picture is not either', async () => {
    const { call, multicast } = fullMediaService();
    multicast.failure = new AppError('BIND_FAILED', 'There is no network.');
    multicast.failing = 'metadata_config';
    expect(await faultOf(call('StartMulticastStreaming', { ProfileToken: 'h264' }))).toBe('Receiver/Action');
    expect([...multicast.started]).toEqual([]);
  });

  test.each(['StartMulticastStreaming', 'StopMulticastStreaming'])('%s needs a whole profile, multicast and RTSP', async (name) => {
    const { call, multicast } = fullMediaService();
    await call('CreateProfile', { Name: 'mine', Token: 'mine' });
    expect(await faultOf(call(name, { ProfileToken: 'mine' }))).toBe(INCOMPLETE);
    await call('AddVideoEncoderConfiguration', { ProfileToken: 'mine', ConfigurationToken: 'h264_encoder' });
    expect(await faultOf(call(name, { ProfileToken: 'mine' }))).toBe(INCOMPLETE);
    await call('AddVideoSourceConfiguration', { ProfileToken: 'mine', ConfigurationToken: 'video_source_config' });
    expect(await call(name, { ProfileToken: 'mine' })).toEqual({});
    expect(await faultOf(call(name))).toBe('Sender/InvalidArgs');
    for (const without of [mediaService({ rtsp: { port: 8554 } }), mediaService({ multicast })])
      expect(await faultOf(without.call(name, { ProfileToken: 'mjpeg' }))).toBe('Receiver/ActionNotSupported');
  });

  test.each(['StartMulticastStreaming', 'StopMulticastStreaming'])('%s says why it fails', async (name) => {
    const { call, multicast } = fullMediaService();
    multicast.failure = new AppError('BIND_FAILED', 'There is no network.');
    expect(await faultOf(call(name, { ProfileToken: 'mjpeg' }))).toBe('Receiver/Action');
    await expect(call(name, { ProfileToken: 'mjpeg' })).rejects.toThrow(/no network/);
  });
});

describe('the multicast settings', () => {
  test.each<[SoapObject, object]>([
    [{ Address: address('239.1.2.3') }, { address: '239.1.2.3', port: 5004, ttl: 1 }],
    [{ Port: '6000' }, { address: '239.255.1.2', port: 6000, ttl: 1 }],
    [{ TTL: 255 }, { address: '239.255.1.2', port: 5004, ttl: 255 }],
    [
      { Address: { IPv4Address: ' 224.1.0.0 ' }, Port: 65_534, TTL: '3' },
      { address: '224.1.0.0', port: 65_534, ttl: 3 },
    ],
    [
      { Address: address('239.1.2.3'), Port: 5006 },
      { address: '239.1.2.3', port: 5006, ttl: 1 },
    ],
  ])('take %j', async (change, target) => {
    const media = fullMediaService();
    expect(await set(media, change)).toEqual({});
    expect(media.multicast.targets.get('mjpeg_encoder')).toEqual(target);
    expect(media.multicast.targets.get('h264_encoder')).toEqual({ address: '239.255.1.2', port: 5006, ttl: 1 });
    expect(media.camera.changes).toEqual([]);
  });

  test.each<[SoapObject, string]>([
    [{ Address: address('192.168.1.9') }, CONFIG_MODIFY],
    [{ Address: address('224.0.0.251') }, CONFIG_MODIFY],
    [{ Address: address('224.0.1.129') }, CONFIG_MODIFY],
    [{ Address: address('239.255.255.250') }, CONFIG_MODIFY],
    [{ Address: address('239.255.255.255') }, CONFIG_MODIFY],
    [{ Address: address('0.0.0.0') }, CONFIG_MODIFY],
    [{ Address: address('') }, CONFIG_MODIFY],
    [{ Address: { Type: 'IPv6', IPv6Address: 'ff15::1' } }, CONFIG_MODIFY],
    [{ Port: '5005' }, CONFIG_MODIFY],
    [{ Port: '0' }, CONFIG_MODIFY],
    [{ Port: '1022' }, CONFIG_MODIFY],
    [{ Port: '1900' }, CONFIG_MODIFY],
    [{ Port: '3702' }, CONFIG_MODIFY],
    [{ Port: '5352' }, CONFIG_MODIFY],
    [{ Port: '65536' }, CONFIG_MODIFY],
    [{ TTL: '0' }, CONFIG_MODIFY],
    [{ TTL: '256' }, CONFIG_MODIFY],
    [{ Port: '5006' }, CONFIG_MODIFY],
    [{ Port: 'x' }, 'Sender/InvalidArgs'],
  ])('refuse %j, with all that comes with it', async (change, fault) => {
    const media = fullMediaService();
    expect(await faultOf(set(media, change, 'mjpeg_encoder', { Quality: '10' }))).toBe(fault);
    expect(media.multicast.targets).toEqual(new FakeMulticast().targets);
    expect(media.camera.changes).toEqual([]);
  });

  test('do not stay where another value is wrong', async () => {
    const media = fullMediaService();
    expect(await faultOf(set(media, { TTL: '9' }, 'h264_encoder', { RateControl: { BitrateLimit: '1' } }))).toBe(CONFIG_MODIFY);
    expect(media.multicast.targets).toEqual(new FakeMulticast().targets);
  });

  test('take no TTL above what the owner allows, and say who can change that', async () => {
    const media = fullMediaService();
    media.multicast.maxTtl = 4;
    expect(await set(media, { TTL: '4' })).toEqual({});
    expect(await faultOf(set(media, { TTL: '5' }))).toBe(CONFIG_MODIFY);
    await expect(set(media, { TTL: '5' })).rejects.toThrow(/1 to 4.*rtsp\.multicast\.ttl/);
    expect(media.multicast.targets.get('mjpeg_encoder')).toMatchObject({ ttl: 4 });
  });

  test('keep clear of a stream that is not there now', async () => {
    const multicast = new FakeMulticast();
    const media = { ...fullMediaService(), ...mediaService({ rtsp: { port: 8554 }, multicast }) };
    expect(await faultOf(set(media, { Port: '5006' }))).toBe(CONFIG_MODIFY);
  });

  test('are zeros where there is no multicast, and can only be that', async () => {
    const media = { ...fullMediaService(), ...mediaService({ rtsp: { port: 8554 } }) };
    const { Configuration } = await media.call('GetVideoEncoderConfiguration', { ConfigurationToken: 'mjpeg_encoder' });
    expect(at(Configuration, 'Multicast')).toEqual({ Address: address('0.0.0.0'), Port: 0, TTL: 1, AutoStart: false });
    expect(await set(media, {})).toEqual({});
    expect(await faultOf(set(media, { Address: address('239.1.2.3') }))).toBe(CONFIG_MODIFY);
  });
});
