import { EventEmitter, once } from 'node:events';
import type { LogFields } from '../../../src/core/log.ts';
import type { InterfaceSetting } from '../../../src/platform/machine.ts';
import { type Run, runProgram } from '../../../src/platform/run-program.ts';
import { FakeClock } from '../fake-clock.ts';
import { ALL_TOOLS, makeMachine, makeTools, makeTree, PI_ADDRESSES, PI_FILES } from './tree.ts';

/** A Pi of which something is to be changed, and what its tools are called with then. */

export const ETH = '9f3c1b52-5d3e-3f0c-8a53-0d5d3d1f6a01';
export const WLAN = '2b0a9b8c-7d6e-4f5a-9b8c-1a2b3c4d5e6f';
export const FIND = ['nmcli', '-t', '-f', 'UUID,TYPE,DEVICE', 'connection', 'show', '--active'];
export const modify = (uuid: string, ...properties: string[]) => ['nmcli', 'connection', 'modify', 'uuid', uuid, ...properties];
export const device = (verb: string, name: string) => ['nmcli', '-w', '15', 'device', verb, name];

/** A Pi whose owner allows changes, with stand-ins for its tools. */
export function pi(scenario: object = {}, names: readonly string[] = ALL_TOOLS) {
  const tools = makeTools(names, scenario);
  const root = makeTree(PI_FILES);
  const clock = new FakeClock();
  const emitter = new EventEmitter();
  const warnings: LogFields[] = [];
  const run: Run = async (...call) => {
    const result = await runProgram(...call);
    emitter.emit('ran');
    return result;
  };
  const log = { debug() {}, info() {}, error() {}, warn: (_: string, fields?: LogFields) => void warnings.push(fields ?? {}) };
  const machine = makeMachine({}, PI_ADDRESSES, { root, searchPath: tools.dir, clock, run, log });
  /** Lets the half second pass, and waits for what is done then. */
  const later = async () => {
    const ran = once(emitter, 'ran');
    clock.advance(500);
    await ran;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...tools, root, machine, clock, later, warnings };
}

export const NOTHING: InterfaceSetting = { enabled: undefined, mtu: undefined, dhcp: undefined, manual: undefined };
