/** The scenario that a test chose, and the log of starts and ends that it reads afterwards. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULTS = {
  cameras: 'one',
  startDelayMs: 100,
  firstFrameDelayMs: 0,
  busy: false,
  freezeAfterFrames: undefined,
  timeoutAfterFrames: undefined,
  dieAfterFrames: undefined,
  dieMidFrame: false,
  ignoreSigint: false,
  legacyStack: false,
  noMediaDevices: false,
  noMemory: false,
  platform: undefined,
  olderVersion: undefined,
  libav: false,
  hardwareEncoder: true,
  clockSetBackAtFrame: Number.POSITIVE_INFINITY,
  annotateStageMissing: false,
  motionStageMissing: false,
  moves: [],
  lux: 400,
};

/** @param {string | undefined} dir the folder the test made */
export function readScenario(dir) {
  if (dir === undefined) return DEFAULTS;
  let text;
  try {
    text = readFileSync(join(dir, 'scenario.json'), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return DEFAULTS;
    throw error;
  }
  const chosen = JSON.parse(text);
  const unknown = Object.keys(chosen).find((key) => !Object.hasOwn(DEFAULTS, key));
  if (unknown !== undefined) throw new Error(`scenario.json: the stand-in for rpicam-vid knows no "${unknown}"`);
  return { ...DEFAULTS, ...chosen };
}

/** Appends a line to a log in the test's folder; does nothing without one, or when the test has removed it. */
export function note(dir, file, entry) {
  if (dir === undefined) return;
  try {
    appendFileSync(join(dir, file), `${JSON.stringify({ pid: process.pid, ...entry, time: Date.now() })}\n`);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
