import os from 'node:os';
import { countsOf } from './print.ts';
import type { Finding } from './run.ts';
import { macForms, type Private, privateOf, scrub } from './scrub.ts';
import { boardOf, type Surroundings } from './surroundings.ts';

/** Most lines of the service's log in a report. */
const LOG_LINES = 100;
/** Settings whose values are private, and of which a report has the number alone. */
const COUNTED = new Set(['http.hosts', 'http.trustedProxies']);

/**
 * Resolves to the text of a bug report, in Markdown: versions, the settings that were set, findings and the last lines of the log,
 * without what must not leave this machine (see {@link scrub}).
 * @param secrets passwords and tokens that are known besides those of the state
 */
export async function makeReport(surroundings: Surroundings, findings: readonly Finding[], secrets: readonly string[]): Promise<string> {
  const { version, nodeVersion, architecture, tree, settings, state } = surroundings;
  const osName = /^PRETTY_NAME="?([^"\n]*)/m.exec(tree.text('/etc/os-release') ?? '')?.[1] ?? os.type();
  const lines = [
    '# onvif-camera doctor',
    '',
    `${countsOf(findings)}, at ${new Date(surroundings.clock.now()).toISOString()}`,
    '',
    '## Versions',
    '',
    `- onvif-camera ${version}, Node.js ${nodeVersion} (${architecture})`,
    `- ${osName}, kernel ${os.release()}`,
    `- ${boardOf(surroundings) ?? 'no board that tells its name'}`,
    '',
    '## Settings that were set',
    '',
    ...(settings.fault ? [`They cannot be used: ${settings.fault.message}`] : settingLines(surroundings)),
    '',
    '## Checks',
    '',
    ...findings.flatMap(({ id, level, seen, fix, ms }) => [
      `- ${level} \`${id}\` (${ms} ms): ${seen}`,
      ...(fix ? [`  - fix: ${fix}`] : []),
    ]),
    '',
    `## Last lines of the log`,
    '',
    ...(await logLines(surroundings)),
  ];
  return scrub(`${lines.join('\n')}\n`, privateOf(state, knownHere(surroundings, secrets)));
}

function settingLines({ settings: { config, explicit } }: Surroundings): string[] {
  const keys = [...explicit].sort();
  if (keys.length === 0) return ['None.'];
  return keys.map((key) => {
    const value = key.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], config);
    return `- ${key}: ${COUNTED.has(key) && Array.isArray(value) ? `${value.length} of them` : JSON.stringify(value)}`;
  });
}

async function logLines({ tools }: Surroundings): Promise<string[]> {
  const units = ['-u', 'onvif-camera', '-u', 'onvif-camera@*'];
  const text = await tools.ask('journalctl', [...units, '-n', String(LOG_LINES), '-o', 'cat', '--no-pager']);
  const lines = text?.split('\n').filter((line) => line !== '' && !/^-- /.test(line)) ?? [];
  return lines.length === 0
    ? ['None: it does not run as a service, or this user may not read its log.']
    : lines.map((line) => `    ${line}`);
}

/** Returns what must not be in the report, besides what is in the state. */
function knownHere({ tree, server, login, interfaces }: Surroundings, secrets: readonly string[]): Private {
  const macs = Object.values(interfaces()).flatMap((list) => list?.flatMap(({ mac }) => macForms(mac)) ?? []);
  const serial = tree.text('/proc/device-tree/serial-number');
  return {
    secrets: [
      ...secrets,
      ...(server ? [server.token] : []),
      ...(login ? [login.password, Buffer.from(`${login.user}:${login.password}`).toString('base64')] : []),
    ],
    identities: [...macs.filter((mac) => !/^[0:]+$/.test(mac)), ...(serial ? [serial] : [])],
  };
}
