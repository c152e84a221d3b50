import { beforeEach, expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { keepPorts } from '../../../src/device/ports.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONFIG = schema.parse({});
const NOW = { http: 8080, rtsp: 8554 };

let dir: string;
let state: StateStore;
beforeEach(() => {
  dir = makeTempDir();
  state = new StateStore(dir);
});
/** As after a start with these settings of the owner. */
const ports = (...explicit: string[]) => new DeviceSettings({ config: CONFIG, explicit: new Set(explicit), state }).ports;
/** As the next start reads them. */
const kept = () => {
  const { httpPort, rtspPort } = new StateStore(dir).state.device;
  return { httpPort, rtspPort };
};

test.each([
  [
    { http: 81, rtsp: 8554 },
    { httpPort: 81, rtspPort: undefined },
  ],
  [
    { http: 8080, rtsp: 554 },
    { httpPort: undefined, rtspPort: 554 },
  ],
  [
    { http: 81, rtsp: 554 },
    { httpPort: 81, rtspPort: 554 },
  ],
])('only what changes is kept: %j', (next, expected) => {
  keepPorts(ports(), NOW, next);
  expect(kept()).toEqual(expected);
});

test('one change does not undo the other', () => {
  keepPorts(ports(), NOW, { ...NOW, rtsp: 554 });
  keepPorts(ports(), { ...NOW, rtsp: 554 }, { http: 81, rtsp: 554 });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: 554 });
});

test('a port that the owner set stays, and the other one can change', () => {
  const rtspFixed = ports('rtsp.port');
  const change = () => keepPorts(rtspFixed, NOW, { http: 81, rtsp: 554 });
  expect(change).toThrow(
    expect.objectContaining({ code: 'PORT_FIXED', message: 'The RTSP port 8554 was set by the owner of this camera.' }),
  );
  expect(kept()).toEqual({ httpPort: undefined, rtspPort: undefined });
  keepPorts(rtspFixed, NOW, { ...NOW, http: 81 });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: undefined });
});

test('without an RTSP server there is only the other', () => {
  keepPorts(ports(), { http: 8080, rtsp: undefined }, { http: 81, rtsp: undefined });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: undefined });
});
