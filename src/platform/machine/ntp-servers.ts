import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../core/errors.ts';
import { writeFileInBackground } from '../files.ts';
import { Cached } from './cached.ts';
import { parseProperties, type Tools } from './tools.ts';
import type { Tree } from './tree.ts';
import { checkServer, refuse } from './validate.ts';

/** How long the answer of timedatectl is good, milliseconds. */
const MAX_AGE_MS = 5000;
/** Most NTP servers that are taken: a client has no use for more. */
const MAX_SERVERS = 16;

/** The file in which this program sets the servers of systemd-timesyncd (timesyncd.conf(5)). */
const DROP_IN = '/etc/systemd/timesyncd.conf.d/onvif-camera.conf';
const TIMESYNCD_UNITS = ['/usr/lib/systemd/system/systemd-timesyncd.service', '/lib/systemd/system/systemd-timesyncd.service'];
/** Files in which chrony and the NTP daemons keep their servers. */
const NTP_FILES = ['/etc/chrony/chrony.conf', '/etc/chrony.conf', '/etc/ntpsec/ntp.conf', '/etc/ntp.conf'];
/** Folders in which chrony keeps more of them, with the ending that counts there. */
const NTP_FOLDERS = [
  ['/etc/chrony/conf.d', '.conf'],
  ['/etc/chrony/sources.d', '.sources'],
] as const;

/** The servers that the time comes from: names or addresses. */
export interface NtpServers {
  readonly servers: readonly string[];
  /** Whether DHCP named them. */
  readonly fromDhcp: boolean;
}

/** Returns the servers in chrony.conf(5), in its sources files, or in ntp.conf(5). */
export function parseNtpConf(text: string): string[] {
  return [...text.matchAll(/^[ \t]*(?:server|pool|peer)[ \t]+(\S+)/gm)].map((match) => match[1]!);
}

/** Reads and sets the servers that the system asks for the time. */
export class NtpServerList {
  readonly #servers: Cached<NtpServers>;

  constructor(
    private readonly tree: Tree,
    private readonly tools: Tools,
    clock: { monotonic(): number },
  ) {
    this.#servers = new Cached(clock, MAX_AGE_MS, () => this.#readServers());
  }

  /** Resolves with the servers. Never rejects. */
  read(): Promise<NtpServers> {
    return this.#servers.get();
  }

  async #readServers(): Promise<NtpServers> {
    const properties = ['SystemNTPServers', 'LinkNTPServers', 'FallbackNTPServers', 'ServerName'];
    const shown = await this.tools.ask('timedatectl', ['show-timesync', ...properties.map((name) => `--property=${name}`)]);
    if (shown === undefined) return this.#serversOfFiles();
    const values = parseProperties(shown);
    const [system, link, fallback, current] = properties.map((name) => values.get(name)?.split(/\s+/).filter(Boolean) ?? []);
    // timesyncd asks the fallback servers only where there are no others.
    const lists = [[...system!, ...link!], fallback!, current!];
    return { servers: unique(lists.find((list) => list.length > 0) ?? []), fromDhcp: system!.length === 0 && link!.length > 0 };
  }

  #serversOfFiles(): NtpServers {
    const read = (files: readonly string[]) => unique(files.flatMap((file) => parseNtpConf(this.tree.text(file) ?? '')));
    const inFolder = (folder: string, ending: string) =>
      this.tree.list(folder).flatMap((name) => (name.endsWith(ending) ? [`${folder}/${name}`] : []));
    const configured = read([...NTP_FILES, ...NTP_FOLDERS.flatMap(([folder, ending]) => inFolder(folder, ending))]);
    const fromDhcp = read(inFolder('/run/chrony-dhcp', '.sources'));
    return { servers: unique([...configured, ...fromDhcp]), fromDhcp: configured.length === 0 && fromDhcp.length > 0 };
  }

  /** Sets the servers; none: those of DHCP and the system's own. Rejects with an AppError (SYSTEM_FAILED). */
  async set(servers: readonly string[]): Promise<void> {
    servers.forEach(checkServer);
    if (servers.length > MAX_SERVERS) refuse(`${servers.length} NTP servers are too many: at most ${MAX_SERVERS}.`);
    if (!TIMESYNCD_UNITS.some((file) => this.tree.text(file) !== undefined))
      throw new AppError('SYSTEM_FAILED', 'NTP servers can be set for systemd-timesyncd only, which this system does not have.', {
        hint: "Set them in the configuration of this system's own time service.",
      });
    try {
      // The empty assignment drops the servers of the files before this one.
      if (servers.length > 0) await writeDropIn(this.tree.path(DROP_IN), `[Time]\nNTP=\nNTP=${unique(servers).join(' ')}\n`);
      else await rm(this.tree.path(DROP_IN), { force: true });
    } catch (error) {
      throw new AppError('SYSTEM_FAILED', `Cannot change ${DROP_IN}: ${messageOf(error)}`, { cause: error });
    }
    await this.tools.change('systemctl', ['--no-ask-password', 'try-restart', 'systemd-timesyncd.service']);
    this.#servers.clear();
  }
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

/** Writes the file atomically; the time service does not read drafts, which have no ".conf" at their end. */
async function writeDropIn(path: string, text: string): Promise<void> {
  const dir = dirname(path);
  // Readable for the service's own user, whatever the umask.
  if ((await mkdir(dir, { recursive: true })) !== undefined) await chmod(dir, 0o755);
  await writeFileInBackground(path, text, 0o644);
}
