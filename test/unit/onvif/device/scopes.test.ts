import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import { deviceScopes, normalScope } from '../../../../src/onvif/device/scopes.ts';
import { makeDevice, networkInterface } from '../../../support/onvif-device.ts';

const ROOT = 'onvif://www.onvif.org/';
const NAME = `${ROOT}name/Front%20Door`;
const NOWHERE = `${ROOT}location/unknown`;

type Device = ReturnType<typeof makeDevice>;
const scopes = ({ deviceOptions }: Device) => deviceScopes(deviceOptions).map((scope) => scope.uri);
const configurable = ({ deviceOptions }: Device) =>
  deviceScopes(deviceOptions)
    .filter((scope) => !scope.fixed)
    .map((scope) => scope.uri);

describe('the scopes', () => {
  test('are those that recorders look for, one URI each', async () => {
    const device = makeDevice();
    device.store.scopes = [`${ROOT}zone/1`];
    expect(scopes(device)).toEqual([
      `${ROOT}Profile/Streaming`,
      `${ROOT}type/video_encoder`,
      `${ROOT}type/Network_Video_Transmitter`,
      `${ROOT}hardware/Raspberry%20Pi%204%20Model%20B%20Rev%201.4`,
      `${ROOT}mac/b8:27:eb:12:34:56`,
      NAME,
      NOWHERE,
      `${ROOT}zone/1`,
    ]);
  });

  test('have the name and the location in percent-encoded UTF-8, a slash of the name too', async () => {
    const device = makeDevice();
    Object.assign(device.store, { name: 'Tür 1/2 & "Hof"', location: 'Köln/Haus 3' });
    expect(configurable(device)).toEqual([`${ROOT}name/T%C3%BCr%201%2F2%20%26%20%22Hof%22`, `${ROOT}location/K%C3%B6ln/Haus%203`]);
    expect(scopes(device).join(' ').split(' ')).toHaveLength(7);
  });

  test('have the MAC address of the camera, whichever interface is enabled', async () => {
    const device = makeDevice();
    device.machine.knownMac = 'aa:bb:cc:00:11:22';
    for (const nics of [[], [networkInterface({ up: false })], [networkInterface(), networkInterface({ name: 'wlan0' })]]) {
      device.machine.nics = nics;
      expect(scopes(device).filter((uri) => uri.includes('mac/'))).toEqual([`${ROOT}mac/aa:bb:cc:00:11:22`]);
    }
    device.machine.knownMac = undefined;
    expect(scopes(device).filter((uri) => uri.includes('mac/'))).toEqual([]);
  });

  test('are told with what can be changed of them', async () => {
    const { Scopes } = (await makeDevice().call('GetScopes')) as { Scopes: { ScopeDef: string; ScopeItem: string }[] };
    expect(Scopes.filter((scope) => scope.ScopeDef === 'Configurable').map((scope) => scope.ScopeItem)).toEqual([NAME, NOWHERE]);
    expect(Scopes.filter((scope) => scope.ScopeDef === 'Fixed')).toHaveLength(5);
  });
});

describe('SetScopes', () => {
  test('changes name and location, and replaces the others', async () => {
    const device = makeDevice();
    device.store.scopes = [`${ROOT}zone/1`];
    const Scopes = [`${ROOT}location/K%C3%B6ln/Hof`, `${ROOT}name/Back%20Door`, 'http://example.com/floor/2'];
    expect(await device.call('SetScopes', { Scopes })).toEqual({});
    expect(device.store).toMatchObject({ name: 'Back Door', location: 'Köln/Hof', scopes: ['http://example.com/floor/2'], updates: 1 });
    expect(configurable(device)).toEqual([`${ROOT}name/Back%20Door`, `${ROOT}location/K%C3%B6ln/Hof`, 'http://example.com/floor/2']);
  });

  test('takes back all that GetScopes gave and changes nothing by it', async () => {
    const device = makeDevice();
    const before = scopes(device);
    await device.call('SetScopes', { Scopes: before });
    expect(scopes(device)).toEqual(before);
    expect(device.store.location).toBe('');
  });

  test('leaves the name where none is given', async () => {
    const device = makeDevice();
    await device.call('SetScopes', { Scopes: `${ROOT}zone/9` });
    expect(configurable(device)).toEqual([NAME, NOWHERE, `${ROOT}zone/9`]);
  });

  test('refuses more than the limit and leaves all as it was', async () => {
    const device = makeDevice();
    const Scopes = [1, 2, 3, 4].map((n) => `${ROOT}zone/${n}`);
    expect(await device.fault('SetScopes', { Scopes: [...Scopes, `${ROOT}name/New`] })).toBe('Receiver/Action/TooManyScopes');
    expect(device.store.updates).toBe(0);
    await device.call('SetScopes', { Scopes: Scopes.slice(1) });
    expect(device.store.scopes).toHaveLength(3);
  });

  test.each([
    'no-uri',
    '',
    '   ',
    '://x',
    `${ROOT}${'x'.repeat(300)}`,
    `${ROOT}name/`,
    `${ROOT}name/%20`,
    `${ROOT}name/%FF`,
    `${ROOT}name/%00`,
    `${ROOT}name/a%0Ab`,
    `${ROOT}name/${'x'.repeat(65)}`,
    `${ROOT}location/K%C3`,
    `${ROOT}name/\ud800`,
  ])('refuses %j', async (scope) => {
    const device = makeDevice();
    expect(await device.fault('SetScopes', { Scopes: [`${ROOT}zone/1`, scope] })).toBe('Sender/InvalidArgVal');
    expect(device.store.updates).toBe(0);
  });

  test('needs a scope', async () => {
    expect(await makeDevice().fault('SetScopes')).toBe('Sender/InvalidArgs');
  });

  test('says when it cannot be kept', async () => {
    const device = makeDevice();
    device.store.update = () => {
      throw new AppError('DATA_DIR', 'The disk is full.');
    };
    expect(await device.refusal('SetScopes', { Scopes: `${ROOT}zone/1` })).toMatchObject({
      fault: 'Receiver/Action',
      reason: expect.stringContaining('The disk is full.'),
    });
  });
});

