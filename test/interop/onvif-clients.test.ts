import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { npmVersion, programVersion, pythonVersion, reportClient } from '../support/clients.ts';
import { needsProgram, needsPython, PYTHON } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** ONVIF clients we did not write, against the stand-in for the Pi's camera. */

reportClient('npm onvif', () => npmVersion('onvif'));
reportClient('node-onvif-ts', () => npmVersion('node-onvif-ts'));
reportClient('curl', () => programVersion('curl', '--version'));
reportClient('python-zeep', () => pythonVersion('zeep'));

let stage: Stage;
let server: Server;
beforeAll(async () => {
  stage = new Stage();
  server = await Server.start({
    args: [
      '--source',
      'rpicam',
      '--rpicam-path',
      STANDIN,
      '--width',
      '640',
      '--height',
      '480',
      '--name',
      'Front Door',
      '--discovery',
      'off',
    ],
    env: stage.env,
  });
});
afterAll(async () => {
  await server.stop();
  stage.remove();
});

const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';
const require = createRequire(import.meta.url);

describe('npm onvif (agsh), which UniFi Protect and Scrypted use', () => {
  type Callback = (error: Error | null, result: Record<string, unknown>) => void;
  /** The part of the library that is used here; it has callbacks and no types. */
  interface Cam {
    uri: Record<string, { href: string }>;
    profiles: { $: { token: string }; videoEncoderConfiguration: Record<string, unknown> }[];
    videoSources: unknown;
    getStreamUri(options: object, callback: Callback): void;
    getSnapshotUri(options: object, callback: Callback): void;
    getHostname(callback: Callback): void;
    getUsers(callback: (error: Error | null, users: { username: string; userLevel: string }[]) => void): void;
    createUsers(users: object[], callback: Callback): void;
    deleteUsers(users: (string | object)[], callback: Callback): void;
    getDeviceInformation(callback: Callback): void;
    setSystemDateAndTime(options: object, callback: Callback): void;
    getScopes(callback: Callback): void;
    getImagingSettings(callback: Callback): void;
    setImagingSettings(settings: object, callback: Callback): void;
    getImagingServiceCapabilities(callback: Callback): void;
    getVideoSourceOptions(callback: Callback): void;
    getOSDs(token: string, callback: Callback): void;
    getOSDOptions(options: object, callback: Callback): void;
    createOSD(options: object, callback: Callback): void;
    setOSD(options: object, callback: Callback): void;
    deleteOSD(token: string, callback: Callback): void;
    getNetworkInterfaces(callback: (error: Error | null, result: unknown) => void): void;
  }
  const { Cam } = require('onvif') as { Cam: new (options: object, callback: (this: Cam, error: Error | null) => void) => Cam };

  const connect = (password = PASSWORD) =>
    new Promise<Cam>((resolve, reject) => {
      new Cam({ hostname: '127.0.0.1', port: server.port, username: 'admin', password, timeout: 10_000 }, function (error) {
        if (error) reject(error);
        else resolve(this);
      });
    });
  const call = <T>(cam: Cam, method: keyof Cam, ...args: unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null, result: T) => (error ? reject(error) : resolve(result));
      (cam[method] as (...all: unknown[]) => void).call(cam, ...args, done);
    });

  test('connects, and finds capabilities, profile, stream and snapshot', async () => {
    const cam = await connect();
    expect(cam.uri.media!.href).toBe(`${server.url}/onvif/media_service`);
    expect(cam.profiles.map(({ $ }) => $.token)).toEqual(['mjpeg']);
    expect(cam.profiles[0]!.videoEncoderConfiguration).toMatchObject({
      encoding: 'JPEG',
      resolution: { width: 640, height: 480 },
      rateControl: { frameRateLimit: 15 },
    });
    expect(await call(cam, 'getStreamUri', { protocol: 'HTTP' })).toMatchObject({ uri: `${server.url}/stream.mjpg` });
    const { uri } = await call<{ uri: string }>(cam, 'getSnapshotUri', {});
    const picture = await fetch(uri, { headers: { Authorization: basic('admin', PASSWORD) } });
    expect(readJpegHeader(Buffer.from(await picture.arrayBuffer()))).toMatchObject({ width: 640, height: 480 });
  });

  test('reads what the device is', async () => {
    const cam = await connect();
    const { version } = require('../../package.json') as { version: string };
    expect(await call(cam, 'getDeviceInformation')).toMatchObject({ firmwareVersion: version });
    expect(await call(cam, 'getHostname')).toHaveProperty('name');
    expect(JSON.stringify(await call(cam, 'getScopes'))).toContain('onvif://www.onvif.org/name/Front%20Door');
    expect(await call(cam, 'getNetworkInterfaces')).toBeDefined();
  });

  test('sets the image and the text in it, and reads both', async () => {
    const cam = await connect();
    expect(cam.uri.imaging!.href).toBe(`${server.url}/onvif/imaging_service`);
    expect(await call(cam, 'getVideoSourceOptions')).toMatchObject({
      brightness: { min: 0, max: 100 },
      exposure: { mode: ['AUTO', 'MANUAL'] },
    });
    expect(await call(cam, 'getImagingServiceCapabilities')).toEqual({ ImageStabilization: false, Presets: false });
    await call(cam, 'setImagingSettings', { brightness: 60, exposure: { mode: 'MANUAL', exposureTime: 10_000, gain: 6 } });
    expect(await call(cam, 'getImagingSettings')).toMatchObject({
      brightness: 60,
      contrast: 50,
      exposure: { mode: 'MANUAL', exposureTime: 10_000, gain: 6 },
    });
    await expect(call(cam, 'setImagingSettings', { brightness: 101 })).rejects.toThrow('Brightness must be 0 to 100.');
    await call(cam, 'setImagingSettings', { brightness: 50, exposure: { mode: 'AUTO' } });

    expect(JSON.stringify(await call(cam, 'getOSDOptions', {}))).toContain('"positionOption":"UpperLeft"');
    await call(cam, 'createOSD', { plaintext: 'Hof', position: 'UpperLeft' });
    await call(cam, 'setOSD', { OSDToken: 'osd_text', dateFormat: 'yyyy-MM-dd', timeFormat: 'HH:mm:ss', position: 'UpperLeft' });
    expect(await call(cam, 'getOSDs', '')).toMatchObject({
      getOSDsResponse: {
        OSDs: [{ $: { token: 'osd_text' }, textString: { type: 'DateAndTime', dateFormat: 'yyyy-MM-dd', timeFormat: 'HH:mm:ss' } }],
      },
    });
    await expect(call(cam, 'createOSD', { plaintext: 'Tor', position: 'UpperLeft' })).rejects.toThrow('room for one text');
    await call(cam, 'deleteOSD', 'osd_text');
    expect(JSON.stringify(await call(cam, 'getOSDs', ''))).not.toContain('osd_text');
  });

  test('manages users, and is told what is wrong', async () => {
    const cam = await connect();
    await call(cam, 'createUsers', [{ username: 'viewer', password: 'look-but-do-not-touch', userLevel: 'User' }]);
    const users = await call<{ username: string; userLevel: string }[]>(cam, 'getUsers');
    expect(users.map(({ username, userLevel }) => [username, userLevel])).toEqual([
      ['admin', 'Administrator'],
      ['viewer', 'User'],
    ]);
    expect(JSON.stringify(users)).not.toContain('touch');
    const picture = await fetch(`${server.url}/snapshot.jpg`, { headers: { Authorization: basic('viewer', 'look-but-do-not-touch') } });
    expect(picture.status).toBe(200);
    await expect(call(cam, 'deleteUsers', ['nobody'])).rejects.toThrow();
    await call(cam, 'deleteUsers', ['viewer']);
    await expect(call(cam, 'deleteUsers', ['admin'])).rejects.toThrow();
    await expect(call(await connect('wrong'), 'getDeviceInformation')).rejects.toThrow(/user name or the password/);
  });
});

