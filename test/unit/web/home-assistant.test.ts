import { describe, expect, test } from '@jest/globals';
import { homeAssistantForms } from '../../../src/web/page/home-assistant.ts';

const urls = [
  { id: 'stream', label: 'MJPEG stream', url: 'http://192.168.1.50:8080/stream.mjpg' },
  { id: 'snapshot', label: 'Snapshot', url: 'http://192.168.1.50:8080/snapshot.jpg' },
];
const h264 = { id: 'rtsp-h264', label: 'RTSP, H.264', url: 'rtsp://192.168.1.50:8554/h264' };
const MJPEG = {
  integration: 'MJPEG IP Camera',
  rows: [
    { label: 'Name', value: 'Hall' },
    { label: 'MJPEG URL', value: 'http://192.168.1.50:8080/stream.mjpg' },
    { label: 'Still image URL', value: 'http://192.168.1.50:8080/snapshot.jpg' },
    { label: 'Username', value: 'admin' },
  ],
};

describe('homeAssistantForms', () => {
  test('without H.264 there is one way', () => {
    expect(homeAssistantForms({ name: 'Hall', user: 'admin', urls })).toEqual([MJPEG]);
  });

  test('with H.264 ONVIF comes first', () => {
    const rows = [
      { label: 'Name', value: 'Hall' },
      { label: 'Host', value: '192.168.1.50' },
      { label: 'Port', value: '8080' },
      { label: 'Username', value: 'admin' },
    ];
    expect(homeAssistantForms({ name: 'Hall', user: 'admin', urls: [...urls, h264] })).toEqual([{ integration: 'ONVIF', rows }, MJPEG]);
  });

  test('behind port 80 the port is named all the same, and without a login no user', () => {
    const [onvif] = homeAssistantForms({
      name: 'Hall',
      user: undefined,
      urls: [...urls.map((each) => ({ ...each, url: each.url.replace(':8080', '') })), h264],
    });
    expect(onvif!.rows.map(({ value }) => value)).toEqual(['Hall', '192.168.1.50', '80']);
  });

  test('behind a proxy with TLS there is no way by ONVIF, which Home Assistant speaks without', () => {
    const secure = urls.map((each) => ({ ...each, url: each.url.replace('http://192.168.1.50:8080', 'https://cam.example.com') }));
    const forms = homeAssistantForms({ name: 'Hall', user: 'admin', urls: [...secure, h264] });
    expect(forms.map(({ integration }) => integration)).toEqual(['MJPEG IP Camera']);
  });

  test('while addresses are missing or none, there is nothing to type', () => {
    for (const some of [[], [h264], urls.slice(0, 1), urls.map((each) => ({ ...each, url: 'nowhere' }))])
      expect(homeAssistantForms({ name: 'Hall', user: 'admin', urls: some })).toEqual([]);
  });
});
