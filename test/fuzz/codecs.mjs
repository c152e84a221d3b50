// The codecs by themselves, in this process: many more inputs than come through sockets.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { rtcpPacket, wsDiscovery } from './datagrams.mjs';
import { save } from './findings.mjs';
import { httpRequest, soapMessage } from './http.mjs';
import { mutateBytes } from './mutate.mjs';
import { Random } from './random.mjs';
import { rtspMessage, tunnelMessage } from './rtsp.mjs';

export const CODECS = 'codecs';
const SLICE = 2000;
/** CPU time that one input may take, milliseconds. */
const MOST_MS = 150;

/** What is read from outside, and by what. The names are those of the modules in src/. */
const READERS = {
  'protocols/ws-discovery/message.ts': { parseMessage: (parse) => (random) => run(wsDiscovery(random), parse) },
  'protocols/rtp/rtcp-parser.ts': { parseRtcp: (parse) => (random) => run(rtcpPacket(random), parse) },
  'protocols/soap/request-reader.ts': { readRequest: (read) => (random) => run(soapMessage(random), read) },
  'protocols/rtsp/tunnel.ts': {
    recogniseTunnel: (recognise) => (random) => run(Buffer.concat(tunnelMessage(random)), recognise),
    TunnelDecoder: (Decoder) => (random) => {
      const decoder = new Decoder();
      const chunks = tunnelMessage(random);
      return run(Buffer.concat(chunks), () => chunks.forEach((chunk) => void decoder.decode(chunk)));
    },
  },
  'protocols/rtsp/reader.ts': {
    RtspReader: (Reader) => (random) => {
      const nothing = () => {};
      const reader = new Reader({ request: nothing, frame: nothing, problem: nothing });
      const chunks = [...rtspMessage(random), ...rtspMessage(random)];
      return run(Buffer.concat(chunks), () => chunks.forEach((chunk) => void reader.push(chunk)));
    },
  },
  'protocols/rtsp/headers.ts': {
    parseRange: (parse) => (random) => run(line(random, rtspMessage), parse),
    parseSession: (parse) => (random) => run(line(random, rtspMessage), parse),
    unsupportedOptions: (parse) => (random) => run(line(random, rtspMessage), parse),
    acceptsSdp: (parse) => (random) => run(line(random, rtspMessage), parse),
  },
  'protocols/rtsp/transport.ts': { parseTransport: (parse) => (random) => run(line(random, rtspMessage), parse) },
  'protocols/rtsp/url.ts': { parseRequestUrl: (parse) => (random) => run(line(random, rtspMessage), parse) },
  'protocols/http-auth/authorization.ts': {
    parseAuthorization: (parse) => (random) => run(line(random, httpRequest), parse),
    parseRtspAuthorization: (parse) => (random) => run(line(random, rtspMessage), parse),
  },
  'auth/cookies.ts': { parseCookies: (parse) => (random) => run(line(random, httpRequest), parse) },
  'frames/jpeg.ts': {
    readJpegHeader: (read) => (random) => run(jpeg(random), read),
    wholeJpegLength: (read) => (random) => run(jpeg(random), read),
  },
  'frames/h264.ts': { splitAnnexB: (split) => (random) => run(mutateBytes(ANNEX_B, random), split) },
  'frames/h264-sps.ts': { readSps: (read) => (random) => run(mutateBytes(ANNEX_B.subarray(4), random), read) },
};

/** An SPS and a PPS of a small picture, each behind its start code. */
const ANNEX_B = Buffer.from('0000000167640015acd9416096c04400000300040000030080 3c58b65800000001 68ebe3cb22c0'.replaceAll(' ', ''), 'hex');
/** The head of a JPEG: SOI, APP0, DQT, SOF0, DHT, SOS, a few bytes, EOI. */
const JPEG = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb004300', 'hex'),
  Buffer.alloc(64, 16),
  Buffer.from('ffc0001108007800a003012200021101031101ffc4001f00', 'hex'),
  Buffer.alloc(28, 1),
  Buffer.from('ffda000c03010002110311003f00', 'hex'),
  Buffer.alloc(40, 0x55),
  Buffer.from('ffd9', 'hex'),
]);
const jpeg = (random) => mutateBytes(random.once(3) ? mutateBytes(JPEG, random) : JPEG, random);

/** What one header of a message says, or all of it. */
function line(random, message) {
  const text = Buffer.concat(message(random)).toString('latin1');
  return random.once(10) ? text : (random.pick(text.split('\r\n')).split(': ')[1] ?? text);
}

/** What an input does to a reader: nothing, or a complaint. */
function run(input, read) {
  const began = process.cpuUsage();
  try {
    read(input);
  } catch (error) {
    return { input, complaint: String(error?.stack ?? error) };
  }
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000;
  return ms > MOST_MS ? { input, complaint: `took ${ms.toFixed(0)} ms of CPU time`, again: () => run(input, read) } : undefined;
}

let loaded;

async function load() {
  const folder = mkdtempSync(join(tmpdir(), 'onvif-camera-codecs-'));
  const source = (path) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
  const contents = Object.keys(READERS)
    .map((path, at) => `export * as m${at} from ${JSON.stringify(source(path))};`)
    .join('\n');
  const outfile = join(folder, 'codecs.mjs');
  const options = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', logLevel: 'error' };
  const banner = { js: `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)});` };
  await build({ ...options, banner, outfile, stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' } });
  const modules = await import(pathToFileURL(outfile).href);
  rmSync(folder, { recursive: true });
  return Object.values(READERS).flatMap((readers, at) =>
    Object.entries(readers).map(([name, reader]) => {
      const exported = modules[`m${at}`][name];
      if (!exported) throw new Error(`src/${Object.keys(READERS)[at]} has no ${name}`);
      return { name, act: reader(exported) };
    }),
  );
}

/**
 * Some inputs for each of them in turn.
 * @returns {Promise<{ count: number, complaint: string | undefined }>}
 */
export async function fuzzCodecs(seed, from, folder) {
  loaded ??= await load();
  for (let number = from; number < from + SLICE; number++) {
    const { name, act } = loaded[number % loaded.length];
    const text = `${CODECS} ${seed} ${number}`;
    const found = act(new Random(text));
    // Somebody else may have had the processor's caches: twice is none of his doing.
    if (!found || (found.again && !found.again())) continue;
    const file = save(folder, CODECS, `${name}: ${found.complaint}`, [{ seed: text, chunks: [Buffer.from(found.input)] }]);
    return { count: number + 1 - from, complaint: `${name}: ${found.complaint} (kept as ${file})` };
  }
  return { count: SLICE, complaint: undefined };
}
