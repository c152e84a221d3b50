import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findFirstPassword } from '../config/first-password.ts';
import { checkInstance, systemConfigFile, systemDataDir } from '../config/places.ts';
import { readRunFile } from '../config/run-file.ts';
import { fromText } from '../config/settings.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { visible } from '../core/terminal.ts';
import { findProgram } from '../platform/programs.ts';
import { SystemdService, unitsBeside } from '../platform/service/service.ts';
import { addresses } from './addresses.ts';
import { ownCommand, ownProgram } from './at-boot.ts';
import type { Handler } from './command.ts';
import type { Context } from './context.ts';
import { printJson } from './output.ts';
import { planSettings, type ServiceMachine, type ServiceWork } from './service-settings.ts';

/** Directories of the administrator's tools, which PATH leaves out for all but root. */
const TOOLS = '/usr/sbin:/sbin:/usr/bin:/bin';
/** Most lines of the log that are shown. */
const MAX_LINES = 100_000;

const thisMachine = ({ env }: Context): ServiceMachine => ({
  ...{ root: '/', uid: process.geteuid?.(), cwd: process.cwd() },
  searchPath: `${env.PATH ?? ''}:${TOOLS}`,
});

/** Returns the handler of `onvif-camera service NAME`. @param given left out: this machine */
export function serviceCommand(name: 'install' | 'status' | 'remove' | 'logs', given?: ServiceMachine): Handler {
  return async (args, context) => {
    const machine = given ?? thisMachine(context);
    const instance = args.camera === undefined ? undefined : checkInstance(args.camera);
    if (args.config !== undefined)
      throw new AppError('USAGE', 'The settings file of a service is where it looks for it; --config does nothing here.', {
        hint: `It is ${systemConfigFile(instance)}; --camera NAME is about another one.`,
      });
    if (args.flags['data-dir'] !== undefined)
      throw new AppError('USAGE', 'The state of a service is where systemd keeps it; --data-dir does nothing here.', {
        hint: 'To have it elsewhere: dataDir in the settings file, and ReadWritePaths= of the unit (`sudo systemctl edit onvif-camera`).',
      });
    const tell = (line: string) => context.stdout.write(`${visible(line)}\n`);
    const service = new SystemdService({
      root: machine.root,
      searchPath: machine.searchPath,
      instance,
      dataDir: systemDataDir(instance),
      tell,
    });
    service.check();
    const work: ServiceWork = { service, machine, instance, args, context, tell };
    return await { install, status, remove, logs }[name](work);
  };
}

function needRoot({ machine, instance, context }: ServiceWork, action: string): void {
  if (machine.uid === 0) return;
  throw new AppError('SERVICE_FAILED', 'Only root can change the services of this machine.', {
    hint: `Type: sudo ${ownCommand(context)} service ${action}${cameraFlag(instance)}`,
  });
}

/** Returns the flag that a command about this camera takes, with a space in front. */
const cameraFlag = (instance: string | undefined): string => (instance === undefined ? '' : ` --camera ${instance}`);

async function install(work: ServiceWork): Promise<number> {
  needRoot(work, 'install');
  const { service, instance, context, tell } = work;
  const program = ownProgram(context);
  // What can be refused comes first, before anything is changed.
  const placeSettings = await planSettings(work);
  service.writeUnit({ ...program, units: unitsBeside(program.main) });
  await service.makeUser();
  await placeSettings();
  await service.start();
  const dataDir = service.path(service.dataDir);
  const running = readRunFile(dataDir);
  const password = findFirstPassword(dataDir);
  const camera = cameraFlag(instance);
  if (running) tell(`the page: ${pageOf(running.url)}`);
  if (password) tell(`user admin, password: sudo cat ${service.dataDir}/first-password.txt`);
  tell(
    `to see how it is: ${ownCommand(context)} service status${camera}; to undo this: sudo ${ownCommand(context)} service remove${camera}`,
  );
  return EXIT.ok;
}

/** Returns the address of the page as others reach it. */
function pageOf(local: string): string {
  const page = new URL('/', local);
  page.hostname = addresses('0.0.0.0')[0] ?? page.hostname;
  return page.href;
}

async function remove(work: ServiceWork): Promise<number> {
  needRoot(work, 'remove');
  const { service, instance, tell } = work;
  if (!(await service.remove())) {
    tell(`there is no service ${service.unit} on this machine`);
    return EXIT.ok;
  }
  const left = `${service.dataDir} ${systemConfigFile(instance)}`;
  tell(`users and identity stay in ${service.dataDir}, the settings in ${systemConfigFile(instance)}, for the next time`);
  tell(`to delete them for good: sudo rm -r ${left}${instance === undefined ? ' && sudo userdel onvif-camera' : ''}`);
  return EXIT.ok;
}

async function status({ service, instance, args, context, tell }: ServiceWork): Promise<number> {
  const known = await service.show(
    'LoadState',
    'ActiveState',
    'SubState',
    'ActiveEnterTimestamp',
    'UnitFileState',
    'StatusText',
    'NRestarts',
    'MainPID',
  );
  const property = (name: string) => known.get(name) ?? '';
  const active = property('ActiveState') === 'active';
  const installed = property('LoadState') === 'loaded';
  const facts = {
    unit: service.unit,
    file: service.unitFile,
    installed,
    active,
    state: `${property('ActiveState')} (${property('SubState')})`,
    since: property('ActiveEnterTimestamp') || undefined,
    atBoot: property('UnitFileState') === 'enabled',
    says: property('StatusText') || undefined,
    restarts: Number(property('NRestarts')) || 0,
    pid: Number(property('MainPID')) || undefined,
    settings: systemConfigFile(instance),
    dataDir: service.dataDir,
  };
  if (args.flags.json === true) printJson(facts, context);
  else if (!installed)
    tell(`there is no service ${service.unit} on this machine: sudo ${ownCommand(context)} service install${cameraFlag(instance)}`);
  else {
    tell(`${facts.unit}  ${facts.state}${active && facts.since ? ` since ${facts.since}` : ''}`);
    if (facts.says) tell(`  ${facts.says}`);
    tell(`  ${facts.atBoot ? 'starts' : 'does not start'} with the machine; started again by itself ${facts.restarts} times`);
    tell(`  settings in ${facts.settings}, users and identity in ${facts.dataDir}`);
  }
  return active ? EXIT.ok : EXIT.failure;
}

async function logs({ service, machine, args, context }: ServiceWork): Promise<number> {
  const { lines = '100', follow } = args.flags;
  const count = fromText('number', String(lines));
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_LINES)
    throw new AppError('USAGE', `--lines takes a whole number from 1 to ${MAX_LINES}, not "${lines}".`);
  const journalctl = findProgram('journalctl', machine.searchPath);
  if (journalctl === undefined)
    throw new AppError('SERVICE_FAILED', 'There is no program journalctl.', { hint: 'Install the package systemd.' });
  const words = ['--unit', service.unit, '--lines', String(count), '--no-pager', ...(follow === true ? ['--follow'] : [])];
  const child = spawn(journalctl, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk: Buffer) => context.stdout.write(chunk));
  void context.stopRequested.then(() => child.kill());
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 || follow === true ? EXIT.ok : EXIT.failure;
}
