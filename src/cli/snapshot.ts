import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Camera } from '../camera/camera.ts';
import { findRunningServer, type RunFile } from '../config/run-file.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, EXIT, messageOf, systemErrorCode } from '../core/errors.ts';
import { SNAPSHOT_PATH } from '../device/stream-names.ts';
import type { Frame } from '../frames/frame.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { type Prepared, prepare } from './prepare.ts';

/** A camera that has to start, on a slow machine. */
const TIMEOUT_MS = 20_000;

/** `onvif-camera snapshot FILE`: one picture, from the running server or straight from the camera. */
export async function snapshot(args: Arguments, context: Context): Promise<number> {
  const [file] = args.positionals as readonly [string];
  const prepared = await prepare(args, context);
  const stop = new AbortController();
  void context.stopRequested.then(() =>
    stop.abort(new AppError('SNAPSHOT_FAILED', 'Stopped before a picture came.', { hint: 'No file was written.' })),
  );
  // A source on the command line means that one, whatever a server shows.
  const server = args.flags.source === undefined ? await findRunningServer(prepared.dataDir) : undefined;
  const jpeg = server ? await fromServer(server, stop.signal) : await fromCamera(prepared, stop.signal);
  if (file === '-') context.stdout.write(jpeg);
  else {
    try {
      writeFileSync(file, jpeg);
    } catch (error) {
      throw new AppError('SNAPSHOT_FAILED', `${file} cannot be written: ${messageOf(error)}`, {
        hint: 'Check the folder and its permissions.',
        cause: error,
      });
    }
    context.stderr.write(`${file}: ${Math.round(jpeg.length / 1000)} kB${server ? `, from the server at ${server.url}` : ''}\n`);
  }
  return EXIT.ok;
}

async function fromServer({ url, token }: RunFile, stop: AbortSignal): Promise<Buffer> {
  const get = async () => {
    const answer = await fetch(`${url}${SNAPSHOT_PATH}`, {
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/plain' },
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return { ok: answer.ok, body: Buffer.from(await answer.arrayBuffer()) };
  };
  const { ok, body } = await get().catch((error: unknown) => {
    stop.throwIfAborted();
    throw new AppError('SNAPSHOT_FAILED', `The server at ${url} did not answer: ${messageOf(error)}`, { cause: error });
  });
  if (!ok) throw new AppError('SNAPSHOT_FAILED', `The server at ${url} has no picture: ${body.toString().trim()}`);
  return body;
}

function makeWorkDir(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'onvif-camera-'));
  } catch (error) {
    const code = systemErrorCode(error) ?? 'SNAPSHOT_FAILED';
    throw new AppError(code, `No folder for temporary files can be made in ${tmpdir()}: ${messageOf(error)}`, { cause: error });
  }
}

async function fromCamera({ config, spec, log, searchPath }: Prepared, stop: AbortSignal): Promise<Buffer> {
  const workDir = makeWorkDir();
  let lastError: AppError | undefined;
  let onFrame = (_frame: Frame): void => {};
  let onFailure = (_error: AppError): void => {};
  const camera = new Camera({
    spec,
    settings: config.camera,
    rpicamPath: config.camera.rpicamPath,
    searchPath,
    workDir,
    sysfs: '/sys',
    dev: '/dev',
    watched: () => true,
    clock: systemClock,
    log,
    onFrame: (frame) => onFrame(frame),
    onReport: ({ error }) => {
      lastError = error ?? lastError;
      if (error?.permanent) onFailure(error);
    },
  });
  // Also keeps the process alive while it waits.
  let timer: NodeJS.Timeout | undefined;
  try {
    await camera.resolve();
    stop.throwIfAborted();
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(lastError ?? new AppError('NO_FRAMES', 'No picture came.')), TIMEOUT_MS);
      stop.addEventListener('abort', () => reject(stop.reason), { once: true });
      onFrame = (frame) => resolve(frame.jpeg);
      onFailure = reject;
      camera.start();
    });
  } finally {
    clearTimeout(timer);
    await camera.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}
