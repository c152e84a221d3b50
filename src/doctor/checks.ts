import { bootConfigChecks } from './boot-config.ts';
import { cameraChecks } from './camera.ts';
import type { Group } from './check.ts';
import { discoveryChecks } from './discovery.ts';
import { encoderChecks } from './encoder.ts';
import { machineChecks } from './machine.ts';
import { networkChecks } from './network.ts';
import { programChecks } from './program.ts';
import { storageChecks } from './storage.ts';
import type { Surroundings } from './surroundings.ts';
import { timeChecks } from './time.ts';
import { walkChecks } from './walk/walk.ts';

/** Returns all checks, in the order in which they are shown; docs/doctor.md explains each. */
export const allGroups = (surroundings: Surroundings): Group[] => [
  { title: 'Program', checks: programChecks(surroundings) },
  { title: 'Machine', checks: [...machineChecks(surroundings), ...storageChecks(surroundings), ...bootConfigChecks(surroundings)] },
  { title: 'Time', checks: timeChecks(surroundings) },
  { title: 'Camera', checks: [...cameraChecks(surroundings), ...encoderChecks(surroundings)] },
  { title: 'Network', checks: [...networkChecks(surroundings), ...discoveryChecks(surroundings)] },
  // Last, as encoding and searching take the processor, by which a client's walk would look slow.
  { title: "A client's walk", last: true, checks: walkChecks(surroundings) },
];
