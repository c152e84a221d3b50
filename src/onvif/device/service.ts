import type { Service } from '../service.ts';
import { capabilityOperations } from './capabilities.ts';
import { discoveryOperations } from './discovery.ts';
import { hostOperations } from './hosts.ts';
import { interfaceOperations } from './interfaces.ts';
import { DEVICE, type DeviceServiceOptions } from './options.ts';
import { protocolOperations } from './protocols.ts';
import { systemOperations } from './system.ts';
import { userOperations } from './users.ts';

/** Returns the ONVIF device service (ver10; Core Specification, "Device management"), with which every recorder begins. */
export const makeDeviceService = (options: DeviceServiceOptions): Service => ({
  ...DEVICE,
  operations: [
    ...capabilityOperations(options),
    ...systemOperations(options),
    ...discoveryOperations(options),
    ...userOperations(options),
    ...hostOperations(options),
    ...interfaceOperations(options),
    ...protocolOperations(options),
  ],
});
