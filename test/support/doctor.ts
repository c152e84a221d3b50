import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSourceSpec, type SourceSpec } from '../../src/camera/source-spec.ts';
import { schema } from '../../src/cli/settings.ts';
import { stateSchema } from '../../src/config/state.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Check, Result } from '../../src/doctor/check.ts';
import type { Surroundings } from '../../src/doctor/surroundings.ts';
import type { InterfaceAddresses } from '../../src/platform/interfaces.ts';
import { Tools } from '../../src/platform/machine/tools.ts';
import { Tree } from '../../src/platform/machine/tree.ts';
import { runProgram } from '../../src/platform/run-program.ts';
import { type Files, makeTree } from './system-tools/tree.ts';
import { makeTempDir } from './temp-dir.ts';

export interface Made {
  /** Files of the system. */
  readonly files?: Files;
  /** Its tools: what each is as a shell script. */
  readonly tools?: Readonly<Record<string, string>>;
  /** The camera's programs: shell scripts too. */
  readonly programs?: Readonly<Record<string, string>>;
  /** As in a settings file. */
  readonly config?: object;
  readonly explicit?: readonly string[];
  readonly addresses?: InterfaceAddresses;
}

/** A machine with nothing but what the test gives it: no tools, no camera, no server, no network. */
export function makeSurroundings(made: Made = {}, more: Partial<Surroundings> = {}): Surroundings {
  const config = schema.parse(made.config ?? {});
  const toolPath = makePrograms(made.tools ?? {});
  const dataDir = join(makeTempDir(), 'data');
  return {
    version: '1.2.3',
    nodeVersion: '20.19.0',
    architecture: 'arm64',
    settings: {
      config,
      explicit: new Set(made.explicit),
      file: undefined,
      spec: parseSourceSpec(config.camera.source) as SourceSpec,
      dataDir,
      fault: undefined,
    },
    server: undefined,
    announced: undefined,
    state: undefined,
    base: undefined,
    login: undefined,
    noLogin: undefined,
    user: { uid: 1000, name: 'pi', groups: [1000, 44] },
    interfaces: () => made.addresses ?? {},
    tree: new Tree(makeTree(made.files ?? {})),
    tools: new Tools(toolPath, runProgram),
    toolPath,
    searchPath: makePrograms(made.programs ?? {}),
    clock: systemClock,
    loadImageLibrary: () => Promise.reject(new Error('not installed')),
    ...more,
  };
}

/** A folder with shell scripts under these names, to be used as search path. */
export function makePrograms(scripts: Readonly<Record<string, string>>): string {
  const dir = makeTempDir();
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
  }
  return dir;
}

/** A state as the first start makes it, with what the test adds. */
export const makeState = (more: object = {}) =>
  stateSchema.parse({ version: 1, uuid: '9a8b7c6d-1234-4321-8765-0123456789ab', users: [], ...more });

/** What one of the checks finds. */
export async function find(checks: readonly Check[], id: string, signal: AbortSignal = new AbortController().signal): Promise<Result> {
  const check = checks.find((each) => each.id === id);
  if (!check) throw new Error(`there is no check ${id}`);
  return check.run(signal);
}