describe('AddScopes', () => {
  test('adds once what is not there yet', async () => {
    const device = makeDevice();
    await device.call('AddScopes', { ScopeItem: [`${ROOT}zone/1`, NAME, `${ROOT}Profile/Streaming`] });
    await device.call('AddScopes', { ScopeItem: `${ROOT}zone/1` });
    expect(configurable(device)).toEqual([NAME, NOWHERE, `${ROOT}zone/1`]);
  });

  test('refuses more than the limit', async () => {
    const device = makeDevice();
    device.store.scopes = [1, 2, 3].map((n) => `${ROOT}zone/${n}`);
    expect(await device.fault('AddScopes', { ScopeItem: `${ROOT}zone/4` })).toBe('Receiver/Action/TooManyScopes');
    expect(device.store.scopes).toHaveLength(3);
  });
});

describe('RemoveScopes', () => {
  test('removes and tells what it removed', async () => {
    const device = makeDevice();
    device.store.scopes = [`${ROOT}zone/1`, `${ROOT}zone/2`];
    expect(await device.call('RemoveScopes', { ScopeItem: `${ROOT}zone/1` })).toEqual({ ScopeItem: [`${ROOT}zone/1`] });
    expect(device.store.scopes).toEqual([`${ROOT}zone/2`]);
  });

  test('of a name leaves the other name', async () => {
    const device = makeDevice();
    await device.call('AddScopes', { ScopeItem: `${ROOT}name/Gate` });
    expect(device.store.name).toBe('Front Door');
    await device.call('RemoveScopes', { ScopeItem: NAME });
    expect(device.store).toMatchObject({ name: 'Gate', scopes: [] });
  });

  test.each<[string, string]>([
    [`${ROOT}Profile/Streaming`, 'Sender/OperationProhibited/FixedScope'],
    [`${ROOT}mac/b8:27:eb:12:34:56`, 'Sender/OperationProhibited/FixedScope'],
    [NAME, 'Sender/OperationProhibited/FixedScope'],
    [NOWHERE, 'Sender/OperationProhibited/FixedScope'],
    [`${ROOT}zone/7`, 'Sender/InvalidArgVal/NoScope'],
  ])('refuses %s, and then removes nothing', async (uri, fault) => {
    const device = makeDevice();
    device.store.scopes = [`${ROOT}zone/1`];
    expect(await device.fault('RemoveScopes', { ScopeItem: [`${ROOT}zone/1`, uri] })).toBe(fault);
    expect(device.store.scopes).toEqual([`${ROOT}zone/1`]);
  });
});

test.each([
  [' onvif://WWW.ONVIF.org/name/Front Door ', `${ROOT}name/Front%20Door`],
  [`${ROOT}name/Front%20Door`, `${ROOT}name/Front%20Door`],
  [`${ROOT}name/Tür`, `${ROOT}name/T%C3%BCr`],
  [`${ROOT}zone/100%`, `${ROOT}zone/100%25`],
  ['urn:Example:A', 'urn:Example:A'],
])('normalScope writes %j as %j', (text, uri) => {
  expect(normalScope(text)).toBe(uri);
  expect(normalScope(uri)).toBe(uri);
});

describe('the discovery mode', () => {
  test('is told and changed', async () => {
    const { call, store } = makeDevice();
    expect(await call('GetDiscoveryMode')).toEqual({ DiscoveryMode: 'Discoverable' });
    await call('SetDiscoveryMode', { DiscoveryMode: 'NonDiscoverable' });
    expect(store.discoverable).toBe(false);
    expect(await call('GetDiscoveryMode')).toEqual({ DiscoveryMode: 'NonDiscoverable' });
  });

  test('has two values', async () => {
    const { fault, store } = makeDevice();
    expect(await fault('SetDiscoveryMode', { DiscoveryMode: 'Off' })).toBe('Sender/InvalidArgVal');
    expect(await fault('SetDiscoveryMode')).toBe('Sender/InvalidArgs');
    expect(store.updates).toBe(0);
  });
});
