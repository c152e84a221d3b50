import type { Service } from '../service.ts';
import { capabilityOperations, DEVICE } from './capabilities.ts';
import type { DeviceDeps } from './deps.ts';
import { discoveryOperations } from './discovery.ts';
import { hostOperations } from './hosts.ts';
import { interfaceOperations } from './interfaces.ts';
import { protocolOperations } from './protocols.ts';
import { systemOperations } from './system.ts';
import { userOperations } from './users.ts';

/** The ONVIF device service (ver10/device): the door of every recorder. */
export const makeDeviceService = (deps: DeviceDeps): Service => ({
  ...DEVICE,
  operations: [
    ...capabilityOperations(deps),
    ...systemOperations(deps),
    ...discoveryOperations(deps),
    ...userOperations(deps),
    ...hostOperations(deps),
    ...interfaceOperations(deps),
    ...protocolOperations(deps),
  ],
});
