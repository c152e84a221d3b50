import { describe, expect, test } from '@jest/globals';
import { parse } from 'sdp-transform';
import { formatSessionDescription, type SessionDescription, type VideoDescription } from '../../../src/protocols/sdp/describe.ts';

const JPEG: VideoDescription = { encoding: { name: 'JPEG' }, payloadType: 26, port: 0, control: 'trackID=0' };
const SPS = Buffer.from('6742c01fd900a0', 'hex');
const PPS = Buffer.from('68ce3c80', 'hex');
const SESSION: SessionDescription = { id: 3978, version: 2, origin: '192.168.1.20', name: 'Pi Camera', video: JPEG };

const format = (session: Partial<SessionDescription> = {}, video: Partial<VideoDescription> = {}) =>
  formatSessionDescription({ ...SESSION, ...session, video: { ...JPEG, ...video } });

describe('formatSessionDescription', () => {
  test('JPEG, to whoever does SETUP', () => {
    expect(format().split('\r\n')).toEqual([
      'v=0',
      'o=- 3978 2 IN IP4 192.168.1.20',
      's=Pi Camera',
      'c=IN IP4 0.0.0.0',
      't=0 0',
      'a=control:*',
      'a=range:npt=now-',
      'm=video 0 RTP/AVP 26',
      'a=rtpmap:26 JPEG/90000',
      'a=recvonly',
      'a=control:trackID=0',
      '',
    ]);
  });

  test('H.264 to a multicast group, with all that is known', () => {
    const text = format(
      { multicast: { address: '239.1.2.3', ttl: 16 } },
      {
        encoding: { name: 'H264', sps: SPS, pps: PPS },
        payloadType: 96,
        port: 6000,
        frameRate: 15,
        size: { width: 1280, height: 720 },
        bandwidth: 1999.2,
      },
    );
    expect(text.split('\r\n').slice(3)).toEqual([
      'c=IN IP4 239.1.2.3/16',
      't=0 0',
      'a=control:*',
      'a=range:npt=now-',
      'm=video 6000 RTP/AVP 96',
      'b=AS:2000',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1;profile-level-id=42c01f;sprop-parameter-sets=Z0LAH9kAoA==,aM48gA==',
      'a=framerate:15',
      'a=x-dimensions:1280,720',
      'a=recvonly',
      'a=control:trackID=0',
      '',
    ]);
  });

  test('frame rates may have a fraction', () => {
    expect(format({}, { frameRate: 12.5 })).toContain('a=framerate:12.5\r\n');
    expect(format({}, { frameRate: 30000 / 1001 })).toContain('a=framerate:29.97\r\n');
  });

  test('IPv6', () => {
    expect(format({ origin: 'fe80::1' })).toContain('o=- 3978 2 IN IP6 fe80::1\r\ns=Pi Camera\r\nc=IN IP6 ::\r\n');
    expect(format({ origin: 'fe80::1', multicast: { address: 'ff15::1', ttl: 16 } })).toContain('\r\nc=IN IP6 ff15::1\r\n');
  });

  test.each([
    ['Küche', 's=Küche'],
    ['a\r\na=evil', 's=a a=evil'],
    ['\n', 's=-'],
    ['', 's=-'],
  ])('the name %j stays in its line', (name, line) => {
    const text = format({ name });
    expect(text.split('\r\n')[2]).toBe(line);
    expect(text.split('\r\n')).toHaveLength(12);
  });

  test('reads back by a parser of its own', () => {
    const session = parse(
      format(
        { multicast: { address: '239.1.2.3', ttl: 16 } },
        { encoding: { name: 'H264', sps: SPS, pps: PPS }, payloadType: 96, port: 6000, frameRate: 12.5, bandwidth: 2000 },
      ),
    );
    expect(session).toMatchObject({
      version: 0,
      origin: { username: '-', sessionId: 3978, sessionVersion: 2, netType: 'IN', ipVer: 4, address: '192.168.1.20' },
      name: 'Pi Camera',
      connection: { version: 4, ip: '239.1.2.3/16' },
      timing: { start: 0, stop: 0 },
      control: '*',
    });
    expect(session.media).toHaveLength(1);
    expect(session.media[0]).toMatchObject({
      type: 'video',
      port: 6000,
      protocol: 'RTP/AVP',
      payloads: 96,
      bandwidth: [{ type: 'AS', limit: 2000 }],
      rtp: [{ payload: 96, codec: 'H264', rate: 90000 }],
      framerate: 12.5,
      direction: 'recvonly',
      control: 'trackID=0',
    });
    const { config } = session.media[0]!.fmtp[0]!;
    expect(Object.fromEntries(config.split(';').map((part) => part.split(/=(.*)/s, 2)))).toEqual({
      'packetization-mode': '1',
      'profile-level-id': '42c01f',
      'sprop-parameter-sets': `${SPS.toString('base64')},${PPS.toString('base64')}`,
    });
  });
});
