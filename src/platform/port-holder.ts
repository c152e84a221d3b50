import { join } from 'node:path';
import { Processes, read } from './processes.ts';

/** A program that listens on a port, as far as this user may see. */
export interface PortHolder {
  /** Its process id; undefined where it belongs to another user. */
  readonly pid: number | undefined;
  /** Its name, with the script where it is an interpreter: "nginx", "node server.js". */
  readonly name: string | undefined;
  /** The user that it belongs to: a name, or the number of a user without one. */
  readonly user: string;
}

/**
 * State of a TCP socket that listens (TCP_LISTEN of the kernel's tcp_states.h, as /proc/net/tcp prints it), and of a bound
 * UDP socket (TCP_CLOSE).
 */
const WAITING = { tcp: '0A', udp: '07' } as const;

/**
 * Returns the program that listens on a TCP port, or has a UDP port, from /proc (proc_pid_net(5)); undefined where it does
 * not tell.
 *
 * @param root where the system's files are, "/"
 */
export function portHolder(port: number, root = '/', protocol: 'tcp' | 'udp' = 'tcp'): PortHolder | undefined {
  const sockets = [protocol, `${protocol}6`].flatMap((table) => holders(read(join(root, 'proc/net', table)), port, WAITING[protocol]));
  const [first] = sockets;
  if (first === undefined) return undefined;
  const processes = new Processes(root);
  const links = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const pid = processes.ids().find((id) => processes.open(id)?.some((target) => links.has(target)));
  return { pid, name: pid === undefined ? undefined : processes.name(pid), user: processes.userName(first.uid) };
}

/**
 * Returns the waiting sockets of a port in /proc/net/tcp or udp, whose lines are: number, local address, remote address, state,
 * queues, timer, retransmits, user, timeout, inode.
 */
function holders(table: string, port: number, waiting: string): { uid: string; inode: string }[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, address = '', , state, , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    return state === waiting && address.endsWith(local) ? [{ uid, inode }] : [];
  });
}
