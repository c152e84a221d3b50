import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtProgram } from '../servers.mjs';

const PROGRAM = fileURLToPath(new URL('../attacks.mjs', import.meta.url));

/** All attacks, in a network of their own and therefore in a process of its own: whether others can use the camera afterwards. */
export async function attacks(note) {
  const folder = mkdtempSync(join(tmpdir(), 'onvif-camera-attacks-'));
  try {
    const file = join(folder, 'measured.json');
    note('each for some seconds, a few minutes together');
    const child = spawn(process.execPath, [PROGRAM, '--program', builtProgram(), '--write', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`bench/attacks.mjs ended with ${code}`);
    const measured = JSON.parse(readFileSync(file, 'utf8'));
    return {
      results: measured.attacks.map(({ title, serves, failed }) => ({
        what: `${title}: usable afterwards`,
        measured: failed ?? serves.replaceAll('**', ''),
        target: 'yes',
        met: serves === 'yes',
      })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
