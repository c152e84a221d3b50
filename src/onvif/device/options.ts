import type { UserStore } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { IdentityStore } from '../../device/identity.ts';
import type { ServerPorts } from '../../device/ports.ts';
import type { Machine } from '../../platform/machine.ts';
import type { Service } from '../service.ts';

/** The names, the path and the version of the device service. */
export const DEVICE = {
  name: 'device',
  namespace: 'http://www.onvif.org/ver10/device/wsdl',
  path: '/onvif/device_service',
  version: { major: 2, minor: 60 },
} as const;

/** The limits that the device service tells clients, and keeps. */
export interface DeviceLimits {
  readonly maxUsers: number;
  /** Characters. */
  readonly userNameLength: number;
  /** Characters. */
  readonly passwordLength: number;
  /** Configurable scopes, those of name and location included. */
  readonly maxScopes: number;
}

/** What the device service takes. */
export interface DeviceServiceOptions {
  readonly machine: Machine;
  readonly clock: Clock;
  /** The users who may log in. */
  readonly users: UserStore;
  /** Name, location, scopes and discovery mode. */
  readonly identity: IdentityStore;
  /** The UUID of this camera, without "urn:uuid:". */
  readonly uuid: string;
  /** Version of this program, "1.2.3". */
  readonly firmwareVersion: string;
  readonly limits: DeviceLimits;
  /** Returns all services that are served, this one first. */
  readonly services: () => readonly Service[];
  /** Returns the ports that are listened on. */
  readonly ports: () => ServerPorts;
  /**
   * Keeps the ports for the next start. Rejects with the AppError PORT_TAKEN where another program has one of them, and with
   * PORT_FIXED where the owner set one by flag, environment or file.
   */
  readonly setPorts: (ports: ServerPorts) => Promise<void>;
  /** Arranges a restart of this program, which begins only after the answer to the current request went out. */
  readonly restart: () => Promise<void>;
  /**
   * Puts everything that the program keeps back to its defaults, and arranges a restart like {@link DeviceServiceOptions.restart}.
   * @param hard false: what makes the camera reachable (ports, users) stays
   */
  readonly factoryDefault: (hard: boolean) => Promise<void>;
}
