import { describe, expect, test } from '@jest/globals';
import type { MediaServiceOptions } from '../../../../src/onvif/media/model.ts';
import { makeMediaService } from '../../../../src/onvif/media/service.ts';
import { FakeImaging } from '../../../support/onvif-imaging.ts';
import {
  at,
  CONTEXT,
  catalogueOf,
  FakeCamera,
  FakeMulticast,
  FakeProfileStore,
  faultOf,
  fullMediaService,
  mediaService,
} from '../../../support/onvif-media.ts';

const INVALID_SETUP = 'Sender/InvalidArgVal/InvalidStreamSetup';
const setup = (Protocol: unknown, Stream: unknown = 'RTP-Unicast') => ({
  StreamSetup: { Stream, Transport: { Protocol } },
  ProfileToken: 'mjpeg',
});
const V6 = { ...CONTEXT, baseUrl: 'http://[fe80::1]:8080', host: '[fe80::1]' };

describe('GetStreamUri', () => {
  test('for HTTP is the stream on the web server, by the address the client used', async () => {
    for (const rtsp of [undefined, { port: 8554 }]) {
      const { call } = mediaService({ rtsp });
      expect(await call('GetStreamUri', setup('HTTP'))).toEqual({
        MediaUri: { Uri: 'http://192.168.1.5:8080/stream.mjpg', InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: 'PT0S' },
      });
      expect(at(await call('GetStreamUri', setup(' HTTP '), V6), 'MediaUri', 'Uri')).toBe('http://[fe80::1]:8080/stream.mjpg');
    }
  });

  test.each(['UDP', 'RTSP'])('for %s is the RTSP server, where there is one', async (protocol) => {
    const { call } = mediaService({ rtsp: { port: 8554 } });
    expect(at(await call('GetStreamUri', setup(protocol)), 'MediaUri', 'Uri')).toBe('rtsp://192.168.1.5:8554/mjpeg');
    expect(at(await call('GetStreamUri', setup(protocol), V6), 'MediaUri', 'Uri')).toBe('rtsp://[fe80::1]:8554/mjpeg');
    const without = mediaService().call('GetStreamUri', setup(protocol));
    expect(await faultOf(without)).toBe(INVALID_SETUP);
    await expect(without).rejects.toThrow(/no RTSP server/);
  });

  test.each([
    ['UDP', 'rtsp://192.168.1.5:8554/h264'],
    ['RTSP', 'rtsp://192.168.1.5:8554/h264'],
    ['HTTP', 'http://192.168.1.5:8080/h264'],
  ])('of the H.264 profile for %s is %s', async (protocol, uri) => {
    const answer = await fullMediaService().call('GetStreamUri', { ...setup(protocol), ProfileToken: 'h264' });
    expect(at(answer, 'MediaUri', 'Uri')).toBe(uri);
  });

  test('for multicast is that of RTSP, where there is multicast, and nothing else than UDP carries it', async () => {
    const { call } = fullMediaService();
    expect(at(await call('GetStreamUri', setup('UDP', 'RTP-Multicast')), 'MediaUri', 'Uri')).toBe('rtsp://192.168.1.5:8554/mjpeg');
    for (const protocol of ['RTSP', 'HTTP', 'TCP'])
      expect(await faultOf(call('GetStreamUri', setup(protocol, 'RTP-Multicast')))).toBe(INVALID_SETUP);
    const without = mediaService({ multicast: new FakeMulticast() });
    expect(await faultOf(without.call('GetStreamUri', setup('UDP', 'RTP-Multicast')))).toBe(INVALID_SETUP);
  });

  test.each([
    [{ ProfileToken: 'mjpeg' }],
    [{ ProfileToken: 'mjpeg', StreamSetup: { Stream: 'RTP-Unicast' } }],
    [{ ProfileToken: 'mjpeg', StreamSetup: 'RTP-Unicast' }],
    [setup('TCP')],
    [setup('http')],
    [setup('constructor')],
    [setup({})],
    [setup('UDP', 'RTP_unicast')],
    [setup('RTSP', 'RTP_unicast')],
    [setup('HTTP', '')],
    [setup('UDP', 'RTP-Multicast')],
  ])('refuses the set-up of %j', async (request) => {
    expect(await faultOf(mediaService({ rtsp: { port: 8554 } }).call('GetStreamUri', request))).toBe(INVALID_SETUP);
  });

  test("streams a client's profile once it has source and encoder", async () => {
    const { call } = mediaService();
    const mine = { ...setup('HTTP'), ProfileToken: 'mine' };
    await call('CreateProfile', { Name: 'mine', Token: 'mine' });
    expect(await faultOf(call('GetStreamUri', mine))).toBe('Receiver/Action/IncompleteConfiguration');
    expect(await faultOf(call('GetSnapshotUri', mine))).toBe('Receiver/Action/IncompleteConfiguration');
    await call('AddVideoSourceConfiguration', { ProfileToken: 'mine', ConfigurationToken: 'video_source_config' });
    expect(await faultOf(call('GetStreamUri', mine))).toBe('Receiver/Action/IncompleteConfiguration');
    expect(at(await call('GetSnapshotUri', mine), 'MediaUri', 'Uri')).toBe('http://192.168.1.5:8080/snapshot.jpg');
    await call('AddVideoEncoderConfiguration', { ProfileToken: 'mine', ConfigurationToken: 'mjpeg_encoder' });
    expect(at(await call('GetStreamUri', mine), 'MediaUri', 'Uri')).toBe('http://192.168.1.5:8080/stream.mjpg');
    await call('RemoveVideoSourceConfiguration', { ProfileToken: 'mine' });
    expect(await faultOf(call('GetStreamUri', mine))).toBe('Receiver/Action/IncompleteConfiguration');
  });
});

