import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A program that listens on a port, as far as this user may see. */
export interface PortHolder {
  /** Undefined: it belongs to another user. */
  readonly pid: number | undefined;
  /** Its name, with the script where it is an interpreter: "nginx", "node server.js". */
  readonly name: string | undefined;
  /** Whose it is: a name, or the number of a user without one. */
  readonly user: string;
}

/** TCP_LISTEN of the kernel's tcp_states.h, as /proc/net/tcp prints it. */
const LISTENING = '0A';
/** Longest command line that is looked at, characters; a name is at its beginning. */
const MAX_COMMAND = 4096;

/**
 * Who listens on a TCP port, from /proc (proc_pid_net(5)); undefined where it does not tell.
 * @param root where the system's files are, "/"
 */
export function portHolder(port: number, root = '/'): PortHolder | undefined {
  const sockets = ['tcp', 'tcp6'].flatMap((table) => listeners(read(join(root, 'proc/net', table)), port));
  const [first] = sockets;
  if (first === undefined) return undefined;
  const links = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const pid = list(join(root, 'proc'))
    .filter((name) => /^\d+$/.test(name))
    .find((name) => list(join(root, 'proc', name, 'fd')).some((descriptor) => links.has(link(join(root, 'proc', name, 'fd', descriptor)))));
  return {
    pid: pid === undefined ? undefined : Number(pid),
    name: pid === undefined ? undefined : programName(join(root, 'proc', pid)),
    user: userName(read(join(root, 'etc/passwd')), first.uid),
  };
}

/** The lines of /proc/net/tcp: number, local address, remote address, state, queues, timer, retransmits, user, timeout, inode. */
function listeners(table: string, port: number): { uid: string; inode: string }[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, address = '', , state, , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    return state === LISTENING && address.endsWith(local) ? [{ uid, inode }] : [];
  });
}

function programName(process: string): string | undefined {
  const name = read(join(process, 'comm')).trim();
  const [program = '', script = ''] = read(join(process, 'cmdline')).slice(0, MAX_COMMAND).split('\0');
  // An interpreter is named by its file, as in "node server.js"; some programs write what they like into their command line.
  const interpreted = basename(program) === name && /^[^-].*[./]/.test(script);
  return interpreted ? `${name} ${script}` : name || undefined;
}

/** passwd(5): the name is the first field, the number the third. */
const userName = (passwd: string, uid: string): string =>
  passwd
    .split('\n')
    .map((entry) => entry.split(':'))
    .find((fields) => fields[2] === uid)?.[0] ?? uid;

// What is missing, or not for this user to read, is empty.
const read = (file: string): string => attempt(() => readFileSync(file, 'utf8')) ?? '';
const list = (dir: string): string[] => attempt(() => readdirSync(dir)) ?? [];
const link = (file: string): string => attempt(() => readlinkSync(file)) ?? '';

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
