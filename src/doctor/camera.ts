import { statSync } from 'node:fs';
import { takeOnePicture, tryH264 } from '../camera/one-picture.ts';
import { deniedCameraDevice, permissionError } from '../camera/permission.ts';
import { silentLogger } from '../core/log.ts';
import { Processes } from '../platform/processes.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from './check.ts';
import { rpicamChecks } from './rpicam.ts';
import { explainNoServer, mayLook, type Surroundings, unwanted } from './surroundings.ts';
import { webcamChecks } from './webcams.ts';

/** Longest wait for a picture: a camera has to start, on a slow machine. */
const PICTURE_TIMEOUT_MS = 20_000;
/** Time for finding the camera and for stopping it, on top of that. */
const AROUND_MS = 15_000;
const CAMERA_DEVICE = /^(?:media|video)\d+$/;

/** Returns the checks of the camera, from permission to a picture. They are made one after the other, as each needs it for itself. */
export function cameraChecks(surroundings: Surroundings): Check[] {
  return [
    { id: 'camera-permission', title: "User's groups", run: () => permission(surroundings) },
    { id: 'camera-holder', title: 'Who has the camera', run: () => holder(surroundings) },
    ...rpicamChecks(surroundings),
    ...webcamChecks(surroundings),
    {
      id: 'camera-picture',
      title: 'A picture from the camera',
      timeoutMs: PICTURE_TIMEOUT_MS + AROUND_MS,
      run: (signal) => picture(surroundings, signal),
    },
    {
      id: 'camera-h264',
      title: "H.264 of the camera's own, a trial",
      timeoutMs: PICTURE_TIMEOUT_MS + AROUND_MS,
      run: (signal) => nativeH264(surroundings, signal),
    },
  ];
}

const devicesOf = ({ tree }: Surroundings): string[] => tree.list('/dev').filter((name) => CAMERA_DEVICE.test(name));

function permission(surroundings: Surroundings): Result {
  const { settings, tree, server, user } = surroundings;
  if (settings.spec.kind === 'images' || settings.spec.kind === 'test') return unwanted(surroundings);
  const processes = new Processes(tree.root);
  const video = processes.groupId('video');
  // Where the camera runs, the user of its process counts.
  const who = server ? userOf(processes, server.pid) : user;
  if (!who) return skipped(`process ${server?.pid} does not say which groups it is in`);
  if (who.uid === 0) return ok(`${who.name} may use every device`);
  const { hint } = permissionError('', who.name);
  const member = video !== undefined && who.groups.includes(video);
  const denied = server ? undefined : deniedCameraDevice(tree.path('/dev'));
  if (denied !== undefined)
    return failure(`the user ${who.name} may not open ${denied}${member ? '' : ' and is not in the group video'}`, hint);
  if (member) return ok(`the user ${who.name} is in the group video`);
  const devices = devicesOf(surroundings);
  if (devices.length === 0) return skipped('this machine has no camera device');
  // An access control list may let the user in: trying to open the device counts more than the group.
  if (!server) return ok(`the user ${who.name} may open the camera's devices, without the group video`);
  const owned = devices.some((name) => statSync(tree.path(`/dev/${name}`), { throwIfNoEntry: false })?.gid === video);
  return owned
    ? failure(`the user ${who.name}, who runs the camera, is not in the group video`, hint)
    : ok(`the user ${who.name} runs the camera; its devices belong to another group than video`);
}

function userOf(processes: Processes, pid: number) {
  const [uid, gid, groups] = [processes.status(pid, 'Uid')?.[1], processes.status(pid, 'Gid')?.[1], processes.status(pid, 'Groups')];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid, name: processes.userName(String(uid)), groups: [gid, ...(groups ?? [])] };
}

function holder(surroundings: Surroundings): Result {
  const { tree, server, user } = surroundings;
  if (devicesOf(surroundings).length === 0) return skipped('this machine has no camera device');
  const processes = new Processes(tree.root);
  const own = server ? processes.family(server.pid) : new Set<number>();
  const holders = processes.ids().flatMap((pid) => {
    const path = processes.open(pid)?.find((each) => /^\/dev\/(?:media|video)\d+$/.test(each));
    return path === undefined ? [] : [{ pid, path }];
  });
  const other = holders.find(({ pid }) => !own.has(pid));
  const ours = holders.some(({ pid }) => own.has(pid));
  if (other) {
    const { pid, path } = other;
    const owner = processes.userName(String(processes.status(pid, 'Uid')?.[1] ?? '?'));
    const seen = `${path} is open in ${processes.name(pid) ?? 'a program'} (process ${pid} of the user ${owner})`;
    // Another program that has a camera's device open as well does not keep the server from its own.
    if (ours) return ok(`the running server has it; ${seen}, too`);
    return warning(
      seen,
      `If the camera is "in use", stop it: \`sudo kill ${pid}\`, or its service. A desktop's sound server (wireplumber) may look at it and does no harm.`,
    );
  }
  if (ours) return ok('the running server has it');
  return ok(user.uid === 0 ? 'nobody has it' : 'no program of this user has it (`sudo onvif-camera doctor` sees those of others, too)');
}

/** Returns why the camera cannot be tried; undefined: it can. */
function notFree(surroundings: Surroundings): Result | undefined {
  if (surroundings.server) return skipped('the running server has the camera; see the snapshot below');
  // A server that is not seen may run, and have the camera.
  return mayLook(surroundings) ? undefined : skipped(explainNoServer(surroundings));
}

/** Returns the options for a trial of the camera. */
const trialOf = ({ settings: { config, spec }, searchPath, tree }: Surroundings, signal: AbortSignal) => ({
  ...{ spec, settings: config.camera, rpicamPath: config.camera.rpicamPath, searchPath, log: silentLogger, signal },
  ...{ sysfs: tree.path('/sys'), dev: tree.path('/dev'), timeoutMs: PICTURE_TIMEOUT_MS, impatient: true },
});

async function picture(surroundings: Surroundings, signal: AbortSignal): Promise<Result> {
  const kept = notFree(surroundings);
  if (kept) return kept;
  const { frame, resolved, notices } = await takeOnePicture(trialOf(surroundings, signal));
  const seen = `${frame.width}x${frame.height}, ${Math.round(frame.size / 1000)} kB, from ${resolved.source.description}`;
  const [notice] = notices;
  return notice ? warning(`${seen}; ${notice.message}`, notice.hint) : ok(seen);
}

async function nativeH264(surroundings: Surroundings, signal: AbortSignal): Promise<Result> {
  const { config } = surroundings.settings;
  if (config.camera.encoding !== 'h264')
    return skipped(
      'camera.encoding is mjpeg: ffmpeg makes the H.264. Where a recorder watches that all day, h264 takes about half (docs/which-pi.md)',
    );
  const kept = notFree(surroundings);
  if (kept) return kept;
  const found = await tryH264({ ...trialOf(surroundings, signal), video: config.h264 });
  return typeof found === 'string' ? ok(`the camera gives it, by ${found}`) : fromError(found, 'warning');
}
