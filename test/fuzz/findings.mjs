// From a camera that is not well to the least that makes it so, kept as a file.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Camera } from './camera.mjs';
import { check } from './check.mjs';
import { TARGETS } from './targets.mjs';

/**
 * Whether cases make a new camera complain.
 * @param {import('./run.mjs').Setting} setting
 * @returns {Promise<string | undefined>} what is wrong then
 */
export async function trial({ program, network, address }, target, cases) {
  const camera = await Camera.start(program, network);
  try {
    const before = check.begin(camera);
    await TARGETS[target].send(camera, cases, address);
    return await check.end(camera, before, cases);
  } finally {
    await camera.stop();
  }
}

/**
 * The fewest of the cases, and the fewest of their bytes, that still do it; undefined if it does not happen again.
 * @param {number} mostTries starts of the program that it may take, about a second each
 */
export async function reduce(setting, target, cases, mostTries, log) {
  let tries = 0;
  const fails = async (some) => {
    tries++;
    return some.length > 0 && (await trial(setting, target, some)) !== undefined;
  };
  if (!(await fails(cases))) return undefined;
  let left = cases;
  while (left.length > 1 && tries < mostTries) {
    const half = Math.ceil(left.length / 2);
    if (await fails(left.slice(0, half))) left = left.slice(0, half);
    else if (await fails(left.slice(half))) left = left.slice(half);
    else break;
    log(`${left.length} of ${cases.length} are enough`);
  }
  if (left.length > 1) return left;
  const [only] = left;
  let chunks = only.chunks;
  for (
    let size = Math.ceil(chunks.length / 2);
    chunks.length > 1 && size >= 1 && tries < mostTries;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < chunks.length && tries < mostTries; ) {
      const fewer = [...chunks.slice(0, at), ...chunks.slice(at + size)];
      if (fewer.length > 0 && (await fails([{ ...only, chunks: fewer }]))) chunks = fewer;
      else at += size;
    }
  }
  for (
    let size = Math.ceil(Math.max(...chunks.map((chunk) => chunk.length)) / 2);
    size >= 8 && tries < mostTries;
    size = Math.ceil(size / 2)
  ) {
    for (let k = 0; k < chunks.length; k++) {
      for (let at = 0; at < chunks[k].length && tries < mostTries; ) {
        const shorter = Buffer.concat([chunks[k].subarray(0, at), chunks[k].subarray(at + size)]);
        const changed = chunks.with(k, shorter);
        if (shorter.length > 0 && (await fails([{ ...only, chunks: changed }]))) chunks = changed;
        else at += size;
      }
    }
  }
  return [{ ...only, chunks }];
}

/** Writes cases into the folder, under a name made of what they are. @returns {string} the file's name */
export function save(folder, target, complaint, cases) {
  const content = {
    target,
    complaint,
    cases: cases.map(({ chunks, seed }) => ({ seed, chunks: chunks.map((chunk) => chunk.toString('base64')) })),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify(content.cases.map(({ chunks }) => chunks)))
    .digest('hex')
    .slice(0, 10);
  const name = `${target}-${digest}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 1)}\n`);
  return name;
}

/** What was found before. */
export function kept(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const { target, cases } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return {
        name,
        target,
        cases: cases.map(({ seed, chunks }) => ({
          seed,
          messages: chunks.length,
          chunks: chunks.map((chunk) => Buffer.from(chunk, 'base64')),
        })),
      };
    });
}
