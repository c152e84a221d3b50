import { describe, expect, test } from '@jest/globals';
import { chooseNamedPorts, FIRST_PORTS } from '../../../src/cli/named-ports.ts';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONFIG = { http: { port: 8080 }, rtsp: { enabled: true, port: 8554 } } as Parameters<typeof chooseNamedPorts>[0]['config'];

function choose(instance: string, more: Partial<Parameters<typeof chooseNamedPorts>[0]> = {}) {
  const state = more.state ?? new StateStore(makeTempDir());
  chooseNamedPorts({ instance, config: CONFIG, explicit: new Set(), state, log: silentLogger, isTaken: () => false, ...more });
  return state.state.device;
}

describe('ports of a camera with a name', () => {
  test('are a pair above those of the one without, kept, and the same at every start', () => {
    const dir = makeTempDir();
    const { httpPort, rtspPort } = choose('garden', { state: new StateStore(dir) });
    expect(httpPort! - FIRST_PORTS.http).toBe(rtspPort! - FIRST_PORTS.rtsp);
    expect(httpPort).toBeGreaterThanOrEqual(8081);
    // They are its own by now: that it listens on them at the next start of the machine is no reason to move.
    expect(choose('garden', { state: new StateStore(dir), isTaken: () => true })).toMatchObject({ httpPort, rtspPort });
  });

  test('differ from name to name, so that cameras that start together do not meet', () => {
    const names = ['garden', 'yard', 'door', 'street', 'attic', 'cellar'];
    expect(new Set(names.map((name) => choose(name).httpPort)).size).toBe(names.length);
  });

  test('are free ones', () => {
    const { httpPort, rtspPort } = choose('garden');
    const isTaken = (port: number) => port === httpPort || port === rtspPort! + 1;
    expect(choose('garden', { isTaken })).toMatchObject({ httpPort: httpPort! + 2, rtspPort: rtspPort! + 2 });
  });

  test('are the owner’s where he set them; without RTSP there is one', () => {
    expect(choose('garden', { explicit: new Set(['http.port', 'rtsp.port']) })).not.toHaveProperty('httpPort');
    const { httpPort, rtspPort } = choose('garden', { explicit: new Set(['http.port']) });
    expect([httpPort, typeof rtspPort]).toEqual([undefined, 'number']);
    const config = { ...CONFIG, rtsp: { ...CONFIG.rtsp, enabled: false } };
    expect(choose('garden', { config })).not.toHaveProperty('rtspPort');
  });
});
