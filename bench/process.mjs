// What the kernel says about another process.
import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_S = 1e9;
const BYTES_PER_KIB = 1024;

/** CPU seconds of all threads that live. To the nanosecond, where /proc/PID/stat has ticks of 10 ms. */
export function cpuSeconds(pid) {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / NS_PER_S;
}

/** Resident memory, MB (1e6 bytes). */
export function residentMegabytes(pid) {
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * BYTES_PER_KIB) / 1e6;
}

/** Memory in the queues of all TCP sockets of this machine, MB (1e6 bytes). */
export function tcpQueueMegabytes() {
  const pages = Number(/^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]);
  return (pages * 4096) / 1e6;
}
