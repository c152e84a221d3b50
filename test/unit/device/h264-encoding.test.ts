import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import type { Config } from '../../../src/config/schema.ts';
import { StateStore } from '../../../src/config/state.ts';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { EncoderTrial } from '../../../src/device/encoder-trial.ts';
import { H264Encoding } from '../../../src/device/h264-encoding.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCamera } from '../../support/onvif-media.ts';
import { PlayedFeed } from '../../support/picture-feed.ts';
import { settle } from '../../support/rtsp-server.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const STANDIN = fileURLToPath(new URL('../../support/ffmpeg-h264', import.meta.url));
const preset = schema.parse({}).h264;

/** Where ffmpeg is. */
let bin: string;
let dataDir: string;
/** "found" and "gone". */
let told: string[];
let warnings: string[];
let feed: PlayedFeed;
interface Tried {
  readonly encoding: H264Encoding;
  readonly trial: EncoderTrial;
}

const started: Tried[] = [];
beforeEach(() => {
  [bin, dataDir, told, warnings] = [makeTempDir(), makeTempDir(), [], []];
  feed = new PlayedFeed(systemClock);
});
afterEach(async () => {
  // Trials that wait still are let go; the folder may be gone already.
  mkdirSync(bin, { recursive: true });
  writeFileSync(gate(), '');
  for (const each of started.splice(0)) {
    each.trial.stop();
    await each.encoding.stop();
    await each.trial.over;
  }
  rmSync(bin, { recursive: true });
});

/** A trial that waits goes on when this file is there. */
const gate = () => join(bin, 'go');
const ffmpeg = () => join(bin, 'ffmpeg');
function install(works: readonly string[], trialWaits = false): void {
  rmSync(ffmpeg(), { force: true });
  symlinkSync(STANDIN, ffmpeg());
  writeFileSync(`${ffmpeg()}.json`, JSON.stringify({ works, ...(trialWaits && { trialWaits: gate() }) }));
}

interface Start {
  readonly config?: Partial<Config['h264']>;
  readonly state?: StateStore;
  readonly clock?: Clock;
}

async function start({ config = {}, state = new StateStore(dataDir), clock = systemClock }: Start = {}): Promise<Tried> {
  const trial = new EncoderTrial({
    config: { ...preset, ...config },
    state,
    // The stand-in is a Node program.
    searchPath: `${bin}:${process.env.PATH}`,
    clock,
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });
  const encoding = new H264Encoding({
    ...{ name: 'H.264', trial },
    settings: new DeviceSettings({ config: schema.parse({}), explicit: new Set(), state }).h264,
    feed,
    picture: new FakeCamera(),
    searchPath: `${bin}:${process.env.PATH}`,
    onFound: () => told.push('found'),
    onGone: () => told.push('gone'),
    clock,
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });
  const tried = { encoding, trial };
  started.push(tried);
  await trial.start();
  return tried;
}

/** A start whose trial comes to its end: what it found is remembered. */
const tried = async () => {
  const { encoding, trial } = await start();
  await trial.known();
  await encoding.stop();
  told.length = 0;
};
const remembered = () => new StateStore(dataDir).state.encoder;

describe('at the first start', () => {
  test('it is not known until the encoders were tried; meanwhile the settings are there', async () => {
    install(['libx264'], true);
    const { encoding, trial } = await start();
    expect(encoding.stream).toBe('trying');
    expect(encoding.control.settings()).toMatchObject({ width: 1280, height: 720, bitrate: preset.bitrate });
    expect(remembered()).toBeUndefined();
    const known = trial.known();
    writeFileSync(gate(), '');
    await known;
    expect(encoding.stream).toMatchObject({ status: { state: 'idle' } });
    expect(told).toEqual(['found']);
    expect(remembered()).toMatchObject({ ffmpeg: ffmpeg(), wanted: 'auto', hardware: false, software: true });
  });

  test('nobody waits for longer than 2 s', async () => {
    install(['libx264'], true);
    const clock = new FakeClock();
    const { encoding, trial } = await start({ clock });
    let over = false;
    void trial.known().then(() => {
      over = true;
    });
    await settle();
    clock.advance(1999);
    await settle();
    expect(over).toBe(false);
    clock.advance(1);
    await settle();
    expect(over).toBe(true);
    expect(encoding.stream).toBe('trying');
  });

  test('an ffmpeg without an encoder is none', async () => {
    install([]);
    const { encoding, trial } = await start();
    await trial.known();
    expect(encoding.stream).toBeUndefined();
    expect(told).toEqual([]);
    expect(remembered()).toBeUndefined();
  });

  test('without ffmpeg there is none', async () => {
    const { encoding, trial } = await start({ config: { ffmpegPath: ffmpeg() } });
    await trial.known();
    expect(encoding.stream).toBeUndefined();
  });
});

