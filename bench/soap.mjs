import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cpuSeconds } from './process.mjs';
import { startBare, startOurs } from './servers.mjs';
import { median } from './statistics.mjs';

const PASSWORD = 'bench';
const CONNECTIONS = 8;
const WINDOW_S = 2;
const ROUNDS = 5;
/** More than are sent in a window: a token is good once. */
const BODIES = 12_000;
const SCRIPT = fileURLToPath(new URL('soap.lua', import.meta.url));

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const DIGEST = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

const envelope = (header, body) =>
  `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;

/** A token of its own for each request: a camera takes none twice. */
function security() {
  const nonce = randomBytes(16);
  const created = new Date().toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(PASSWORD).digest('base64');
  return `<s:Header><Security xmlns="${WSSE}"><UsernameToken><Username>admin</Username><Password Type="${DIGEST}">${digest}</Password><Nonce>${nonce.toString('base64')}</Nonce><Created xmlns="${WSU}">${created}</Created></UsernameToken></Security></s:Header>`;
}

/** Targets are half of what the nearest peer in Node needs. */
const CALLS = {
  GetSystemDateAndTime: {
    makeBody: () => envelope('', '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'),
    peerUs: 239,
    targetUs: 120,
  },
  'GetProfiles, digest': {
    makeBody: () => envelope(security(), '<GetProfiles xmlns="http://www.onvif.org/ver10/media/wsdl"/>'),
    peerUs: 520,
    targetUs: 260,
  },
};

/**
 * Has wrk post the bodies for a while. Throws unless every request is answered with 200.
 * @returns server CPU per request, microseconds
 */
async function measure(server, makeBody, folder) {
  const file = join(folder, 'bodies');
  writeFileSync(file, Array.from({ length: BODIES }, makeBody).join('\n'));
  const args = ['-t', '1', '-c', CONNECTIONS, '-d', `${WINDOW_S}s`, '-s', SCRIPT, server.url('/onvif/device_service'), '--', file];
  const before = cpuSeconds(server.pid);
  const { stdout } = await promisify(execFile)('wrk', args.map(String));
  const spent = cpuSeconds(server.pid) - before;
  const problem = /(Non-2xx|Socket errors).*/.exec(stdout);
  if (problem) throw new Error(`wrk says: ${problem[0]}`);
  return (spent / Number(/(\d+) requests in/.exec(stdout)[1])) * 1e6;
}

function hasWrk() {
  // Without arguments it says how it is used, and fails.
  return spawnSync('wrk', { stdio: 'ignore' }).error === undefined;
}

/** CPU per SOAP request, beside a bare node:http answer to the same request; all in turn, medians. */
export async function soap(note) {
  if (!hasWrk()) return { results: [{ what: 'SOAP, CPU per request', measured: 'not measured: there is no wrk' }] };
  process.env.ONVIF_CAMERA_PASSWORD = PASSWORD;
  const folder = mkdtempSync(join(tmpdir(), 'onvif-camera-bench-'));
  const [bare, ours] = [await startBare(), await startOurs('images')];
  const calls = Object.entries(CALLS);
  const runs = calls.map(() => ({ bare: [], ours: [] }));
  try {
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      note(round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`);
      for (const [at, [, { makeBody }]] of calls.entries()) {
        const figures = { bare: await measure(bare, makeBody, folder), ours: await measure(ours, makeBody, folder) };
        if (round > 0) for (const [who, figure] of Object.entries(figures)) runs[at][who].push(figure);
      }
    }
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    results: calls.map(([name, { targetUs, peerUs }], at) => {
      const own = median(runs[at].ours);
      return {
        what: `SOAP, CPU per request: ${name} (bare node:http ${median(runs[at].bare).toFixed(0)} µs)`,
        measured: `${own.toFixed(0)} µs`,
        target: `≤ ${targetUs} µs (nearest peer: ${peerUs})`,
        met: own <= targetUs,
      };
    }),
  };
}
