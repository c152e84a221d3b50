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

/** Everything that is looked at, in the order in which it is shown; docs/doctor.md has a line for each. */
export const allGroups = (surroundings: Surroundings): Group[] => [
  { title: 'Program', checks: programChecks(surroundings) },
  { title: 'Machine', checks: [...machineChecks(surroundings), ...storageChecks(surroundings), ...bootConfigChecks(surroundings)] },
  { title: 'Time', checks: timeChecks(surroundings) },
  { title: 'Camera', checks: [...cameraChecks(surroundings), ...encoderChecks(surroundings)] },
  { title: 'Network', checks: [...networkChecks(surroundings), ...discoveryChecks(surroundings)] },
  // Encoding and searching take the processor, and time; a client's walk wants both as they are.
  { title: "A client's walk", last: true, checks: walkChecks(surroundings) },
];