describe('at a later start', () => {
  test('it is there at once, before the encoders were tried, and still there afterwards', async () => {
    install(['libx264']);
    await tried();
    install(['libx264'], true);
    const { encoding, trial } = await start();
    const { stream } = encoding;
    expect(stream).toMatchObject({ status: { state: 'idle' } });
    await trial.known();
    expect(told).toEqual(['found']);
    writeFileSync(gate(), '');
    await trial.over;
    expect(encoding.stream).toBe(stream);
    expect(told).toEqual(['found']);
  });

  test('nothing is written where nothing has changed', async () => {
    install(['libx264']);
    await tried();
    const state = new StateStore(dataDir);
    state.update = () => {
      throw new Error('written');
    };
    const { encoding, trial } = await start({ state });
    await trial.over;
    expect(encoding.stream).toMatchObject({ status: { state: 'idle' } });
    expect(warnings).toEqual([]);
  });

  test.each<[string, () => Partial<Config['h264']>]>([
    [
      'another ffmpeg',
      () => {
        // The stand-in is a link; a file of its own has times of its own.
        rmSync(ffmpeg());
        writeFileSync(ffmpeg(), `#!/bin/sh\nexec '${process.execPath}' '${STANDIN}' "$@"\n`);
        chmodSync(ffmpeg(), 0o755);
        utimesSync(ffmpeg(), 1, 1);
        return {};
      },
    ],
    ['another encoder is wanted', () => ({ encoder: 'libx264' })],
    ['an ffmpeg at another place', () => ({ ffmpegPath: '/bin/false' })],
  ])('what was found is not believed of what is not the same: %s', async (_what, change) => {
    install(['libx264']);
    await tried();
    install(['libx264'], true);
    const { encoding } = await start({ config: change() });
    expect(encoding.stream).toBe('trying');
  });

  test('where it is gone it goes, with the memory of it', async () => {
    install(['libx264']);
    await tried();
    install([], true);
    const { encoding } = await start();
    expect(encoding.stream).toMatchObject({ status: { state: 'idle' } });
    writeFileSync(gate(), '');
    await eventually(() => encoding.stream === undefined, 'it is gone');
    expect(encoding.stream).toBeUndefined();
    expect(told).toEqual(['found', 'gone']);
    expect(remembered()).toBeUndefined();
  });

  test('pictures that are being encoded count for more than a trial that fails beside them', async () => {
    install(['libx264']);
    await tried();
    install([], true);
    const { encoding, trial } = await start();
    const { stream } = encoding;
    if (typeof stream !== 'object') throw new Error('no stream');
    const first = new Promise((resolve) => stream.subscribe(resolve));
    feed.show();
    await first;
    const known = trial.over;
    writeFileSync(gate(), '');
    await known;
    expect(encoding.stream).toBe(stream);
    expect(stream.status.state).toBe('live');
    expect(told).toEqual(['found']);
  });

  test('another encoder than the remembered one is taken from the next picture on', async () => {
    install(['h264_v4l2m2m', 'libx264']);
    await tried();
    expect(remembered()).toMatchObject({ hardware: true, software: true });
    install(['libx264']);
    const { encoding, trial } = await start();
    await trial.over;
    const { stream } = encoding;
    if (typeof stream !== 'object') throw new Error('no stream');
    const first = new Promise((resolve) => stream.subscribe(resolve));
    feed.show();
    await first;
    expect(stream.status.encoder).toBe('libx264');
    expect(remembered()).toMatchObject({ hardware: false, software: true });
  });
});

test('a state that cannot be written, as on a full disk, costs the memory alone', async () => {
  install(['libx264']);
  const state = new StateStore(dataDir);
  state.update = () => {
    throw new AppError('DATA_DIR', 'The disk is full.');
  };
  const { encoding, trial } = await start({ state });
  await trial.known();
  expect(encoding.stream).toMatchObject({ status: { state: 'idle' } });
  expect(warnings).toEqual([expect.stringContaining('The disk is full.')]);
});

test('a memory that cannot be read leaves the rest of the state as it is', () => {
  const { uuid } = new StateStore(dataDir).state;
  const path = join(dataDir, 'state.json');
  writeFileSync(path, JSON.stringify({ version: 1, uuid, users: [], encoder: { ffmpeg: 7 } }));
  const store = new StateStore(dataDir);
  expect(store.putAside).toBeUndefined();
  expect(store.state).toMatchObject({ uuid });
  expect(store.state.encoder).toBeUndefined();
});