describe('node-onvif-ts', () => {
  test('initialises, lists the profile and its addresses, and fetches a picture', async () => {
    const { OnvifDevice } = (await import('node-onvif-ts')) as unknown as {
      OnvifDevice: new (
        options: object,
      ) => {
        init(): Promise<Record<string, unknown>>;
        getProfileList(): { token: string; name: string; stream: Record<string, string>; snapshot: string; video: { encoder: object } }[];
        fetchSnapshot(): Promise<{ headers: Record<string, string>; body: Buffer }>;
      };
    };
    const device = new OnvifDevice({ xaddr: `${server.url}/onvif/device_service`, user: 'admin', pass: PASSWORD });
    const information = await device.init();
    expect(information).toMatchObject({ FirmwareVersion: expect.any(String), Manufacturer: expect.any(String) });
    const [profile] = device.getProfileList();
    expect(profile).toMatchObject({
      token: 'mjpeg',
      snapshot: `${server.url}/snapshot.jpg`,
      stream: { http: `${server.url}/stream.mjpg` },
    });
    const { body } = await device.fetchSnapshot();
    expect(readJpegHeader(Buffer.from(body))).toMatchObject({ width: 640, height: 480 });
  });
});

describe('curl', () => {
  const body = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetProfiles xmlns="${MEDIA}"/></s:Body></s:Envelope>`;
  for (const [title, options] of [
    ['with HTTP Digest, whose first request has no body', ['--digest', '-u', `admin:${PASSWORD}`]],
    [
      'with Expect: 100-continue and a chunked body',
      ['--basic', '-u', `admin:${PASSWORD}`, '-H', 'Expect: 100-continue', '-H', 'Transfer-Encoding: chunked'],
    ],
    [
      'at a path with a slash too many and another content type',
      ['--basic', '-u', `admin:${PASSWORD}`, '-H', 'Content-Type: application/xml', '--path-as-is'],
    ],
  ] as const) {
    needsProgram('curl', `calls a service ${title}`, async () => {
      const path = options.includes('--path-as-is' as never) ? '//onvif/anything' : '/onvif/media_service';
      const { stdout } = await promisify(execFile)('curl', ['-sS', '--fail', ...options, '-d', body, server.url + path]);
      expect(stdout).toContain('GetProfilesResponse');
    });
  }
});

describe('python-zeep, strict', () => {
  needsPython('zeep', 'reads our WSDL, calls our services, and understands our faults', async () => {
    const script = fileURLToPath(new URL('zeep-client.py', import.meta.url));
    const { stdout } = await promisify(execFile)(PYTHON, [script, server.url, 'admin', PASSWORD]);
    expect(JSON.parse(stdout)).toMatchObject({
      information: { FirmwareVersion: expect.any(String), SerialNumber: expect.any(String) },
      users: ['admin'],
      services: [
        'http://www.onvif.org/ver10/device/wsdl',
        MEDIA,
        'http://www.onvif.org/ver10/events/wsdl',
        'http://www.onvif.org/ver20/imaging/wsdl',
      ],
      year: new Date().getUTCFullYear(),
      profiles: ['mjpeg'],
      snapshot: `${server.url}/snapshot.jpg`,
      stream: `${server.url}/stream.mjpg`,
      text_token: expect.any(String),
      imaging: {
        options: [
          'BacklightCompensation',
          'Brightness',
          'ColorSaturation',
          'Contrast',
          'Exposure',
          'Sharpness',
          'WideDynamicRange',
          'WhiteBalance',
        ],
        before: 50,
        after: 55.5,
        restored: 50,
        source: 50,
        status: null,
      },
      osd: { options: ['UpperLeft'], token: 'osd_text', texts: ['Garden'], left: 0 },
      faults: {
        'wrong password': { code: 'env:Sender', subcodes: ['NotAuthorized'] },
        'no credentials': { code: 'env:Sender', subcodes: ['NotAuthorized'] },
        'out of range': { code: 'env:Sender', subcodes: ['InvalidArgVal', 'SettingsInvalid'] },
        'no lens': { code: 'env:Receiver', subcodes: ['ActionNotSupported', 'NoImagingForSource'] },
        'bad value': { code: 'env:Sender', subcodes: ['InvalidArgVal', 'InvalidHostname'] },
      },
    });
  });
});

describe('settings of the running capture', () => {
  const soap = async (service: string, namespace: string, body: string) => {
    const answer = await fetch(`${server.url}/onvif/${service}`, {
      method: 'POST',
      headers: { Authorization: basic('admin', PASSWORD), 'Content-Type': 'application/soap+xml' },
      body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body xmlns="${namespace}">${body}</s:Body></s:Envelope>`,
    });
    return { status: answer.status, text: await answer.text() };
  };
  let name = '';
  const set = (width: number, height: number, fps: number, quality: number) =>
    soap(
      'media_service',
      MEDIA,
      `<SetVideoEncoderConfiguration><Configuration token="mjpeg_encoder"><tt:Name>${name}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>JPEG</tt:Encoding><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution><tt:Quality>${quality}</tt:Quality><tt:RateControl><tt:FrameRateLimit>${fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>1000</tt:BitrateLimit></tt:RateControl><tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout></Configuration><ForcePersistence>true</ForcePersistence></SetVideoEncoderConfiguration>`,
    );

  test('SetVideoEncoderConfiguration changes the pictures, and viewers live through it', async () => {
    const viewer = new Viewer(server);
    await viewer.next(2);
    name = /token="mjpeg_encoder"[^>]*><tt:Name>([^<]*)</.exec((await soap('media_service', MEDIA, '<GetProfiles/>')).text)![1]!;
    const changed = await set(320, 240, 10, 60);
    expect(changed.text).toContain('SetVideoEncoderConfigurationResponse');
    await viewer.until(() => readJpegHeader(viewer.parts.at(-1)!.jpeg)?.width === 320, 'pictures of the new size');
    expect(viewer.closed).toBe(false);
    expect(stage.starts().at(-1)!.argv.join(' ')).toMatch(/--width 320 --height 240 --framerate 10 -q 60/);
    await viewer.close();

    const refused = await set(321, 241, 10, 60);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('ter:ConfigModify');
    expect((await set(640, 480, 15, 75)).status).toBe(200);
  });

  test('SystemReboot restarts the program: it is away for a moment and comes back with everything', async () => {
    const answer = await soap('device_service', 'http://www.onvif.org/ver10/device/wsdl', '<SystemReboot/>');
    expect(answer.text).toContain('system.manage');
    await server.output(/is ready[\s\S]*is ready/);
    expect(server.stderr).toContain('restarting, as a client asked');
    expect((await server.json('/healthz')).status).toBe('ok');
    expect(server.process.exitCode).toBeNull();
  });
});
