import { readdirSync, readFileSync } from 'node:fs';

/** Open descriptors of a process. */
export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Resident memory of a process, megabytes. */
export const memoryOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000;

/** Processor time that a process has used, its ended children left out, seconds. */
export function processorTimeOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Whether a process has been stopped by SIGSTOP. */
export const isStopped = (pid: number): boolean => /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

/** The children of a process, whichever of its threads started them; with a name, those that run a program of it. */
export function childrenOf(pid: number, name?: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((child) => {
      try {
        const [, command, state, parent] = /^\d+ \((.*)\) (.) (\d+) /s.exec(readFileSync(`/proc/${child}/stat`, 'latin1'))!;
        return Number(parent) === pid && (name === undefined || command === name) && state !== 'Z';
      } catch {
        return false;
      }
    });
}
