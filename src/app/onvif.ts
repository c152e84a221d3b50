import { UsernameTokenAuthenticator } from '../auth/username-token.ts';
import { MAX_USERS } from '../auth/users.ts';
import type { MulticastController } from '../device/multicast.ts';
import { keepPorts, type ServerPorts } from '../device/ports.ts';
import { storedProfiles } from '../device/profiles.ts';
import { Authorizer } from '../onvif/authorizer.ts';
import type { DeviceServiceOptions } from '../onvif/device/options.ts';
import { makeDeviceService } from '../onvif/device/service.ts';
import { OnvifEndpoint } from '../onvif/endpoint.ts';
import { makeMediaService } from '../onvif/media/service.ts';
import type { Service } from '../onvif/service.ts';
import type { Login } from './login.ts';
import type { AppOptions } from './options.ts';
import type { Subsystems } from './subsystems.ts';

/** What recorders may make of our users and scopes. */
const LIMITS = { maxUsers: MAX_USERS, userNameLength: 64, passwordLength: 128, maxScopes: 20 };

/** What the ONVIF services describe and set. */
export interface OnvifOptions extends Subsystems {
  /** Undefined: nothing is sent by multicast. */
  readonly multicast: MulticastController | undefined;
  /** Those that our servers listen on. */
  readonly ports: () => ServerPorts;
  readonly restart: DeviceServiceOptions['restart'];
  readonly factoryDefault: DeviceServiceOptions['factoryDefault'];
}

export function makeOnvif(options: AppOptions, own: OnvifOptions): OnvifEndpoint {
  const { wsdlDir, clock, log } = options;
  const services: Service[] = [];
  services.push(deviceService(options, own, services), mediaService(options, own));
  return new OnvifEndpoint({ services, wsdlDir, authorizer: makeAuthorizer(options, own.login), clock, log });
}

function deviceService({ state, version, clock }: AppOptions, own: OnvifOptions, services: readonly Service[]): Service {
  const { settings, identity, machine, login, ports, restart, factoryDefault } = own;
  return makeDeviceService({
    ...{ machine, identity, clock, users: login.access.users, uuid: state.state.uuid, firmwareVersion: version, limits: LIMITS },
    services: () => services,
    ports,
    setPorts: async (next) => keepPorts(settings.ports, ports(), next),
    ...{ restart, factoryDefault },
  });
}

function mediaService({ state }: AppOptions, { streams, capture, multicast, ports }: OnvifOptions): Service {
  return makeMediaService({
    streams: streams.catalogue,
    picture: capture.picture,
    profiles: storedProfiles(state),
    get rtsp() {
      const { rtsp } = ports();
      return rtsp === undefined ? undefined : { port: rtsp };
    },
    multicast,
  });
}

function makeAuthorizer({ config, clock, log }: AppOptions, { access, usedTokens }: Login): Authorizer {
  const { users, authenticator, limiter, known } = access;
  return new Authorizer({
    http: authenticator,
    usernameTokens: new UsernameTokenAuthenticator({ users, clock, used: usedTokens, window: config.auth.clockWindow }),
    limiter,
    known,
    open: !config.auth.enabled,
    clock,
    log,
  });
}
