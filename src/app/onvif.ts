import { MAX_NAME_LENGTH, MAX_PASSWORD_LENGTH, MAX_USERS } from '../auth/users.ts';
import { tellingProfiles } from '../device/media-events.ts';
import type { MulticastController } from '../device/multicast.ts';
import { keepPorts, type ServerPorts } from '../device/ports.ts';
import { storedProfiles } from '../device/profiles.ts';
import { Authorizer } from '../onvif/authorizer.ts';
import type { DeviceServiceOptions } from '../onvif/device/options.ts';
import { makeDeviceService } from '../onvif/device/service.ts';
import { OnvifEndpoint } from '../onvif/endpoint.ts';
import { makeEventService } from '../onvif/events/service.ts';
import { makeImagingService } from '../onvif/imaging/service.ts';
import { makeMediaService } from '../onvif/media/service.ts';
import type { Service } from '../onvif/service.ts';
import type { AppOptions } from './options.ts';
import type { Subsystems } from './subsystems.ts';

/** Limits of the users and scopes that ONVIF clients may make. */
const LIMITS = { maxUsers: MAX_USERS, userNameLength: MAX_NAME_LENGTH, passwordLength: MAX_PASSWORD_LENGTH, maxScopes: 20 };

/** What {@link makeOnvif} takes besides the program's options: all that the services describe and change. */
export interface OnvifOptions extends Subsystems {
  /** Undefined: multicast is off. */
  readonly multicast: MulticastController | undefined;
  /** Events beside the picture by RTSP; undefined: there are none. */
  readonly metadata: { readonly synchronize: () => void } | undefined;
  /** Returns the ports that the servers listen on. */
  readonly ports: () => ServerPorts;
  /** See {@link DeviceServiceOptions.restart}. */
  readonly restart: DeviceServiceOptions['restart'];
  /** See {@link DeviceServiceOptions.factoryDefault}. */
  readonly factoryDefault: DeviceServiceOptions['factoryDefault'];
}

/** Returns the endpoint with all ONVIF services; it is not started yet. */
export function makeOnvif(options: AppOptions, own: OnvifOptions): OnvifEndpoint {
  const { config, wsdlDir, clock, log } = options;
  const services: Service[] = [];
  const events = makeEventService({ feed: own.events.bus, users: own.login.access.users, clock, log });
  const imaging = makeImagingService(own.capture.imaging);
  services.push(deviceService(options, own, services), mediaService(options, own), events, imaging);
  return new OnvifEndpoint({
    services,
    wsdlDir,
    authorizer: new Authorizer({ ...own.login.access, open: !config.auth.enabled, clock, log }),
    clock,
    log,
  });
}

function deviceService({ state, version, clock }: AppOptions, own: OnvifOptions, services: readonly Service[]): Service {
  const { settings, identity, machine, login, capture, ports, restart, factoryDefault } = own;
  return makeDeviceService({
    ...{ machine, identity, clock, users: login.access.users, uuid: state.state.uuid, firmwareVersion: version, limits: LIMITS },
    // Hidden where nothing can be set: Home Assistant shows switches for every camera with an imaging service.
    services: () => services.filter(({ name }) => name !== 'imaging' || capture.imaging.isSettable()),
    ports,
    setPorts: async (next) => keepPorts(settings.ports, ports(), next),
    ...{ restart, factoryDefault },
  });
}

function mediaService({ state }: AppOptions, { streams, capture, events, multicast, metadata, ports }: OnvifOptions): Service {
  return makeMediaService({
    streams: streams.catalogue,
    picture: capture.picture,
    imaging: capture.imaging,
    profiles: tellingProfiles(storedProfiles(state), events.bus),
    get rtsp() {
      const { rtsp } = ports();
      return rtsp === undefined ? undefined : { port: rtsp };
    },
    multicast,
    metadata,
  });
}
