import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Neighbour } from '../network/neighbour.ts';
import { eventually } from '../server.ts';

/** Programs that it needs. */
export const ZONEMINDER = ['zmc', 'zmonvif-probe.pl', 'zmonvif-trigger.pl', 'mariadbd', 'mariadb', 'mariadb-install-db'];

/** How ZoneMinder calls RTP in the RTSP connection, and over UDP. */
export type RtpMethod = 'rtpRtsp' | 'rtpUni';

/** A stream that the device offers, by name of its profile. */
export interface Offer {
  readonly name: string;
  readonly encoding: string;
  readonly size: string;
  readonly url: string;
}

/**
 * ZoneMinder's own programs, with a database of their own: its search for ONVIF devices, and the daemon that records a
 * monitor. Its settings are mounted over the system's: only in a mount namespace of the test's own.
 */
export class ZoneMinder {
  readonly #dir = mkdtempSync(join(tmpdir(), 'zoneminder-'));
  readonly #socket = join(this.#dir, 'db.sock');
  #database: ChildProcess | undefined;
  #listener: ChildProcess | undefined;
  readonly #recordings: Recording[] = [];

  private constructor(private readonly neighbour: Neighbour) {}

  /** @param neighbour the machine that it runs on */
  static async start(neighbour: Neighbour): Promise<ZoneMinder> {
    const made = new ZoneMinder(neighbour);
    try {
      await made.#startDatabase();
      made.#configure();
    } catch (error) {
      await made.stop();
      throw error;
    }
    return made;
  }

