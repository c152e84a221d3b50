import { beforeEach, expect, test } from '@jest/globals';
import { StateStore } from '../../../src/config/state.ts';
import { keepPorts } from '../../../src/device/ports.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const FREE = { http: false, rtsp: false };
const NOW = { http: 8080, rtsp: 8554 };

let dir: string;
let state: StateStore;
beforeEach(() => {
  dir = makeTempDir();
  state = new StateStore(dir);
});
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
  keepPorts(state, FREE, NOW, next);
  expect(kept()).toEqual(expected);
});

test('one change does not undo the other', () => {
  keepPorts(state, FREE, NOW, { ...NOW, rtsp: 554 });
  keepPorts(state, FREE, { ...NOW, rtsp: 554 }, { http: 81, rtsp: 554 });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: 554 });
});

test('a port that the owner set stays, and the other one can change', () => {
  const rtspFixed = { ...FREE, rtsp: true };
  const change = () => keepPorts(state, rtspFixed, NOW, { http: 81, rtsp: 554 });
  expect(change).toThrow(
    expect.objectContaining({ code: 'PORT_FIXED', message: 'The RTSP port 8554 was set by the owner of this camera.' }),
  );
  expect(kept()).toEqual({ httpPort: undefined, rtspPort: undefined });
  keepPorts(state, rtspFixed, NOW, { ...NOW, http: 81 });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: undefined });
});

test('without an RTSP server there is only the other', () => {
  keepPorts(state, FREE, { http: 8080, rtsp: undefined }, { http: 81, rtsp: undefined });
  expect(kept()).toEqual({ httpPort: 81, rtspPort: undefined });
});
