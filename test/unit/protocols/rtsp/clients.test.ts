import { describe, expect, test } from '@jest/globals';
import { parseRange, parseSession, unsupportedOptions } from '../../../../src/protocols/rtsp/headers.ts';
import type { RtspRequest } from '../../../../src/protocols/rtsp/reader.ts';
import { parseTransport } from '../../../../src/protocols/rtsp/transport.ts';
import { parseRequestUrl } from '../../../../src/protocols/rtsp/url.ts';
import { read, recording, requestsOf } from '../../../support/rtsp.ts';

/** A request in one line: what a server takes from it. */
function summary({ method, url, headers, body }: RtspRequest): string {
  const target = parseRequestUrl(url);
  const get = (name: string) => headers.get(name);
  const offers = parseTransport(get('transport') ?? '').map(({ lower, delivery, clientPort, interleaved, port }) => {
    const pair = clientPort ?? interleaved ?? port;
    return `${lower} ${delivery}${pair ? ` ${pair.rtp}-${pair.rtcp}` : ''}`;
  });
  const range = parseRange(get('range') ?? '');
  return [
    get('cseq'),
    method,
    target && `${target.path}${target.track === undefined ? '' : `#${target.track}`}`,
    ...offers,
    get('session') && parseSession(get('session')!)?.id,
    range?.unit === 'npt' && `from ${range.start}`,
    get('authorization')?.split(' ')[0],
    ...unsupportedOptions(get('require')),
    body.toString(),
  ]
    .filter(Boolean)
    .join(' | ');
}

const conversation = (name: string) => requestsOf(read(recording(name))).map(summary);
const packets = (name: string) => read(recording(name)).filter((one) => 'channel' in one).length;

describe('what clients send', () => {
  test('ffmpeg over TCP, with receiver reports between', () => {
    expect(conversation('ffmpeg-tcp.rtsp')).toEqual([
      '1 | OPTIONS | /mjpeg',
      '2 | DESCRIBE | /mjpeg',
      '3 | DESCRIBE | /mjpeg | Digest',
      '4 | SETUP | /mjpeg#0 | TCP unicast 0-1 | Digest',
      '5 | PLAY | /mjpeg | 12345678 | from 0 | Digest',
      '6 | GET_PARAMETER | /mjpeg | 12345678 | Digest',
      '7 | TEARDOWN | /mjpeg | 12345678 | Digest',
    ]);
    expect(packets('ffmpeg-tcp.rtsp')).toBe(2);
  });

  test('VLC over UDP', () => {
    expect(conversation('vlc-udp.rtsp')).toEqual([
      '2 | OPTIONS | /h264',
      '3 | DESCRIBE | /h264',
      '4 | DESCRIBE | /h264 | Digest',
      '5 | SETUP | /h264#0 | UDP unicast 54160-54161 | Digest',
      '6 | PLAY | /h264 | 12345678 | from 0 | Digest',
      '7 | GET_PARAMETER | /h264 | 12345678 | Digest',
      '8 | TEARDOWN | /h264 | 12345678 | Digest',
    ]);
  });

  test('GStreamer, which offers all transports at once', () => {
    expect(conversation('gstreamer-udp.rtsp')).toEqual([
      '1 | OPTIONS | /mjpeg',
      '2 | DESCRIBE | /mjpeg',
      '3 | DESCRIBE | /mjpeg | Digest',
      '4 | SETUP | /mjpeg#0 | UDP unicast 51202-51203 | TCP unicast 0-1 | UDP multicast | Digest',
      '5 | PLAY | /mjpeg | 12345678 | from 0 | Digest',
      '6 | GET_PARAMETER | /mjpeg | 12345678 | Digest',
      '7 | PAUSE | /mjpeg | 12345678 | Digest',
      '8 | TEARDOWN | /mjpeg | 12345678 | Digest',
    ]);
  });

  test('go2rtc, which asks for the back channel first', () => {
    expect(conversation('go2rtc.rtsp')).toEqual([
      '1 | OPTIONS | /mjpeg',
      '2 | DESCRIBE | /mjpeg | www.onvif.org/ver20/backchannel',
      '3 | DESCRIBE | /mjpeg',
      '4 | SETUP | /mjpeg#0 | TCP unicast 0-1',
      '5 | PLAY | /mjpeg | 12345678',
      '6 | OPTIONS | /mjpeg | 12345678',
      '7 | TEARDOWN | /mjpeg | 12345678',
    ]);
    expect(packets('go2rtc.rtsp')).toBe(1);
  });

  test('recorders that leave the credentials in the URL and count from 0', () => {
    expect(conversation('recorder-credentials-in-url.rtsp')).toEqual([
      '0 | OPTIONS | /h264 | Basic',
      '1 | DESCRIBE | /h264 | Basic',
      '2 | SETUP | /h264#0 | TCP unicast 0-1 | Basic',
      '3 | PLAY | /h264 | 12345678 | from now | Basic',
      '4 | OPTIONS | * | 12345678 | Basic',
      '5 | TEARDOWN | /h264 | 12345678 | Basic',
    ]);
  });

  test('sloppy ones: blank lines, lower case, folded headers, queries, a body, an answer', () => {
    expect(conversation('recorder-lower-case.rtsp')).toEqual([
      '1 | OPTIONS | /mjpeg',
      '2 | DESCRIBE | /mjpeg',
      '3 | SETUP | /mjpeg#0 | UDP multicast 6000-6001 | UDP unicast 40000-40001',
      '4 | GET_PARAMETER | /mjpeg | 12345678 | position\r\n',
      '5 | TEARDOWN | /mjpeg | 12345678',
    ]);
  });
});