test('GetSnapshotUri is the snapshot on the web server, valid for ever', async () => {
  expect(await mediaService().call('GetSnapshotUri', { ProfileToken: 'mjpeg' })).toEqual({
    MediaUri: { Uri: 'http://192.168.1.5:8080/snapshot.jpg', InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: 'PT0S' },
  });
});

test('SetSynchronizationPoint asks the H.264 encoder for a key frame, and has nothing to do for JPEG', async () => {
  const { call, h264 } = fullMediaService();
  expect(await call('SetSynchronizationPoint', { ProfileToken: 'mjpeg' })).toEqual({});
  expect(h264.keyFrames).toBe(0);
  expect(await call('SetSynchronizationPoint', { ProfileToken: 'h264' })).toEqual({});
  expect(h264.keyFrames).toBe(1);
});

test('GetServiceCapabilities says whether there is RTSP now', async () => {
  const picture = new FakeCamera();
  const options = {
    streams: catalogueOf(picture, () => undefined),
    picture,
    imaging: new FakeImaging(),
    profiles: new FakeProfileStore(),
    rtsp: undefined as MediaServiceOptions['rtsp'],
    multicast: undefined as MediaServiceOptions['multicast'],
  };
  const { operations } = makeMediaService(options);
  const operation = operations.find(({ name }) => name === 'GetServiceCapabilities')!;
  const streaming = async () => at(await operation.handle({}, CONTEXT), 'Capabilities', 'StreamingCapabilities', 'attributes');
  expect(operation.access).toBe('PRE_AUTH');
  expect(await operation.handle({}, CONTEXT)).toMatchObject({
    Capabilities: {
      attributes: { SnapshotUri: true, Rotation: false },
      ProfileCapabilities: { attributes: { MaximumNumberOfProfiles: 5 } },
    },
  });
  expect(await streaming()).toMatchObject({ RTPMulticast: false, RTP_TCP: false, RTP_RTSP_TCP: false, NoRTSPStreaming: true });
  options.multicast = new FakeMulticast();
  expect(await streaming()).toMatchObject({ RTPMulticast: false });
  options.rtsp = { port: 554 };
  expect(await streaming()).toMatchObject({ RTPMulticast: true, RTP_TCP: false, RTP_RTSP_TCP: true, NoRTSPStreaming: false });
  options.multicast = undefined;
  expect(await streaming()).toMatchObject({ RTPMulticast: false, RTP_RTSP_TCP: true });
});
