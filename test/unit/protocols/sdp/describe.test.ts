import { describe, expect, test } from '@jest/globals';
import { parse } from 'sdp-transform';
import { formatSessionDescription, type MediaDescription, type SessionDescription } from '../../../../src/protocols/sdp/describe.ts';

const JPEG: MediaDescription = { encoding: { name: 'JPEG' }, payloadType: 26, control: 'trackID=0' };
const SPS = Buffer.from('6742c01fd900a0', 'hex');
const PPS = Buffer.from('68ce3c80', 'hex');
const GROUP = { address: '239.1.2.3', port: 6000, ttl: 16 };
const METADATA: MediaDescription = { encoding: { name: 'vnd.onvif.metadata' }, payloadType: 107, control: 'trackID=1' };
const SESSION: SessionDescription = { id: 3978, version: 2, origin: '192.168.1.20', name: 'Pi Camera', media: [JPEG] };

const format = (session: Partial<SessionDescription> = {}, video: Partial<MediaDescription> = {}) =>
  formatSessionDescription({ ...SESSION, ...session, media: [{ ...JPEG, ...video }] });

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
      {},
      {
        encoding: { name: 'H264', sps: SPS, pps: PPS },
        payloadType: 96,
        multicast: GROUP,
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

  test.each<[string, MediaDescription['multicast'], MediaDescription['multicast'], string, string[], string[]]>([
    ['to whoever does SETUP', undefined, undefined, 'c=IN IP4 0.0.0.0', ['m=video 0'], ['m=application 0']],
    ['of one group', GROUP, { ...GROUP, port: 6004 }, 'c=IN IP4 239.1.2.3/16', ['m=video 6000'], ['m=application 6004']],
    [
      'of a group each',
      GROUP,
      { ...GROUP, address: '239.1.2.4', port: 6004 },
      'c=IN IP4 239.1.2.3/16',
      ['m=video 6000'],
      ['m=application 6004', 'c=IN IP4 239.1.2.4/16'],
    ],
    [
      'the picture alone by multicast',
      GROUP,
      undefined,
      'c=IN IP4 239.1.2.3/16',
      ['m=video 6000'],
      ['m=application 0', 'c=IN IP4 0.0.0.0'],
    ],
    ['the metadata alone', undefined, GROUP, 'c=IN IP4 0.0.0.0', ['m=video 0'], ['m=application 6000', 'c=IN IP4 239.1.2.3/16']],
  ])('two tracks, %s: a section each, its address where it has one of its own', (_, first, second, common, video, application) => {
    const media = [
      { ...JPEG, multicast: first },
      { ...METADATA, multicast: second },
    ];
    expect(
      formatSessionDescription({ ...SESSION, media })
        .split('\r\n')
        .slice(3),
    ).toEqual([
      common,
      't=0 0',
      'a=control:*',
      'a=range:npt=now-',
      `${video[0]} RTP/AVP 26`,
      ...video.slice(1),
      'a=rtpmap:26 JPEG/90000',
      'a=recvonly',
      'a=control:trackID=0',
      `${application[0]} RTP/AVP 107`,
      ...application.slice(1),
      'a=rtpmap:107 vnd.onvif.metadata/90000',
      'a=recvonly',
      'a=control:trackID=1',
      '',
    ]);
  });

  test('frame rates may have a fraction', () => {
    expect(format({}, { frameRate: 12.5 })).toContain('a=framerate:12.5\r\n');
    expect(format({}, { frameRate: 30000 / 1001 })).toContain('a=framerate:29.97\r\n');
  });

  test('IPv6', () => {
    expect(format({ origin: 'fe80::1' })).toContain('o=- 3978 2 IN IP6 fe80::1\r\ns=Pi Camera\r\nc=IN IP6 ::\r\n');
    expect(format({ origin: 'fe80::1' }, { multicast: { ...GROUP, address: 'ff15::1' } })).toContain('\r\nc=IN IP6 ff15::1\r\n');
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
      format({}, { encoding: { name: 'H264', sps: SPS, pps: PPS }, payloadType: 96, multicast: GROUP, frameRate: 12.5, bandwidth: 2000 }),
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
