import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Keeps V8's young generation at 1 MB instead of letting it grow to 16: pictures live outside of it, and starting up is
// all that would make it grow. Must come before the program itself is loaded.
setFlagsFromString('--semi-space-growth-factor=1');
// Nothing is optimised until the camera is used: starting up and answering searches are not worth it, and the compiler's code
// alone would take 3 MB of memory. From then on early: what runs is the same few functions thirty times a second, which
// would wait for minutes. The flag for that has changed its name and its meaning with V8 (Node.js 20 has 11, 22 has 12).
const EARLY = process.versions.v8.startsWith('11.') ? '--interrupt-budget=8192' : '--invocation-count-for-turbofan=300';
setFlagsFromString('--no-opt');
const optimize = () => {
  setFlagsFromString('--opt');
  setFlagsFromString(EARLY);
};
// As with `node --expose-gc`, which a program cannot set for itself: see core/buffer-garbage.ts.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
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

// Whoever read our output has gone; that is no reason to go as well.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/**
 * Whether a hangup is not meant for us: `nohup` has told the system to ignore SIGHUP, or there is no terminal whose end it could
 * tell of. Node.js takes back what it was started with, so that has to be inferred: nohup leaves none of the three standard
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
    // Whoever asks twice does not want to wait for the camera.
    if (asked) process.exit(0);
    asked = true;
    resolve(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.on('SIGHUP', ignoresHangup() ? () => {} : stop);
});

// What we start inherits the environment: a capture program and the scripts around it have no business with our passwords, nor with
// what the service manager says to us.
const env = { ...process.env };
for (const name of OWN_VARIABLES) delete process.env[name];

const ended = run(process.argv.slice(2), {
  env,
  home: homedir(),
  version,
  webDir: fileURLToPath(new URL('web/', import.meta.url)),
  wsdlDir: fileURLToPath(new URL('../wsdl/', import.meta.url)),
  onUse: optimize,
  onExit: (act) => process.on('exit', act),
  onFault: (act) => {
    onFault = act;
  },
  // Opened only by who reads it.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  stopRequested,
});
// Output may still be on its way into a pipe: leave when it is through.
ended.then((code) => process.stdout.write('', () => process.exit(code)), fail);