  async #startDatabase(): Promise<void> {
    const where = ['--no-defaults', '--user=root', `--datadir=${join(this.#dir, 'db')}`];
    execFileSync('mariadb-install-db', [...where, '--auth-root-authentication-method=normal', '--skip-test-db'], { stdio: 'pipe' });
    const database = spawn('mariadbd', [...where, `--socket=${this.#socket}`, '--skip-networking'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#database = database;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      database.stderr.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('ready for connections')) resolve();
      });
      database.once('exit', () => reject(new Error(`mariadbd: ${said}`)));
    });
    await this.#sql(readFileSync('/usr/share/zoneminder/db/zm_create.sql', 'utf8'));
    await this.#sql(
      `use zm; create user zm@localhost identified by 'zm'; grant all on zm.* to zm@localhost; update Storage set Path = '${this.#events}';`,
    );
  }

  #configure(): void {
    const [etc, logs, maps] = ['etc', 'log', 'map'].map((name) => join(this.#dir, name));
    for (const dir of [etc!, logs!, maps!, this.#events]) mkdirSync(dir);
    const settings = {
      ...{ DB_TYPE: 'mysql', DB_HOST: `localhost:${this.#socket}`, DB_NAME: 'zm', DB_USER: 'zm', DB_PASS: 'zm' },
      ...{ WEB_USER: 'root', WEB_GROUP: 'root', DIR_EVENTS: this.#events, DIR_SOUNDS: 'sounds', DIR_EXPORTS: this.#dir },
      ...{ PATH_LOGS: logs, PATH_MAP: maps, PATH_SOCKS: this.#dir, PATH_SWAP: this.#dir },
    };
    const lines = Object.entries(settings).map(([name, value]) => `ZM_${name}=${value}\n`);
    writeFileSync(join(etc!, 'zm.conf'), lines.join(''));
    execFileSync('mount', ['--bind', etc!, '/etc/zm'], { stdio: 'pipe' });
  }

  get #events(): string {
    return join(this.#dir, 'events');
  }

  /** Rows of the last answer, a line each, its cells separated by tabs. */
  async #sql(text: string): Promise<string[]> {
    const running = promisify(execFile)(
      'mariadb',
      ['--no-defaults', '--user=root', `--socket=${this.#socket}`, '--batch', '--skip-column-names'],
      {
        timeout: 60_000,
      },
    );
    running.child.stdin!.end(text);
    return (await running).stdout.split('\n').filter(Boolean);
  }

  /** What its search for ONVIF devices says: a line for each. @param soap "1.1" or "1.2" */
  async discover(soap: string): Promise<string[]> {
    return (await this.neighbour.output('zmonvif-probe.pl', 'probe', soap)).split('\n').filter(Boolean);
  }

  /** The streams that it finds in a device. */
  async profiles(device: string, soap: string, user: string, password: string): Promise<Offer[]> {
    const said = await this.neighbour.output('zmonvif-probe.pl', 'profiles', device, soap, user, password);
    return [...said.matchAll(/^\w+, (.+?), (\w+), (\d+), (\d+), [\d.]+, RTP-Unicast, (\S+)$/gm)].map(
      ([, name, encoding, width, height, url]) => ({ name: name!, encoding: encoding!, size: `${width}x${height}`, url: url! }),
    );
  }

  /** Begins to record an address. */
  record(url: string, method: RtpMethod): Promise<Recording> {
    return this.#monitor({ Function: 'Record', Path: url, Method: method });
  }

  /**
   * Begins to watch an address, of which it records what the device tells its ONVIF listener to. The listener runs until
   * {@link stop}.
   * @param listener its own address
   */
  async watch(url: string, device: { url: string; soap: string; user: string; password: string }, listener: string): Promise<Recording> {
    const recording = await this.#monitor({
      ...{ Function: 'Nodect', Path: url, Method: 'rtpRtsp', MinSectionLength: '1', PostEventCount: '5', PreEventCount: '5' },
      ...{ ONVIF_URL: device.url, ONVIF_Username: device.user, ONVIF_Password: device.password, ONVIF_Options: `SOAP${device.soap}` },
    });
    await recording.connected();
    const [command, args] = this.neighbour.command('zmonvif-trigger.pl', '--local-addr', listener);
    // Its two processes log to the database by one connection, and now and then hang by it: they are to write to files alone.
    const env = { ...process.env, LOG_LEVEL_DATABASE: '-5' };
    this.#listener = spawn(command, args, { stdio: 'ignore', detached: true, env });
    return recording;
  }

  async #monitor(columns: Readonly<Record<string, string>>): Promise<Recording> {
    const id = this.#recordings.length + 1;
    const named = { Name: `m${id}`, Type: 'Ffmpeg', ...columns };
    await this.#sql(
      `use zm; insert into Monitors (Id, ServerId, StorageId, Enabled, Width, Height, Colours, SaveJPEGs, VideoWriter, ${Object.keys(named)})
       values (${id}, 0, 1, 1, 640, 480, 4, 1, 0, ${Object.values(named).map((value) => `'${value}'`)});`,
    );
    const [command, args] = this.neighbour.command('zmc', '--monitor', String(id));
    const recording = new Recording({
      daemon: spawn(command, args, { stdio: 'ignore' }),
      events: join(this.#events, String(id)),
      log: join(this.#dir, 'log', `zmc_m${id}.log`),
      read: (column, table) => this.#sql(`use zm; select ${column} from ${table} where MonitorId = ${id};`),
    });
    this.#recordings.push(recording);
    return recording;
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    if (listener?.exitCode === null) {
      process.kill(-listener.pid!, 'SIGKILL');
      await once(listener, 'exit');
    }
    for (const recording of this.#recordings) await recording.stop();
    if (this.#database?.exitCode === null) {
      this.#database.kill();
      await once(this.#database, 'exit');
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** What the daemon has recorded of one monitor. */
export class Recording {
  constructor(
    private readonly parts: {
      readonly daemon: ChildProcess;
      readonly events: string;
      readonly log: string;
      /** Values of a column of the database that are of this monitor. */
      readonly read: (column: string, table: 'Events' | 'Monitor_Status') => Promise<string[]>;
    },
  ) {}

  /** Files of the pictures, from the oldest to the newest. */
  get pictures(): string[] {
    const { events } = this.parts;
    if (!existsSync(events)) return [];
    const found = readdirSync(events, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('-capture.jpg'));
    return found.sort().map((name) => join(events, name));
  }

  /** What made it record, an event each: those that are over. */
  causes(): Promise<string[]> {
    return this.parts.read('Cause', 'Events');
  }

  /** Waits until it has pictures to look at. */
  connected(): Promise<void> {
    return eventually(async () => (await this.parts.read('Status', 'Monitor_Status')).includes('Connected'), 'it is connected', 30);
  }

  /** Waits for pictures. */
  async until(count: number): Promise<void> {
    await eventually(() => this.pictures.length >= count, `${count} pictures`, 40).catch((error: Error) => {
      throw new Error([error.message, ...this.complaints].join('\n'));
    });
  }

  /** Warnings and errors, except that this machine is too slow for it. */
  get complaints(): string[] {
    const { log } = this.parts;
    return existsSync(log)
      ? readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => /\.(WAR|ERR|FAT|PNC)-/.test(line) && !/not keeping up/.test(line))
      : [];
  }

  /** Stops recording. @returns how many frames it says that it has recorded */
  async end(): Promise<number> {
    await this.stop();
    return (await this.parts.read('Frames', 'Events')).reduce((sum, each) => sum + Number(each), 0);
  }

  async stop(): Promise<void> {
    const { daemon } = this.parts;
    daemon.kill();
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
  }
}
