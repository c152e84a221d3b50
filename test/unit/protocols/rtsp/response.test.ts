import { describe, expect, test } from '@jest/globals';
import { formatResponse } from '../../../../src/protocols/rtsp/response.ts';

const format = (response: Partial<Parameters<typeof formatResponse>[0]> = {}) =>
  formatResponse({ status: 200, cseq: '3', server: 'onvif-camera', ...response }).toString('latin1');

describe('formatResponse', () => {
  test('writes status, CSeq, Server and Date', () => {
    expect(format({ date: new Date(Date.UTC(1997, 0, 23, 15, 35, 6)) })).toBe(
      'RTSP/1.0 200 OK\r\nCSeq: 3\r\nServer: onvif-camera\r\nDate: Thu, 23 Jan 1997 15:35:06 GMT\r\n\r\n',
    );
  });

  test('writes further headers in their order, and a body with its length', () => {
    const headers = [
      ['Content-Type', 'application/sdp'],
      ['Content-Base', undefined],
      ['WWW-Authenticate', 'Digest a'],
      ['WWW-Authenticate', 'Basic b'],
    ] as const;
    expect(format({ status: 401, cseq: undefined, headers, body: Buffer.from('v=0\r\né') })).toBe(
      'RTSP/1.0 401 Unauthorized\r\nServer: onvif-camera\r\nContent-Type: application/sdp\r\nWWW-Authenticate: Digest a\r\n' +
        'WWW-Authenticate: Basic b\r\nContent-Length: 7\r\n\r\nv=0\r\n\xc3\xa9',
    );
  });

  test.each([
    [405, 'Method Not Allowed'],
    [413, 'Request Entity Too Large'],
    [454, 'Session Not Found'],
    [459, 'Aggregate Operation Not Allowed'],
    [461, 'Unsupported Transport'],
    [505, 'RTSP Version Not Supported'],
    [551, 'Option Not Supported'],
  ] as const)('%i %s', (status, reason) => {
    expect(format({ status })).toMatch(new RegExp(`^RTSP/1.0 ${status} ${reason}\r\n`));
  });

  test('no value leaves its line', () => {
    const hostile = '1\r\nX-Evil: 1\r\n\r\nbody\0\u2028\u4e2d';
    const lines = format({ cseq: hostile, server: hostile, headers: [['Session', hostile]] }).split('\r\n');
    expect(lines.map((line) => line.split(':')[0])).toEqual(['RTSP/1.0 200 OK', 'CSeq', 'Server', 'Session', '', '']);
    expect(lines[1]).toBe('CSeq: 1  X-Evil: 1    body   ');
  });

  test('a name that is none is a mistake of the program', () => {
    for (const name of ['', 'A B', 'A:', 'A\r\nB', '1']) expect(() => format({ headers: [[name, 'x']] })).toThrow(RangeError);
  });
});
