import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readTcpTable, type TcpEntry, tcpKey } from '../../../../src/protocols/proc/tcp-table.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                               \n';
const line = (ends: string, queued: string, rto = '20') =>
  `   1: ${ends} 01 ${queued}:00000000 01:00000014 00000000  1000        0 53211 3 0000000077fbb04e ${rto} 4 31 10 -1                   \n`;
const V4 = '0100007F:1F90 6401A8C0:D2F0';
const V6 = '00000000000000000000000001000000:1F90 B80D01200000000067452301EFCDAB89:D2F0';
/** A connection that waits for its peer to forget it has no more fields than these. */
const TIME_WAIT = '   2: 0100007F:A2D6 0100007F:46A0 06 00000000:00000000 03:000000F0 00000000     0        0 0 3 00000000a6a7bdae   \n';

function read(text: string): Map<string, TcpEntry> {
  const found = new Map<string, TcpEntry>();
  readTcpTable(Buffer.from(text, 'latin1'), (key, entry) => found.set(key, entry));
  return found;
}

describe('a connection', () => {
  test.each([
    ['127.0.0.1', 8080, '192.168.1.100', 54000, V4],
    ['::1', 8080, '2001:db8::123:4567:89ab:cdef', 54000, V6],
    ['::1', 8080, '2001:db8::123:4567:89ab:cdef%eth0', 54000, V6],
    ['::ffff:127.0.0.1', 1, '::', 2, '0000000000000000FFFF00000100007F:0001 00000000000000000000000000000000:0002'],
  ])('%s:%i to %s:%i is named as the kernel prints it', (localAddress, localPort, remoteAddress, remotePort, key) => {
    expect(tcpKey({ localAddress, localPort, remoteAddress, remotePort }, true)).toBe(key);
  });

  test('has its addresses the other way round on a big-endian machine', () => {
    const ends = { localAddress: '127.0.0.1', localPort: 80, remoteAddress: '1.2.3.4', remotePort: 256 };
    expect(tcpKey(ends, false)).toBe('7F000001:0050 01020304:0100');
  });

  test('that is closed has no name', () => {
    expect(tcpKey({ localAddress: '127.0.0.1', localPort: 80 }, true)).toBeUndefined();
  });
});

describe('the table', () => {
  test('tells what waits, and the time until it is sent again', () => {
    const found = read(HEAD + line(V4, '0001A2B3') + TIME_WAIT + line(V6, '00000000', '25'));
    expect(found.get(V4)).toEqual({ queued: 0x1a2b3, rto: 200 });
    expect(found.get(V6)).toEqual({ queued: 0, rto: 250 });
    expect(found.get('0100007F:A2D6 0100007F:46A0')).toEqual({ queued: 0, rto: undefined });
    expect(found.size).toBe(3);
  });

  test('is the same in pieces of any size', () => {
    const text = HEAD + line(V4, '0001A2B3') + TIME_WAIT + line(V6, '000000FF');
    const whole = read(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sizes) => {
        const found = new Map<string, TcpEntry>();
        let kept = Buffer.alloc(0);
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          const piece = Buffer.concat([kept, Buffer.from(text.slice(at, at + size), 'latin1')]);
          at += size;
          kept = piece.subarray(readTcpTable(piece, (key, entry) => found.set(key, entry)));
        }
        expect(found).toEqual(whole);
      }),
    );
  });

  test('may be anything', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const used = readTcpTable(Buffer.from(bytes), () => {});
        expect(used).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
