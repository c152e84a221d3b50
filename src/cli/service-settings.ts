import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Document, isScalar, parseDocument } from 'yaml';
import { configError, examineConfig, loadConfig } from '../config/load.ts';
import { DEFAULT_CONFIG_FILE, systemConfigFile } from '../config/places.ts';
import { findRunningServer } from '../config/run-file.ts';
import { defaultDataDir, readState } from '../config/state.ts';
import { AppError } from '../core/errors.ts';
import { readOwnFile, writeFileAtomically, writeFileInBackground } from '../platform/files.ts';
import { portHolder } from '../platform/port-holder.ts';
import { SERVICE_USER, type SystemdService } from '../platform/service/service.ts';
import { ownProgram } from './at-boot.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { FIRST_PORTS } from './named-ports.ts';
import { schema, settings } from './settings.ts';

/** The machine that a service is installed on; tests hand in another. */
export interface ServiceMachine {
  /** Root of the file system: "/". */
  readonly root: string;
  /** ID of the user that the command runs as; 0 is root. */
  readonly uid: number | undefined;
  /** Directories in which the system's tools are looked up, as in PATH. */
  readonly searchPath: string;
  /** Directory in which the command was typed. */
  readonly cwd: string;
}

/** What every command of `service` takes. */
export interface ServiceWork {
  readonly service: SystemdService;
  readonly machine: ServiceMachine;
  /** Name of the camera (`--camera`); undefined: it has none. */
  readonly instance: string | undefined;
  readonly args: Arguments;
  readonly context: Context;
  /** Prints a line. */
  readonly tell: (line: string) => void;
}

/** Most pairs of ports that are tried for a further camera. */
const MAX_PAIRS = 64;
/** Files of the data directory that are taken over; the last one is there when all are. */
const STATE_FILES = ['used-tokens.json', 'first-password.txt', 'state.json'];
/** Longest of these files that is read, bytes. */
const MAX_STATE = 8 << 20;

/**
 * Determines which settings and state a service begins with, and resolves to the function that puts them in place. What is there
 * stays as it is; otherwise those of a camera that ran by hand are taken over.
 *
 * @throws AppError, with nothing changed
 */
export async function planSettings(work: ServiceWork): Promise<() => Promise<void>> {
  const { service, instance, args, tell } = work;
  const file = systemConfigFile(instance);
  const place = service.path(file);
  const { given, faults } = await examineConfig(schema, settings, { flags: args.flags, env: {}, file: undefined, defaultFile: '' });
  // Wrong settings are told here, rather than by a service that does not start.
  if (faults.length > 0) throw configError(faults);
  const [first] = given.values();
  if (existsSync(place)) {
    if (first)
      throw new AppError('USAGE', `There is a settings file already: ${file}.`, {
        hint: `Change ${first.where} there, then: sudo systemctl restart ${service.unit}`,
      });
    return async () => tell(`left the settings as they are: ${file}`);
  }
  const byHand = instance === undefined ? await findHandMade(work) : undefined;
  const document = byHand?.settings ?? parseDocument(templateOf(work));
  put(document, ['dataDir'], service.dataDir);
  if (instance !== undefined) {
    const ports = await freePorts(work);
    put(document, ['http', 'port'], ports.http);
    put(document, ['rtsp', 'port'], ports.rtsp);
  }
  for (const { key, path } of settings) if (given.has(key)) put(document, path, given.get(key)?.value);
  const pictures = /^images:([^/].*)$/.exec(String(document.getIn(SOURCE)))?.[1];
  // A service starts in another directory.
  if (pictures !== undefined) put(document, SOURCE, `images:${resolve(work.machine.cwd, pictures)}`);
  const text = document.toString();
  return async () => {
    // The settings last, and whole: a next time, after a full disk or a power cut, all is done where they are not there.
    if (byHand) await takeOver(work, byHand.dataDir);
    mkdirSync(dirname(place), { recursive: true });
    await writeFileInBackground(place, text, 0o644);
    tell(byHand?.settings ? `wrote ${file}, with the settings of ${byHand.file}` : `wrote ${file}`);
  };
}

const SOURCE = ['camera', 'source'] as const;

