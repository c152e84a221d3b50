import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The limit of open files under which a process can open just `left` more. */
export function limitLeaving(left: number, pid: number): number {
  const dir = `/proc/${pid}/fd`;
  // The descriptor by which our own are listed is among them, and gone by now.
  const open = readdirSync(dir).filter(isLink(dir)).map(Number);
  let limit = 0;
  for (let free = 0; free < left || open.includes(limit); limit++) if (!open.includes(limit)) free++;
  return limit;
}

const isLink = (dir: string) => (name: string) => {
  try {
    return readlinkSync(`${dir}/${name}`) !== '';
  } catch {
    return false;
  }
};

/** Changes the limit of open files of a process that runs, by util-linux's prlimit. */
export const setLimit = (pid: number, limit: number): void => void execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);

/** Calls `act` while this process can open no more than `left` descriptors, and gives what it gives; it must not wait for anything. */
export async function withDescriptors<T>(left: number, act: () => T): Promise<T> {
  const before = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))![1];
  // Started beforehand: under the limit nothing can be started that lifts it.
  const lifter = spawn('sh', ['-c', `read go; exec prlimit --pid ${process.pid} --nofile=${before}:`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const lifted = once(lifter, 'close');
  setLimit(process.pid, limitLeaving(left, process.pid));
  try {
    return act();
  } finally {
    lifter.stdin.end('\n');
    await lifted;
  }
}
