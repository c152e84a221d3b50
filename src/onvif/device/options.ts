import type { UserStore } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { IdentityStore } from '../../device/identity.ts';
import type { ServerPorts } from '../../device/ports.ts';
import type { Machine } from '../../platform/machine.ts';
import type { Service } from '../service.ts';

/** "/onvif/device_service" and all that the service says of itself. */
export const DEVICE = {
  name: 'device',
  namespace: 'http://www.onvif.org/ver10/device/wsdl',
  path: '/onvif/device_service',
  version: { major: 2, minor: 60 },
} as const;

export interface DeviceLimits {
  readonly maxUsers: number;
  /** Characters. */
  readonly userNameLength: number;
  /** Characters. */
  readonly passwordLength: number;
  /** Configurable scopes, those of name and location included. */
  readonly maxScopes: number;
}

/** What the device service needs of the rest of the program. */
export interface DeviceServiceOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly users: UserStore;
  readonly identity: IdentityStore;
  /** Identity of this camera, without "urn:uuid:". */
  readonly uuid: string;
  /** Our own version, "1.2.3". */
  readonly firmwareVersion: string;
  readonly limits: DeviceLimits;
  /** All services that are served, this one first. */
  readonly services: () => readonly Service[];
  readonly ports: () => ServerPorts;
  /**
   * Keeps the ports for the next start. Throws AppError PORT_TAKEN where another program has one of them, and PORT_FIXED
   * where the owner set one by flag, environment or file.
   */
  readonly setPorts: (ports: ServerPorts) => Promise<void>;
  /** Arranges a restart of this program and returns; it begins only after the answer to the current request went out. */
  readonly restart: () => Promise<void>;
  /**
   * Arranges that everything of ours is as after the first start, and restarts like {@link DeviceServiceOptions.restart}.
   * @param hard false: keep what makes us reachable (ports, users)
   */
  readonly factoryDefault: (hard: boolean) => Promise<void>;
}
