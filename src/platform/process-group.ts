import { ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { findProgram } from './programs.ts';

/** How long the last output of a program is waited for after its end, milliseconds: what it started may hold the pipe for ever. */
const OUTPUT_GRACE_MS = 200;
/** Time for the rest of a group to end after SIGTERM, milliseconds. */
const TERMINATE_GRACE_MS = 1000;
/** The same after SIGKILL, milliseconds; what the kernel holds up may take longer. */
const KILL_GRACE_MS = 500;
/** Interval of looking whether processes of the group are left, milliseconds. */
const LOOK_MS = 20;

/** The programs that end with this process, until their starters take them out. */
export const running = new Set<ChildProcess>();

/** Kills all {@link running} programs: the last resort when this process ends at once, so that no capture program outlives it. */
export function killPrograms(): void {
  for (const { pid } of running) if (pid !== undefined) signalGroup(pid, 'SIGKILL');
}

/**
 * Starts a program in a process group of its own, to be signalled as one: Ctrl-C in the terminal reaches it only through this
 * process. Never throws: a program that cannot be started has no process id and no streams, and its error event follows.
 * @param options `searchPath`: where to look up the `setpriv` that makes the kernel kill the program when this process dies,
 * however that comes; it is then {@link running} too. Without it the program may outlive this one. `env`: the whole environment;
 * undefined: that of this process
 */
export function spawnGroup(
  command: string,
  args: readonly string[],
  { stdio, searchPath, env }: { stdio: SpawnOptions['stdio']; searchPath: string | undefined; env?: NodeJS.ProcessEnv | undefined },
): ChildProcess {
  const setpriv = searchPath === undefined ? undefined : findSetpriv(searchPath);
  const [file, argv] = setpriv ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]] : [command, [...args]];
  const child = spawnOrFail(file, argv, { stdio, detached: true, ...(env && { env: { ...env } }) });
  if (searchPath !== undefined) running.add(child);
  return child;
}

/** Starts a program, with every failure as an error event: Node.js throws some, such as ENOMEM or a file where a folder should be. */
function spawnOrFail(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(file, args, options);
  } catch (error) {
    const child = new ChildProcess();
    process.nextTick(() => child.emit('error', error));
    return child;
  }
}

/** The `setpriv` found for each search path. */
const setprivs = new Map<string, string | undefined>();

/** Returns the path of a `setpriv` that can tie a program's life to this one's; BusyBox's cannot. */
function findSetpriv(searchPath: string): string | undefined {
  if (!setprivs.has(searchPath)) {
    const found = findProgram('setpriv', searchPath);
    const trial =
      found === undefined ? undefined : spawnSync(found, ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore', timeout: 1000 });
    // With no descriptor left, or a machine too slow at the moment, nothing was found out.
    if (trial?.error) return undefined;
    setprivs.set(searchPath, trial?.status === 0 ? found : undefined);
  }
  return setprivs.get(searchPath);
}

/**
 * Signals a program that leads a process group, and all that it started: a wrapper script's capture would live on otherwise, and keep
 * the camera. Nothing happens where nobody is left.
 * @param leader its process id, which is that of the group
 */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Gone already.
  }
}

/**
 * Ends what a program that led a process group left running in it, by SIGTERM or else by SIGKILL; to be called at once when the
 * program has ended. Resolves when its last output is in and the group is empty; at the latest after 1.7 s, since somebody else's
 * processes and those that the kernel holds up cannot be ended. Never rejects.
 *
 * As long as anybody is in the group, the kernel gives its number to nobody else; so it is looked at all the while.
 * @param leader its process id, which is that of the group
 * @param output fulfilled when its output is closed
 */
export async function leftNothing(leader: number, output: Promise<unknown>): Promise<void> {
  let patient = true;
  const patience = Promise.race([output, sleep(OUTPUT_GRACE_MS)]).then(() => {
    patient = false;
  });
  // A program that passes its last words on and ends by itself may do so.
  while (patient && isAnybodyIn(leader)) await Promise.race([patience, sleep(LOOK_MS)]);
  if (!patient) await endGroup(leader);
  await patience;
}

async function endGroup(leader: number): Promise<void> {
  for (const [signal, grace] of [
    ['SIGTERM', TERMINATE_GRACE_MS],
    ['SIGKILL', KILL_GRACE_MS],
  ] as const) {
    if (!isAnybodyIn(leader)) return;
    signalGroup(leader, signal);
    for (let waited = 0; waited < grace && isAnybodyIn(leader); waited += LOOK_MS) await sleep(LOOK_MS);
  }
}

function isAnybodyIn(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch (error) {
    // A process of another user's counts too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
