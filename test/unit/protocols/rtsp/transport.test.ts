import { describe, expect, test } from '@jest/globals';
import { formatTransport, parseTransport } from '../../../../src/protocols/rtsp/transport.ts';

const NOTHING = { clientPort: undefined, interleaved: undefined, destination: undefined, port: undefined, ttl: undefined };
const UDP = { ...NOTHING, lower: 'UDP', delivery: 'unicast', mode: 'PLAY' };
const TCP = { ...NOTHING, lower: 'TCP', delivery: 'unicast', mode: 'PLAY' };
const GROUP = { ...NOTHING, lower: 'UDP', delivery: 'multicast', mode: 'PLAY' };
const ports = (rtp: number, rtcp = rtp + 1) => ({ rtp, rtcp });

describe('parseTransport', () => {
  test.each<[string, object]>([
    ['RTP/AVP;unicast;client_port=5000-5001', { ...UDP, clientPort: ports(5000) }],
    ['RTP/AVP/UDP;unicast;client_port=31238-31239', { ...UDP, clientPort: ports(31238) }],
    ['RTP/AVP;unicast;client_port=5000', { ...UDP, clientPort: ports(5000) }],
    ['RTP/AVP;unicast;client_port=5000-5000', { ...UDP, clientPort: ports(5000, 5000) }],
    ['RTP/AVP;client_port=1-65535', { ...UDP, clientPort: ports(1, 65535) }],
    ['RTP/AVP;unicast', UDP],
    ['RTP/AVP/TCP;unicast;interleaved=0-1', { ...TCP, interleaved: ports(0) }],
    ['RTP/AVP/TCP;interleaved=4', { ...TCP, interleaved: ports(4) }],
    ['RTP/AVP/TCP;interleaved=254-255', { ...TCP, interleaved: ports(254) }],
    ['RTP/AVP/TCP', TCP],
    ['rtp/avp/tcp;UNICAST;Interleaved=0-1;MODE=play', { ...TCP, interleaved: ports(0) }],
    [' RTP/AVP ; unicast ; client_port = 5000 - 5001 ; mode = "PLAY" ', { ...UDP, clientPort: ports(5000) }],
    ['RTP/AVP;multicast', GROUP],
    ['RTP/AVP', GROUP],
    ['RTP/AVP;multicast;client_port=5000-5001', { ...GROUP, clientPort: ports(5000) }],
    ['RTP/AVP;multicast;destination=239.1.2.3;port=6000-6001;ttl=16', { ...GROUP, destination: '239.1.2.3', port: ports(6000), ttl: 16 }],
    ['RTP/AVP;unicast;destination=ff02::1;client_port=9', { ...UDP, destination: 'ff02::1', clientPort: ports(9) }],
    ['RTP/AVP;unicast;client_port=5000-5001;mode=record', { ...UDP, clientPort: ports(5000), mode: 'RECORD' }],
    ['RTP/AVP/TCP;unicast;mode="PLAY,RECORD"', { ...TCP, mode: 'PLAY,RECORD' }],
    ['RTP/AVP/TCP;unicast;mode=', TCP],
    ['RTP/AVP;unicast;append;layers=2;x-dynamic-rate="0;1,2";ssrc=1;client_port=8-9', { ...UDP, clientPort: ports(8) }],
    ['RTP/AVP;unicast;client_port=8-9;client_port=10-11', { ...UDP, clientPort: ports(8) }],
  ])('%s', (header, offer) => {
    expect(parseTransport(header)).toEqual([offer]);
  });

  test('keeps the order of the alternatives and leaves out what it does not know', () => {
    const header = 'RAW/RAW/UDP;unicast,RTP/SAVP;unicast;client_port=2-3,RTP/AVP/TCP;interleaved=0-1 , RTP/AVP;unicast;client_port=4-5,';
    expect(parseTransport(header)).toEqual([
      { ...TCP, interleaved: ports(0) },
      { ...UDP, clientPort: ports(4) },
    ]);
  });

  test.each([
    [''],
    ['RTP'],
    ['RTP/AVP/SCTP;unicast'],
    ['RTP/AVPF;unicast;client_port=5000-5001'],
    ['RTP/AVP;unicast;client_port='],
    ['RTP/AVP;unicast;client_port=0-1'],
    ['RTP/AVP;unicast;client_port=65535'],
    ['RTP/AVP;unicast;client_port=65535-65536'],
    ['RTP/AVP;unicast;client_port=1-2-3'],
    ['RTP/AVP;unicast;client_port=1-'],
    ['RTP/AVP;unicast;client_port=-1'],
    ['RTP/AVP;unicast;client_port=0x10'],
    ['RTP/AVP;unicast;client_port=1.5'],
    ['RTP/AVP/TCP;interleaved=255'],
    ['RTP/AVP/TCP;interleaved=0-256'],
    ['RTP/AVP/TCP;interleaved=1-1'],
    ['RTP/AVP;multicast;ttl=256'],
    ['RTP/AVP;multicast;port=70000'],
    ['RTP/AVP;unicast;destination=a/b;client_port=1-2'],
    ['RTP/AVP;unicast;mode="a;b'],
  ])('offers nothing for %j', (header) => {
    expect(parseTransport(header)).toEqual([]);
  });

  test('looks at 16 alternatives', () => {
    expect(parseTransport(Array.from({ length: 1000 }, () => 'RTP/AVP/TCP').join())).toHaveLength(16);
  });
});

describe('formatTransport', () => {
  test('UDP unicast, with the addresses where they are known', () => {
    const answer = { kind: 'udp', clientPort: ports(5000), serverPort: ports(6970), ssrc: 0xbeef } as const;
    expect(formatTransport(answer)).toBe('RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=0000BEEF;mode="PLAY"');
    expect(formatTransport({ ...answer, source: '192.168.1.20', destination: '192.168.1.9' })).toBe(
      'RTP/AVP;unicast;destination=192.168.1.9;source=192.168.1.20;client_port=5000-5001;server_port=6970-6971;ssrc=0000BEEF;mode="PLAY"',
    );
  });

  test('interleaved', () => {
    expect(formatTransport({ kind: 'interleaved', channels: ports(2), ssrc: 0xffffffff })).toBe(
      'RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=FFFFFFFF;mode="PLAY"',
    );
  });

  test('multicast', () => {
    expect(formatTransport({ kind: 'multicast', destination: '239.1.2.3', port: ports(6000), ttl: 16, ssrc: 1 })).toBe(
      'RTP/AVP;multicast;destination=239.1.2.3;port=6000-6001;ttl=16;ssrc=00000001;mode="PLAY"',
    );
  });
});
