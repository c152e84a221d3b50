/** One process per camera, by a file with the process's id. A file left by a dead process does not count. */
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What tells a process from a later one with the same id: when it started. Undefined where it no longer runs. */
function startOf(pid) {
  try {
    // Fields after the name in brackets: state first, start time as the 20th. Zombies hold nothing.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return existsSync('/proc/self/stat') ? undefined : answers(pid);
  }
}

/** The same where the system has no /proc: whether a process with that id runs at all. */
function answers(pid) {
  try {
    process.kill(Number(pid), 0);
    return 'running';
  } catch {
    return undefined;
  }
}

const me = () => `${process.pid} ${startOf(process.pid)}`;

function holderOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(holder) {
  const [pid, start] = holder.split(' ');
  return startOf(pid) === start;
}

const fileOf = (dir, camera) => join(dir, `camera-${camera}.pid`);

/** Whether a living process holds the camera. */
export function isHeld(dir, camera) {
  const holder = holderOf(fileOf(dir, camera));
  return holder !== undefined && isAlive(holder);
}

/** Takes the camera until this process ends. @returns {boolean} false where another living process has it */
export function acquire(dir, camera) {
  const file = fileOf(dir, camera);
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, me());
  try {
    // A link either appears with its whole content or fails because the file is there.
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(mine, file);
        process.once('exit', () => rmSync(file, { force: true }));
        return true;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      if (isHeld(dir, camera)) return false;
      takeAside(file);
    }
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Removes a dead process's file, but not one that a third process has just put in its place. */
function takeAside(file) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (isAlive(readFileSync(aside, 'utf8'))) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
