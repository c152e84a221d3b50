import { describe, expect, test } from '@jest/globals';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { at, FakeH264, faultOf, fullMediaService, mediaService, responseXml, sentBack } from '../../../support/onvif-media.ts';

/** What each client takes from the answers, as it takes it. */
const profiles = async (media = mediaService()) => (await media.call('GetProfiles')).Profiles as readonly SoapObject[];
const answerXml = async (name: string, media = mediaService()) => responseXml(name, await media.call(name));

test('go2rtc finds tokens and the snapshot capability by pattern', async () => {
  expect(await answerXml('GetProfiles')).toMatch(/Profiles[^>]*token="mjpeg"/);
  expect(await answerXml('GetServiceCapabilities')).toMatch(/SnapshotUri="true"/);
});

test('agsh and with it UniFi Protect: the source of VideoSources is the source of a profile with an encoder', async () => {
  const media = mediaService();
  const source = at(await media.call('GetVideoSources'), 'VideoSources', 0, 'attributes', 'token');
  const [first] = await profiles(media);
  expect(at(first, 'VideoSourceConfiguration', 'SourceToken')).toBe(source);
  expect(at(first, 'VideoEncoderConfiguration', 'Encoding')).toBe('JPEG');
});

test('agsh: no token or name reads as a number, a truth value or a date', async () => {
  const media = mediaService();
  const created = await media.call('CreateProfile', { Name: 'made' });
  const xml = `${await answerXml('GetProfiles', media)}${await answerXml('GetVideoSources', media)}`;
  const words = [...xml.matchAll(/(?:[tT]oken="|SourceToken>|Name>)([^"<]+)/g)].map(([, word]) => word!);
  expect(words).toContain(at(created, 'Profile', 'attributes', 'token'));
  expect(words).toContain('video_source');
  for (const word of words) expect(word).toMatch(/^[A-Za-z]\w*$/);
});

test('agsh sends a configuration back in parts, with what it read', async () => {
  const media = mediaService();
  const { Configuration } = await media.call('GetVideoEncoderConfiguration', { ConfigurationToken: 'mjpeg_encoder' });
  const { Quality: _, Resolution: __, ...rest } = sentBack(Configuration) as SoapObject;
  const part = { ...rest, RateControl: { attributes: { ConstantBitRate: 'false' }, FrameRateLimit: '10', EncodingInterval: '1' } };
  expect(await media.call('SetVideoEncoderConfiguration', { Configuration: part, ForcePersistence: 'true' })).toEqual({});
  expect(media.camera.changes).toEqual([{ fps: 10 }]);
});

test('UniFi Protect, node-onvif-ts, strict zeep: Bounds and RateControl are there, in integers', async () => {
  const media = mediaService();
  media.camera.asked = { width: 1280, height: 720, fps: 12.5, quality: 75 };
  const [first] = await profiles(media);
  const bounds = at(first, 'VideoSourceConfiguration', 'Bounds', 'attributes') as SoapObject;
  expect(Object.keys(bounds)).toEqual(['x', 'y', 'width', 'height']);
  const rate = at(first, 'VideoEncoderConfiguration', 'RateControl') as SoapObject;
  expect(Object.keys(rate)).toEqual(['FrameRateLimit', 'EncodingInterval', 'BitrateLimit']);
  for (const value of [...Object.values(bounds), ...Object.values(rate)]) expect(Number.isInteger(value)).toBe(true);
});

test('who takes the first profile (go2rtc, Scrypted, npm onvif) gets H.264, with whole numbers and a source for snapshots', async () => {
  const media = fullMediaService();
  const [first, second] = await profiles(media);
  expect(at(second, 'VideoEncoderConfiguration', 'Encoding')).toBe('JPEG');
  const configurations = at(await media.call('GetVideoEncoderConfigurations'), 'Configurations') as readonly SoapObject[];
  expect(configurations.map((each) => at(each, 'Encoding'))).toEqual(['H264', 'JPEG']);
  // The first match of the pattern that go2rtc looks for.
  expect(/Profiles[^>]*token="(\w+)"/.exec(await answerXml('GetProfiles', media))![1]).toBe('h264');
  expect(first).toMatchObject({
    attributes: { token: 'h264', fixed: true },
    VideoSourceConfiguration: { SourceToken: 'video_source' },
    VideoEncoderConfiguration: { Encoding: 'H264', Resolution: { Width: 1280, Height: 720 } },
  });
  const rate = at(first, 'VideoEncoderConfiguration', 'RateControl') as SoapObject;
  expect(rate).toEqual({ FrameRateLimit: 15, EncodingInterval: 1, BitrateLimit: 2000 });
});

test('iSpy and others that want an encoder take the first profile, whatever clients have made', async () => {
  const media = mediaService();
  await media.call('CreateProfile', { Name: 'a', Token: 'a' });
  const [first, second] = await profiles(media);
  expect(at(first, 'VideoEncoderConfiguration', 'attributes', 'token')).toBe('mjpeg_encoder');
  expect(at(second, 'VideoEncoderConfiguration')).toBeUndefined();
});

describe('ZoneMinder and node-onvif-ts ask for several streams per profile', () => {
  const ask = (Stream: string, Protocol: string) =>
    mediaService().call('GetStreamUri', { StreamSetup: { Stream, Transport: { Protocol } }, ProfileToken: 'mjpeg' });

  test('and get a URI or a fault for each, never an error of ours', async () => {
    expect(at(await ask('RTP-Unicast', 'HTTP'), 'MediaUri', 'Uri')).toBe('http://192.168.1.5:8080/stream.mjpg');
    const refused: readonly (readonly [string, string])[] = [
      ['RTP-Unicast', 'UDP'],
      ['RTP-Unicast', 'RTSP'],
      ['RTP_unicast', 'UDP'],
      ['RTP-Multicast', 'UDP'],
    ];
    for (const [stream, protocol] of refused) expect(await faultOf(ask(stream, protocol))).toBe('Sender/InvalidArgVal/InvalidStreamSetup');
  });
});

test('no URI has a query, for clients that drop it, nor more than 128 octets', async () => {
  const { call } = mediaService({ rtsp: { port: 65_535 }, h264: new FakeH264() });
  const uris: unknown[] = [];
  for (const ProfileToken of ['mjpeg', 'h264']) {
    uris.push(at(await call('GetSnapshotUri', { ProfileToken }), 'MediaUri', 'Uri'));
    for (const Protocol of ['HTTP', 'UDP', 'RTSP']) {
      const setup = { StreamSetup: { Stream: 'RTP-Unicast', Transport: { Protocol } }, ProfileToken };
      uris.push(at(await call('GetStreamUri', setup), 'MediaUri', 'Uri'));
    }
  }
  expect(new Set(uris).size).toBe(5);
  for (const uri of uris) {
    expect(String(uri)).not.toContain('?');
    expect(Buffer.byteLength(String(uri))).toBeLessThanOrEqual(128);
  }
});

test('ONVIF Profile S: QVGA is among the sizes where the source offers it', async () => {
  const sizes = at(await mediaService().call('GetVideoEncoderConfigurationOptions'), 'Options', 'JPEG', 'ResolutionsAvailable');
  expect(sizes).toContainEqual({ Width: 320, Height: 240 });
});

test("Synology's probe with credentials makes a profile and takes it away again", async () => {
  const { call, store } = mediaService();
  const made = await call('CreateProfile', { Name: 'SynoTestProfile' });
  await call('DeleteProfile', { ProfileToken: at(made, 'Profile', 'attributes', 'token') });
  expect(store.json).toBe('[]');
});
