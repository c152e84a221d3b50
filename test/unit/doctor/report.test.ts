import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import type { Finding } from '../../../src/doctor/run.ts';
import { privateOf, scrub } from '../../../src/doctor/scrub.ts';
import { makeState, makeSurroundings } from '../../support/doctor.ts';
import { ipv4, PI_FILES, PI_MAC } from '../../support/system-tools/tree.ts';

const UUID = '9a8b7c6d-1234-4321-8765-0123456789ab';
const PASSWORDS = ['correct horse: battery', 'quo"te\\slash', "p@ss'w/:rd&<x>", 'übung', 'ab1'];
const users = PASSWORDS.map((password, at) => ({ name: `user${at}`, password, level: 'Administrator' as const }));
const SESSION = { hash: 'aGFzaC1vZi1hLXNlc3Npb24', name: 'user0', proof: 'cHJvb2Ytb2YtYS1zZXNzaW9u', remembered: true, expires: 1 };
const state = makeState({ users, sessions: [SESSION], mac: PI_MAC });

/** Every way in which a secret may have come into a text. */
const forms = (secret: string) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
  secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
];

describe('scrub', () => {
  const known = privateOf(state, { secrets: ['run-file-token'], identities: ['10000000a1b2c3d4'] });

  test.each(PASSWORDS)('takes %j out, however it is written', (password) => {
    for (const form of forms(password)) expect(scrub(`it is <${form}>, they say`, known)).toBe('it is <…>, they say');
  });

  test('takes logins, tokens and sessions out', () => {
    const text = [
      `Authorization: Basic ${Buffer.from(`user0:${PASSWORDS[0]}`).toString('base64')}`,
      'Bearer run-file-token',
      SESSION.hash,
      SESSION.proof,
      'rtsp://admin:anything@192.168.1.2/h264',
    ].join('\n');
    expect(scrub(text, known)).toBe('Authorization: Basic …\nBearer …\n…\n…\nrtsp://…@192.168.1.2/h264');
  });

  test('shortens what tells this camera from others', () => {
    const text = `urn:uuid:${UUID.toUpperCase()} onvif-10000000a1b2c3d4.local ${PI_MAC} ${PI_MAC.replaceAll(':', '')} 00-11-22-33-44-55 aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee`;
    expect(scrub(text, known)).toBe('urn:uuid:9a8b… onvif-1000….local dc:a… dca6… 00-11-22:… aaaa…');
  });

  test('numbers public addresses, and leaves those that say nothing', () => {
    const text =
      'from 203.0.113.7, 203.0.113.9 and 203.0.113.7 to 192.168.1.2, 10.0.0.1, 127.0.0.1, 0.0.0.0, 239.255.255.250, 2001:db8::7 and fe80::1 at 12:34:56, ::1';
    expect(scrub(text, known)).toBe(
      'from PUBLIC-ADDRESS-1, PUBLIC-ADDRESS-2 and PUBLIC-ADDRESS-1 to 192.168.1.2, 10.0.0.1, 127.0.0.1, 0.0.0.0, 239.255.255.250, PUBLIC-ADDRESS-3 and fe80::1 at 12:34:56, ::1',
    );
  });

  test('a short password takes no words apart', () => {
    expect(scrub('ab1 in cab12, "ab1" alone', known)).toBe('… in cab12, "…" alone');
  });
});

describe('the report', () => {
  const finding = (seen: string, more: Partial<Finding> = {}): Finding => ({
    ...{ id: 'service', title: 'x', group: 'y', level: 'error', ms: 3, seen },
    ...more,
  });
  const journal = (lines: readonly string[]) => ({
    journalctl: `printf '%s\\n' ${lines.map((line) => `'${line.replaceAll("'", "'\\''")}'`).join(' ')}`,
  });

  test('has no secret of state, settings, log and findings in any form', async () => {
    const everything = [...PASSWORDS, 'from-the-environment', 'run-file-token', SESSION.hash, SESSION.proof];
    const surroundings = makeSurroundings(
      {
        files: PI_FILES,
        tools: journal(everything.flatMap(forms)),
        config: { camera: { extraArgs: ['--x', PASSWORDS[0]!], annotate: PASSWORDS[1] }, http: { hosts: ['cam.family-name.example'] } },
        explicit: ['camera.extraArgs', 'camera.annotate', 'http.hosts', 'dataDir'],
        addresses: { eth0: [ipv4('b8:27:eb:01:02:03', '192.168.1.50/24')] },
      },
      {
        state,
        login: { user: 'user0', password: 'asked-for-on-the-terminal' },
        server: { pid: 1, url: 'http://127.0.0.1:8080', rtspPort: 8554, token: 'run-file-token' },
      },
    );
    const findings = [...everything, 'asked-for-on-the-terminal', UUID, PI_MAC]
      .flatMap(forms)
      .map((form) => finding(`said ${form}`, { fix: form }));
    const text = await makeReport(surroundings, findings, ['from-the-environment']);
    for (const secret of [...everything, 'asked-for-on-the-terminal'])
      for (const form of forms(secret)) expect(form === 'ab1' ? / ab1\b/.test(text) : text.includes(form)).toBe(false);
    for (const own of [UUID, PI_MAC, 'b8:27:eb:01:02:03', 'b827eb010203', '10000000a1b2c3d4', 'family-name'])
      expect(text).not.toContain(own);
  });

  test('has versions, settings that were set, findings and the last lines of the log', async () => {
    const surroundings = makeSurroundings({
      files: { ...PI_FILES, '/etc/os-release': 'PRETTY_NAME="Raspberry Pi OS"\n' },
      tools: journal(['-- Boot 1 --', 'camera live']),
      config: { camera: { width: 640 }, http: { hosts: ['a.example', 'b.example'] } },
      explicit: ['camera.width', 'http.hosts'],
    });
    const text = await makeReport(
      surroundings,
      [finding('camera failed', { fix: '`do that`' }), finding('fine', { id: 'node', level: 'ok' })],
      [],
    );
    for (const line of [
      '- onvif-camera 1.2.3, Node.js 20.19.0 (arm64)',
      '- Raspberry Pi 4 Model B Rev 1.4',
      '- camera.width: 640',
      '- http.hosts: 2 of them',
      '- error `service` (3 ms): camera failed',
      '  - fix: `do that`',
      '- ok `node` (3 ms): fine',
      '    camera live',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toContain('- Raspberry Pi OS, kernel ');
    expect(text).not.toContain('-- Boot');
  });

  test('says why there are no settings and no log', async () => {
    const surroundings = makeSurroundings();
    const settings = { ...surroundings.settings, fault: new AppError('CONFIG_INVALID', 'line 4 is wrong') };
    const text = await makeReport({ ...surroundings, settings }, [], []);
    expect(text).toContain('They cannot be used: line 4 is wrong');
    expect(text).toContain('None: it does not run as a service');
  });
});
