import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** The image by ONVIF, over HTTP, down to the arguments of the capture program; the stand-in plays rpicam-vid. */

const IMAGING = 'http://www.onvif.org/ver20/imaging/wsdl';
const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';

let stage: Stage;
let dataDir: string;
let server: Server;

const start = async (args: readonly string[] = []) => {
  server = await Server.start({
    args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', ...args],
    env: stage.env,
    dataDir,
  });
};
beforeEach(() => {
  stage = new Stage();
  stage.play({ cameras: 'imx708' });
  dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));
});
afterEach(async () => {
  await server.stop();
  stage.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

async function ask(service: string, namespace: string, body: string): Promise<string> {
  const answer = await server.fetch(`/onvif/${service}_service`, {
    method: 'POST',
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body xmlns="${namespace}">${body}</s:Body></s:Envelope>`,
  });
  return answer.text();
}
const source = '<VideoSourceToken>video_source</VideoSourceToken>';
const imaging = (operation: string, more = '') => ask('imaging', IMAGING, `<${operation}>${source}${more}</${operation}>`);
const set = (settings: string, keep = '') => imaging('SetImagingSettings', `<ImagingSettings>${settings}</ImagingSettings>${keep}`);
const media = (body: string) => ask('media', MEDIA, body);
const osd = (position: string, text: string) =>
  `<OSD token=""><tt:VideoSourceConfigurationToken>video_source_config</tt:VideoSourceConfigurationToken><tt:Type>Text</tt:Type><tt:Position><tt:Type>${position}</tt:Type></tt:Position><tt:TextString>${text}</tt:TextString></OSD>`;
/** The arguments of each capture, without those that are always there. */
const captures = () =>
  stage
    .starts()
    .filter(({ argv }) => argv.includes('mjpeg'))
    .map(({ argv }) => argv.slice(argv.indexOf('-q') + 2).join(' '));

test('several changes within a second make one restart, no viewer is lost, and they outlive the next start', async () => {
  await start();
  const viewer = new Viewer(server);
  await viewer.next(2);
  for (const settings of [
    '<tt:Brightness>60</tt:Brightness>',
    '<tt:Brightness>75</tt:Brightness><tt:ColorSaturation>0</tt:ColorSaturation>',
    '<tt:Exposure><tt:Mode>MANUAL</tt:Mode><tt:ExposureTime>20000</tt:ExposureTime><tt:Gain>6.02</tt:Gain></tt:Exposure>',
    '<tt:WideDynamicRange><tt:Mode>ON</tt:Mode></tt:WideDynamicRange>',
  ])
    expect(await set(settings)).toContain('SetImagingSettingsResponse');
  expect(await imaging('Move', '<Focus><tt:Absolute><tt:Position>2.5</tt:Position></tt:Absolute></Focus>')).toContain('MoveResponse');
  // It is told at once.
  expect(await imaging('GetImagingSettings')).toMatch(/Brightness>75<.*Mode>MANUAL<.*ExposureTime>20000<.*AutoFocusMode>MANUAL</s);
  await eventually(() => captures().length === 2, 'the capture is started anew');
  await viewer.next(20);
  expect(viewer.closed).toBe(false);
  const changed = '--shutter=20000 --gain=1.9999 --brightness=0.5 --saturation=0 --hdr=sensor --autofocus-mode=manual --lens-position=2.5';
  expect(captures()).toEqual(['', changed]);
  await viewer.close();
  await server.stop();
  await start(['--brightness', '0.1']);
  const other = new Viewer(server);
  await other.next(2);
  await other.close();
  // What the owner set comes first.
  expect(captures().at(-1)).toBe(changed.replace('--brightness=0.5', '--brightness=0.1'));
});

test('with ForcePersistence false a change is in force, and gone after the next start', async () => {
  await start();
  expect(await set('<tt:Contrast>0</tt:Contrast>', '<ForcePersistence>false</ForcePersistence>')).toContain('SetImagingSettingsResponse');
  const viewer = new Viewer(server);
  await viewer.next(2);
  await viewer.close();
  expect(captures()).toEqual(['--contrast=0']);
  await server.stop();
  await start();
  expect(await imaging('GetImagingSettings')).toMatch(/Contrast>50</);
});

test('the text in the picture: made, shown, refused, kept and removed', async () => {
  await start();
  const viewer = new Viewer(server);
  await viewer.next(2);
  expect(await media('<GetOSDs/>')).not.toContain('token="osd_text"');
  const text = '<tt:Type>DateAndTime</tt:Type><tt:DateFormat>dd/MM/yyyy</tt:DateFormat><tt:TimeFormat>HH:mm:ss</tt:TimeFormat>';
  expect(await media(`<CreateOSD>${osd('LowerRight', text)}</CreateOSD>`)).toContain('Position can only be UpperLeft');
  expect(await media(`<CreateOSD>${osd('UpperLeft', text)}</CreateOSD>`)).toMatch(/OSDToken>osd_text</);
  await eventually(() => captures().length === 2, 'the capture is started anew');
  await viewer.next(10);
  expect(captures()[1]).toBe(`--post-process-file ${join(dataDir, 'annotate.json')}`);
  expect(readFileSync(join(dataDir, 'annotate.json'), 'utf8')).toContain('"text":"%d/%m/%Y %T"');
  await viewer.close();
  await server.stop();
  await start();
  expect(await media('<GetOSDs/>')).toMatch(/token="osd_text".*DateAndTime.*dd\/MM\/yyyy/s);
  expect(await media('<DeleteOSD><OSDToken>osd_text</OSDToken></DeleteOSD>')).toContain('DeleteOSDResponse');
  expect(await media('<GetOSDs/>')).not.toContain('token="osd_text"');
});

test('capabilities, services and what is refused', async () => {
  await start();
  const device = (body: string) => ask('device', 'http://www.onvif.org/ver10/device/wsdl', body);
  expect(await device('<GetCapabilities><Category>Imaging</Category></GetCapabilities>')).toMatch(/Imaging>.*imaging_service</s);
  expect(await device('<GetServices><IncludeCapability>true</IncludeCapability></GetServices>')).toMatch(
    /ver20\/imaging\/wsdl<.*imaging_service<.*Presets="false"/s,
  );
  for (const operation of ['GetPresets', 'GetCurrentPreset', 'SetCurrentPreset'])
    expect(await imaging(operation)).toContain('ter:ActionNotSupported');
  expect(await imaging('GetPresetsOfMine')).toContain('ter:ActionNotSupported');
  expect(await set('<tt:IrCutFilter>AUTO</tt:IrCutFilter>')).toMatch(/ter:SettingsInvalid.*no IrCutFilter/s);
  expect(captures()).toEqual([]);
});

test('a client’s settings of one camera do not keep another from starting', async () => {
  await start();
  await set('<tt:Sharpness>80</tt:Sharpness><tt:Contrast>60</tt:Contrast>');
  await media(`<CreateOSD>${osd('UpperLeft', '<tt:Type>Plain</tt:Type><tt:PlainText>Hof</tt:PlainText>')}</CreateOSD>`);
  await server.stop();
  server = await Server.start({ args: ['--source', 'test'], dataDir });
  expect(await imaging('GetImagingSettings')).toMatch(/Contrast>60</);
  expect(await set('<tt:Contrast>70</tt:Contrast>')).toContain('SetImagingSettingsResponse');
  expect(await set('<tt:Sharpness>70</tt:Sharpness>')).toContain('ter:SettingsInvalid');
  expect(await server.json('/api/status')).toMatchObject({ notices: [] });
});

test('a source without an image to be set: no service is listed, and who asks all the same is told', async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'], dataDir });
  writeFileSync(join(dataDir, 'one.jpg'), Buffer.from(await (await server.fetch('/snapshot.jpg')).arrayBuffer()));
  await server.stop();
  server = await Server.start({ args: ['--source', `images:${dataDir}`], dataDir });
  const device = (body: string) => ask('device', 'http://www.onvif.org/ver10/device/wsdl', body);
  expect(await device('<GetServices><IncludeCapability>true</IncludeCapability></GetServices>')).toMatch(/media_service<.*OSD="false"/s);
  expect(await device('<GetServices><IncludeCapability>true</IncludeCapability></GetServices>')).not.toContain('imaging');
  expect(await device('<GetCapabilities><Category>Imaging</Category></GetCapabilities>')).toContain('ter:NoSuchService');
  expect(await imaging('GetImagingSettings')).toContain('ter:NoImagingForSource');
  expect(await media('<GetOSDs/>')).not.toContain('osd_text');
});
