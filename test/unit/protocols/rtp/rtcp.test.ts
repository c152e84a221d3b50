import { describe, expect, test } from '@jest/globals';
import { goodbye, ntpTime, senderReport } from '../../../../src/protocols/rtp/rtcp.ts';
import { parseRtcp } from '../../../../src/protocols/rtp/rtcp-parser.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const INFO = { ssrc: 0xdecade01, wall: 1_763_875_234_500, timestamp: 0xfffffff0, packets: 70_000, octets: 2 ** 32 - 1 };
/** 2025-11-23 05:20:34 UTC in seconds since 1900. */
const NTP_SECONDS = 1_763_875_234 + 2_208_988_800;

const BLOCK = 'decade01 40 fffffe 0001ffff 00000010 12345678 00010000';
const RECEIVER_REPORT = `81c90007 0000abcd ${BLOCK}`;
const DESCRIPTION = '81ca0003 0000abcd 0103686f 73000000';

describe('NTP time', () => {
  test('counts seconds from 1900 and binary fractions', () => {
    expect(ntpTime(0)).toEqual({ seconds: 2_208_988_800, fraction: 0 });
    expect(ntpTime(INFO.wall)).toEqual({ seconds: NTP_SECONDS, fraction: 0x80000000 });
    expect(ntpTime(250.5).fraction).toBe(Math.floor(0.2505 * 2 ** 32));
  });

  test('wraps in 2036', () => {
    expect(ntpTime(Date.UTC(2036, 1, 7, 6, 28, 16))).toEqual({ seconds: 0, fraction: 0 });
  });
});

describe('senderReport', () => {
  test('is a compound of SR and SDES, to the byte', () => {
    const seconds = NTP_SECONDS.toString(16);
    expect(senderReport(INFO, 'cam').toString('hex')).toBe(
      hex(`80c80006 decade01 ${seconds} 80000000 fffffff0 00011170 ffffffff 81ca0003 decade01 010363616d 000000`).toString('hex'),
    );
  });

  test('closes the name with one to four zeros, whatever its length', () => {
    for (let length = 0; length <= 12; length++) {
      const name = 'x'.repeat(length);
      const bytes = senderReport(INFO, name);
      expect(bytes.length % 4).toBe(0);
      expect(bytes.at(-1)).toBe(0);
      expect(parseRtcp(bytes)?.[1]).toEqual({ type: 'source-description', chunks: [{ ssrc: INFO.ssrc, cname: name }] });
    }
  });

  test('is read back, and a name of any length is cut to what fits', () => {
    expect(parseRtcp(senderReport(INFO, 'n'.repeat(300)))).toEqual([
      {
        type: 'sender-report',
        ssrc: INFO.ssrc,
        ntp: { seconds: NTP_SECONDS, fraction: 0x80000000 },
        timestamp: INFO.timestamp,
        packets: INFO.packets,
        octets: INFO.octets,
        reports: [],
      },
      { type: 'source-description', chunks: [{ ssrc: INFO.ssrc, cname: 'n'.repeat(255) }] },
    ]);
  });
});

test('goodbye is a sender report with a BYE at its end', () => {
  const bytes = goodbye(INFO, 'cam');
  expect(bytes.subarray(0, -8)).toEqual(senderReport(INFO, 'cam'));
  expect(bytes.toString('hex', bytes.length - 8)).toBe('81cb0001decade01');
  expect(parseRtcp(bytes)?.at(-1)).toEqual({ type: 'bye', sources: [INFO.ssrc] });
});

describe('parseRtcp', () => {
  test('reads the report of a receiver', () => {
    expect(parseRtcp(hex(`${RECEIVER_REPORT} ${DESCRIPTION}`))).toEqual([
      {
        type: 'receiver-report',
        ssrc: 0xabcd,
        reports: [
          {
            ssrc: 0xdecade01,
            fractionLost: 0.25,
            cumulativeLost: -2,
            highestSequence: 0x1ffff,
            jitter: 16,
            lastReport: 0x12345678,
            delay: 65_536,
          },
        ],
      },
      { type: 'source-description', chunks: [{ ssrc: 0xabcd, cname: 'hos' }] },
    ]);
  });

  test.each<[string, string, unknown[]]>([
    ['an empty report', '80c90001 00000001', [{ type: 'receiver-report', ssrc: 1, reports: [] }]],
    ['an extension behind the report', '80c90002 00000001 aabbccdd', [{ type: 'receiver-report', ssrc: 1, reports: [] }]],
    ['a BYE with a reason', '80c90001 00000001 81cb0002 00000001 03627965', [expect.anything(), { type: 'bye', sources: [1] }]],
    ['a BYE of nobody', '80c90001 00000001 80cb0000', [expect.anything(), { type: 'bye', sources: [] }]],
    ['APP and feedback packets, left out', '80c90001 00000001 80cc0002 00000001 61626364 81ce0002 00000001 00000002', [expect.anything()]],
    ['padding of the last packet', '80c90001 00000001 a1cb0002 00000001 00000004', [expect.anything(), { type: 'bye', sources: [1] }]],
    [
      'items of the description that are not the name',
      '80c90001 00000001 82ca0006 00000001 06027674 0101 6100 00000002 02016e00 00000000',
      [
        expect.anything(),
        {
          type: 'source-description',
          chunks: [
            { ssrc: 1, cname: 'a' },
            { ssrc: 2, cname: undefined },
          ],
        },
      ],
    ],
  ])('takes %s', (_name, bytes, packets) => {
    expect(parseRtcp(hex(bytes))).toEqual(packets);
  });

  test.each([
    ['nothing', ''],
    ['less than a header', '80c900'],
    ['another version', '40c90001 00000001'],
    ['a length beyond the end', '80c90002 00000001'],
    ['bytes behind the last packet', '80c90001 00000001 00'],
    ['a beginning that is no report', `${DESCRIPTION} 80c90001 00000001`],
    ['padding of the first packet', 'a0c90002 00000001 00000004'],
    ['padding before the last packet', '80c90001 00000001 a1cb0002 00000001 00000004 80cb0000'],
    ['padding of nothing', '80c90001 00000001 a1cb0002 00000001 00000000'],
    ['padding in part of a word', '80c90001 00000001 a1cb0002 00000001 00000003'],
    ['padding longer than its packet', '80c90001 00000001 a1cb0001 00000008'],
    ['a report without its sender', '80c90000'],
    ['fewer reports than it says', `82c90007 0000abcd ${BLOCK}`],
    ['a sender report without its numbers', '80c80001 00000001'],
    ['a description that is not closed', '80c90001 00000001 81ca0002 00000001 01026162'],
    ['a description with an item beyond its end', '80c90001 00000001 81ca0002 00000001 01090000'],
    ['fewer descriptions than it says', '80c90001 00000001 82ca0002 00000001 00000000'],
    ['fewer leaving sources than it says', '80c90001 00000001 82cb0001 00000001'],
    ['more packets than anybody sends', '80c90001 00000001'.repeat(33)],
  ])('refuses %s', (_name, bytes) => {
    expect(parseRtcp(hex(bytes))).toBeUndefined();
  });
});
