import type { UserStore } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { Machine } from '../../core/machine.ts';
import type { Service } from '../service.ts';

/** What recorders may change of the camera's identity. */
export interface DeviceIdentity {
  /** What viewers and recorders call the camera: 1 to 64 printable characters. */
  readonly name: string;
  /** Where it is, "Building 1/Door" with "/" between the steps; empty: nobody said. */
  readonly location: string;
  /** False: discovery stays silent. */
  readonly discoverable: boolean;
  /** Scopes that recorders added, beside those of name and location, as URIs. */
  readonly scopes: readonly string[];
}

/** The identity as it is now. */
export interface DeviceStore extends DeviceIdentity {
  /** Changes all that is given at once, and keeps it. Throws an AppError, with nothing changed, where it cannot be kept. */
  update(change: Partial<DeviceIdentity>): void;
}

/** TCP ports of our own servers. */
export interface ServerPorts {
  readonly http: number;
  /** undefined: no RTSP is served. */
  readonly rtsp: number | undefined;
}

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
export interface DeviceDeps {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly users: UserStore;
  readonly store: DeviceStore;
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
   * Arranges that everything of ours is as after the first start, and restarts like {@link DeviceDeps.restart}.
   * @param hard false: keep what makes us reachable (ports, users)
   */
  readonly factoryDefault: (hard: boolean) => Promise<void>;
}
