import type { Access } from '../auth/access.ts';
import type { TokenMemory } from '../auth/used-tokens.ts';
import { UsernameTokenAuthenticator } from '../auth/username-token.ts';
import { MAX_USERS } from '../auth/users.ts';
import type { StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { Machine } from '../core/machine.ts';
import { Authorizer } from '../onvif/authorizer.ts';
import type { DeviceDeps, ServerPorts } from '../onvif/device/deps.ts';
import { makeDeviceService } from '../onvif/device/service.ts';
import { OnvifEndpoint } from '../onvif/endpoint.ts';
import type { MediaCamera, MediaH264, MediaMulticast } from '../onvif/media/deps.ts';
import { makeMediaService } from '../onvif/media/service.ts';
import type { Service } from '../onvif/service.ts';
import type { Identity } from './identity.ts';
import { keepPorts } from './ports.ts';

/** What recorders may make of our users and scopes. */
const LIMITS = { maxUsers: MAX_USERS, userNameLength: 64, passwordLength: 128, maxScopes: 20 };

export interface OnvifParts {
  readonly machine: Machine;
  readonly state: StateStore;
  readonly identity: Identity;
  readonly camera: MediaCamera;
  /** Gives undefined where nothing can encode. */
  readonly h264: () => MediaH264 | undefined;
  /** Resolves when that is known, or after a while. */
  readonly h264Known: () => Promise<void>;
  /** Undefined: nothing is sent by multicast. */
  readonly multicast: MediaMulticast | undefined;
  readonly access: Access;
  /** Whether everybody may watch and read: auth is off. */
  readonly open: boolean;
  /** Seconds by which a client's clock may be off. */
  readonly clockWindow: number;
  readonly usedTokens: TokenMemory;
  readonly version: string;
  readonly wsdlDir: string;
  readonly ports: DeviceDeps['ports'];
  /** Which of them the owner set. */
  readonly portsFixed: Readonly<Record<keyof ServerPorts, boolean>>;
  readonly restart: DeviceDeps['restart'];
  readonly factoryDefault: DeviceDeps['factoryDefault'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The ONVIF services, made of what the program has. */
export function composeOnvif(parts: OnvifParts): OnvifEndpoint {
  const { access, clock, log, state } = parts;
  const services: Service[] = [];
  services.push(
    makeDeviceService({
      machine: parts.machine,
      clock,
      users: access.users,
      store: parts.identity,
      uuid: state.state.uuid,
      firmwareVersion: parts.version,
      limits: LIMITS,
      services: () => services,
      ports: parts.ports,
      setPorts: async (ports) => keepPorts(state, parts.portsFixed, parts.ports(), ports),
      restart: parts.restart,
      factoryDefault: parts.factoryDefault,
    }),
    makeMediaService({
      camera: parts.camera,
      store: { list: () => state.state.profiles, save: (list) => state.update({ profiles: [...list] }) },
      get rtsp() {
        const { rtsp } = parts.ports();
        return rtsp === undefined ? undefined : { port: rtsp };
      },
      get h264() {
        return parts.h264();
      },
      h264Known: parts.h264Known,
      multicast: parts.multicast,
    }),
  );
  return new OnvifEndpoint({
    services,
    wsdlDir: parts.wsdlDir,
    authorizer: new Authorizer({
      http: access.authenticator,
      usernameTokens: new UsernameTokenAuthenticator({
        users: access.users,
        clock,
        used: parts.usedTokens,
        window: parts.clockWindow,
      }),
      limiter: access.limiter,
      known: access.known,
      open: parts.open,
      clock,
      log,
    }),
    clock,
    log,
  });
}
