import { Identity } from '../device/identity.ts';
import { DeviceSettings } from '../device/settings.ts';
import { ownMac } from '../platform/machine/known-mac.ts';
import { LinuxMachine } from '../platform/machine/linux-machine.ts';
import type { Machine } from '../platform/machine.ts';
import { Capture } from './capture.ts';
import { Events } from './events.ts';
import { type AppLogin, makeLogin } from './login.ts';
import { makeNetwork, type Network } from './network.ts';
import type { AppOptions } from './options.ts';
import { Streams, type StreamsEvents } from './streams.ts';

/** What servers, services and discovery share: the device, and the way to it. */
export interface Subsystems {
  readonly settings: DeviceSettings;
  readonly identity: Identity;
  readonly machine: Machine;
  readonly login: AppLogin;
  readonly network: Network;
  readonly capture: Capture;
  readonly streams: Streams;
  /** Tells what happens to all that listen. */
  readonly events: Events;
}

/** Builds all of them. @throws AppError if the first password cannot be kept */
export function makeSubsystems(options: AppOptions, streamsEvents: StreamsEvents): Subsystems {
  const settings = new DeviceSettings(options);
  const capture = new Capture(options, settings);
  const streams = new Streams(options, settings, capture, streamsEvents);
  return {
    settings,
    identity: new Identity(settings.identity),
    machine: makeMachine(options),
    login: makeLogin(options),
    network: makeNetwork(options),
    capture,
    streams,
    events: new Events(options, settings, capture, streams),
  };
}

const makeMachine = ({ config, state, searchPath, instance, clock, log }: AppOptions): Machine =>
  new LinuxMachine({
    ...{ managed: config.system.manage, root: '/', searchPath, clock, log },
    mac: {
      mac: state.state.mac,
      keep: (mac) => state.update({ mac }),
      // Recorders take two cameras with the same MAC address for one.
      own: instance === undefined ? undefined : ownMac(state.state.uuid),
    },
    instance,
  });
