import { writeFileSync } from 'node:fs';
import { takeOnePicture } from '../camera/one-picture.ts';
import { findRunningServer, type RunFile } from '../config/run-file.ts';
import { AppError, EXIT, messageOf } from '../core/errors.ts';
import { SNAPSHOT_PATH } from '../device/stream-names.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { type Prepared, prepare } from './prepare.ts';

/** Longest wait for a picture: a camera may have to start, on a slow machine. */
const TIMEOUT_MS = 20_000;

/** `onvif-camera snapshot FILE`: takes one picture, from the running server or straight from the camera. */
export async function snapshot(args: Arguments, context: Context): Promise<number> {
  const [file] = args.positionals as readonly [string];
  const prepared = await prepare(args, context);
  const stop = new AbortController();
  void context.stopRequested.then(() =>
    stop.abort(new AppError('SNAPSHOT_FAILED', 'Stopped before a picture came.', { hint: 'No file was written.' })),
  );
  // A source on the command line is meant, whatever a server shows.
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

async function fromCamera({ config, spec, log, searchPath }: Prepared, signal: AbortSignal): Promise<Buffer> {
  const { rpicamPath } = config.camera;
  const places = { rpicamPath, searchPath, sysfs: '/sys', dev: '/dev' };
  return (await takeOnePicture({ spec, settings: config.camera, ...places, log, timeoutMs: TIMEOUT_MS, signal })).frame.jpeg;
}