function put(document: Document, path: readonly string[], value: unknown): void {
  const section = path.slice(0, -1);
  // A section that its owner left empty is a scalar, into which nothing can be put.
  if (section.length > 0 && isScalar(document.getIn(section, true))) document.deleteIn(section);
  document.setIn(path, value);
}

function templateOf({ instance, context }: ServiceWork): string {
  const folder = join(dirname(dirname(ownProgram(context).main)), 'deploy');
  if (instance === undefined) return readFileSync(join(folder, 'onvif-camera.yaml'), 'utf8');
  return readFileSync(join(folder, 'second-camera.yaml'), 'utf8').replaceAll('garden', instance);
}

interface HandMade {
  /** Undefined: there is no settings file in the directory in which the command was typed. */
  readonly settings: Document | undefined;
  readonly file: string;
  readonly dataDir: string;
}

/** Resolves to the settings and the data directory of a camera that ran by hand in this directory. @throws AppError ALREADY_RUNNING */
async function findHandMade({ service, machine, context }: ServiceWork): Promise<HandMade> {
  const file = join(machine.cwd, DEFAULT_CONFIG_FILE);
  const loaded = await loadConfig(schema, settings, { flags: {}, env: {}, file: undefined, defaultFile: file });
  const document = loaded.file === undefined ? undefined : parseDocument(readFileSync(file, 'utf8'));
  const user = context.env.SUDO_USER;
  const home = user === undefined ? context.home : await service.homeOf(user);
  const dataDir = service.path(loaded.config.dataDir || defaultDataDir({}, home ?? context.home));
  const running = await findRunningServer(dataDir);
  if (running)
    throw new AppError('ALREADY_RUNNING', `The camera runs by hand (process ${running.pid}), at ${running.url}.`, {
      hint: 'Stop it first (Ctrl+C there); then do this again.',
    });
  return { settings: document, file, dataDir };
}

/** Copies users and identity, by which recorders know the camera, unless the service has its own. */
async function takeOver({ service, tell }: ServiceWork, from: string): Promise<void> {
  const to = service.path(service.dataDir);
  if (existsSync(join(to, 'state.json')) || !existsSync(join(from, 'state.json'))) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of STATE_FILES) {
    const text = readOwnFile(join(from, name), { maxBytes: MAX_STATE })?.text;
    if (text !== undefined) writeFileAtomically(join(to, name), text);
  }
  await service.do('chown', '-R', `${SERVICE_USER}:${SERVICE_USER}`, to);
  tell(`took users, passwords and identity over from ${from}`);
}

/** Resolves to a pair of ports that no other camera of this machine is set to, and nothing listens on. @throws AppError PORT_TAKEN */
async function freePorts({ service, instance }: ServiceWork): Promise<{ http: number; rtsp: number }> {
  const used = new Set<number>();
  for (const file of cameraFiles(service)) {
    if (file === service.path(systemConfigFile(instance))) continue;
    const loaded = await loadConfig(schema, settings, { flags: {}, env: {}, file: undefined, defaultFile: file }).catch(() => undefined);
    if (!loaded) continue;
    const { http, rtsp, dataDir } = loaded.config;
    const changed = dataDir === '' ? undefined : readState(service.path(dataDir))?.device;
    for (const port of [http.port, rtsp.port, changed?.httpPort, changed?.rtspPort]) if (port !== undefined) used.add(port);
  }
  for (let pair = 0; pair < MAX_PAIRS; pair++) {
    const ports = { http: FIRST_PORTS.http + pair, rtsp: FIRST_PORTS.rtsp + pair };
    if (Object.values(ports).every((port) => !used.has(port) && portHolder(port) === undefined)) return ports;
  }
  throw new AppError('PORT_TAKEN', 'No pair of ports is free for another camera.', { hint: 'Give them with --http-port and --rtsp-port.' });
}

/** Returns the settings files of all cameras of this machine. */
function cameraFiles(service: SystemdService): string[] {
  const folder = dirname(service.path(systemConfigFile('x')));
  const named = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
  return [service.path(systemConfigFile(undefined)), ...named.map((name) => join(folder, name))];
}
