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

/** What waits in the kernel to be sent from a TCP port (IPv4), MB (1e6 bytes); closed connections that still try count too. */
export function sendQueueMegabytes(port) {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const queues = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(local))
    .map((fields) => Number.parseInt(fields[4].split(':')[0], 16));
  return queues.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
}
