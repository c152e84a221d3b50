import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { findRunningServer, type RunFile } from '../config/run-file.ts';
import { readState } from '../config/state.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, EXIT, messageOf } from '../core/errors.ts';
import { formatOrigin } from '../core/origin.ts';
import { allGroups } from '../doctor/checks.ts';
import { asJson, countsOf, Printer } from '../doctor/print.ts';
import { makeReport } from '../doctor/report.ts';
import { runChecks, worst } from '../doctor/run.ts';
import type { ImageLibrary, LoadedSettings, Surroundings, User } from '../doctor/surroundings.ts';
import { writeFileAtomically } from '../platform/files.ts';
import { loadImageLibrary } from '../platform/image-library.ts';
import { machineInterfaces } from '../platform/interfaces.ts';
import { Tools } from '../platform/machine/tools.ts';
import { Tree } from '../platform/machine/tree.ts';
import { runProgram } from '../platform/run-program.ts';
import type { Arguments } from './command.ts';
import { type Context, SECRET_VARIABLES } from './context.ts';
import { readLogin } from './login.ts';
import { prepare } from './prepare.ts';
import { Progress, TaskProgress } from './progress.ts';
import { askRunningCamera, type RunningCamera } from './running-camera.ts';
import { canAsk } from './secrets.ts';
import { askServer } from './server-api.ts';

/** Directories of the system's tools, which the PATH of a user without rights may leave out. */
const TOOL_PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** `onvif-camera doctor`: looks at everything, tells what is wrong and what to do. */
export async function doctor(args: Arguments, context: Context): Promise<number> {
  const stop = new AbortController();
  void context.stopRequested.then(() => stop.abort(new AppError('USAGE', 'Stopped.')));
  const surroundings = await look(args, context, stop.signal);
  const groups = allGroups(surroundings);
  const json = args.flags.json === true;
  const progress = new TaskProgress(json ? undefined : new Progress(context.stderr));
  const colours = context.stdout.isTTY === true && !context.env.NO_COLOR;
  const printer = new Printer(groups, colours, (text) => progress.around(() => context.stdout.write(text)));
  const findings = await runChecks(
    groups,
    {
      started: ({ id, title }) => progress.begin(id, title),
      done: (finding) => {
        progress.end(finding.id);
        if (!json) printer.done(finding);
      },
    },
    stop.signal,
  );
  progress.clear();
  if (stop.signal.aborted) {
    context.stderr.write('Stopped before all was looked at.\n');
    return EXIT.failure;
  }
  if (json) context.stdout.write(asJson(context.version, findings));
  else context.stdout.write(`\n${countsOf(findings)}.\n`);
  if (args.flags.report !== undefined) await writeReport(String(args.flags.report), surroundings, findings, context);
  return worst(findings) === 'error' ? EXIT.failure : EXIT.ok;
}

async function writeReport(
  file: string,
  surroundings: Surroundings,
  findings: Parameters<typeof makeReport>[1],
  context: Context,
): Promise<void> {
  const secrets = SECRET_VARIABLES.flatMap((name) => context.env[name] ?? []);
  try {
    writeFileAtomically(resolve(file), await makeReport(surroundings, findings, secrets));
  } catch (error) {
    throw new AppError('DATA_DIR', `The report cannot be written to ${file}: ${messageOf(error)}`, {
      hint: 'Give another place: --report /tmp/report.md',
      cause: error,
    });
  }
  context.stderr.write(`${file}: the report. It has no passwords; look through it before you publish it.\n`);
}

async function look(args: Arguments, context: Context, signal: AbortSignal): Promise<Surroundings> {
  const settings = await loadSettings(args, context);
  const { dataDir } = settings;
  const searchPath = context.env.PATH ?? '';
  const toolPath = [searchPath, ...TOOL_PLACES].join(':');
  const server = await findRunningServer(dataDir);
  const camera = server && (await askRunningCamera(dataDir).catch(() => undefined));
  return {
    version: context.version,
    nodeVersion: process.versions.node,
    architecture: process.arch,
    settings,
    server,
    announced: server && (await isAnnounced(server)),
    state: readState(dataDir),
    base: camera ? formatOrigin(camera) : server?.url,
    ...(camera ? await findWalkLogin(camera, args, context, dataDir, signal) : { login: undefined, noLogin: undefined }),
    user: whoAmI(),
    interfaces: () => machineInterfaces.read(),
    tree: new Tree('/'),
    tools: new Tools(toolPath, runProgram),
    toolPath,
    searchPath,
    clock: systemClock,
    loadImageLibrary: async (): Promise<ImageLibrary> => loadImageLibrary('The test pattern'),
  };
}

/**
 * Returns whether the server announces itself, by its own status, as the flags that it was started with are not known here;
 * undefined: it does not say.
 */
async function isAnnounced(server: RunFile): Promise<boolean | undefined> {
  const answer = z.object({ discovery: z.object({ enabled: z.boolean() }) });
  const status = await askServer(server, { path: '/api/v1/status', answer }).catch(() => undefined);
  return status?.discovery.enabled;
}

/** Loads the settings. A settings file that cannot be used is a finding like others; the rest is looked at without it. */
async function loadSettings(args: Arguments, context: Context): Promise<LoadedSettings> {
  try {
    return { ...(await prepare(args, context)), fault: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Throws again where the fault is not in the file.
    return { ...(await prepare(args, context, false)), fault: error };
  }
}

async function findWalkLogin(
  camera: RunningCamera,
  args: Arguments,
  context: Context,
  dataDir: string,
  signal: AbortSignal,
): Promise<Pick<Surroundings, 'login' | 'noLogin'>> {
  const passwordFile = args.flags['password-file'] === undefined ? undefined : String(args.flags['password-file']);
  const quiet = args.flags.json === true;
  try {
    return {
      login: await readLogin({ camera, dataDir, passwordFile, quiet }, context, signal),
      noLogin: undefined,
    };
  } catch (error) {
    // A password file that cannot be used is a mistake of the command line; an unknown password is a finding.
    if (!(error instanceof AppError) || (error.code === 'USAGE' && passwordFile !== undefined)) throw error;
    const given = passwordFile !== undefined || Boolean(context.env.ONVIF_CAMERA_PASSWORD) || (!quiet && canAsk(context));
    return { login: undefined, noLogin: { error, given: given && error.code === 'CAMERA_PASSWORD' } };
  }
}

function whoAmI(): User {
  const uid = process.geteuid?.();
  const groups = process.getgroups?.() ?? [];
  try {
    return { uid, name: userInfo().username, groups };
  } catch {
    // A user ID without an entry in passwd, as in a container.
    return { uid, name: String(uid ?? 'unknown'), groups };
  }
}
