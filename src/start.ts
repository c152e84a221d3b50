import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { tuneV8 } from './platform/memory.ts';

try {
  tuneV8(process.env.ONVIF_CAMERA_PLAIN_V8);
} catch (error) {
  process.stderr.write(`onvif-camera: ${(error as Error).message}\n`);
  process.exit(2);
}
// Loaded after that, since the memory that loading needs counts.
const { run, OWN_VARIABLES } = await import('./cli/run.ts');

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const fail = (error: unknown): never => {
  process.stderr.write(`onvif-camera: internal error, please report it:\n${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
};
// A command that meets an error nobody expected ends; the camera, once it runs, goes on.
let onFault: (error: unknown) => void = fail;
process.on('uncaughtException', (error) => onFault(error));
process.on('unhandledRejection', (error) => onFault(error));

// A reader of the output that has gone is no reason to go as well.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/**
 * Returns whether a hangup is not meant for this program: `nohup` has told the system to ignore SIGHUP, or there is no terminal whose
 * end it could tell of. Node.js takes back what it was started with, so that has to be inferred: nohup leaves none of the three standard
 * streams on a terminal, and a shell that ignores the signal itself (`trap '' HUP`) starts what also does.
 */
function ignoresHangup(): boolean {
  if (![0, 1, 2].some((descriptor) => isatty(descriptor))) return true;
  try {
    const mask = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, 'latin1'))?.[1] ?? '0';
    // SIGHUP is signal 1, the lowest bit.
    return (Number.parseInt(mask.slice(-1), 16) & 1) === 1;
  } catch {
    return false;
  }
}

const stopRequested = new Promise<NodeJS.Signals>((resolve) => {
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    // Asked twice, the program does not wait for the camera.
    if (asked) process.exit(0);
    asked = true;
    resolve(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.on('SIGHUP', ignoresHangup() ? () => {} : stop);
});

// Programs that are started inherit the environment: a capture program and the scripts around it have no business with passwords, nor
// with what the service manager says to this program.
const env = { ...process.env };
for (const name of OWN_VARIABLES) delete process.env[name];

const ended = run(process.argv.slice(2), {
  env,
  home: homedir(),
  version,
  webDir: fileURLToPath(new URL('web/', import.meta.url)),
  wsdlDir: fileURLToPath(new URL('../wsdl/', import.meta.url)),
  onExit: (act) => process.on('exit', act),
  onFault: (act) => {
    onFault = act;
  },
  // Opened only where it is read.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  stopRequested,
});
// Output may still be on its way into a pipe: leave when it is through.
ended.then((code) => process.stdout.write('', () => process.exit(code)), fail);
