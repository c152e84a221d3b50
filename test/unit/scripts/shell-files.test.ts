import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bashCompletion, zshCompletion } from '../../../scripts/package/completion.ts';
import { manualPage } from '../../../scripts/package/manual.ts';
import { everyFlag } from '../../../scripts/package/shell-tables.ts';
import type { Action, Group } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { settings } from '../../../src/cli/settings.ts';
import { needsProgram } from '../../support/programs.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const action = (name: string, more: Partial<Action> = {}): Action => ({
  name,
  summary: `${name} it: isn't "that" [all]?`,
  more: '',
  synonyms: [],
  examples: [],
  positionals: [],
  flags: [],
  settings: [],
  exits: {},
  load: () => Promise.reject(new Error('not run here')),
  ...more,
});
const group: Group = {
  name: 'guest',
  summary: 'users',
  more: '',
  synonyms: [],
  examples: [],
  commands: [
    action('add', { flags: [{ name: 'level', value: 'LEVEL', kind: ['admin', 'viewer'], help: 'What he may do' }] }),
    action('list'),
  ],
};
const commands = [...COMMANDS, group] as unknown as typeof COMMANDS;

/** What bash offers for the last of these words. */
function offered(words: readonly string[], script = bashCompletion(commands)): string[] {
  const file = join(makeTempDir(), 'completion');
  writeFileSync(file, script);
  const call = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _onvif_camera; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['-c', call, file, 'onvif-camera', ...words], { cwd: import.meta.dirname, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

needsProgram('bash', 'bash completes commands, and those of a group', async () => {
  expect(offered([''])).toEqual([...commands.map(({ name }) => name), 'help']);
  expect(offered(['sn'])).toEqual(['snapshot']);
  expect(offered(['help', 'disc'])).toEqual(['discover']);
  expect(offered(['guest', ''])).toEqual(['add', 'list', 'help']);
  expect(offered(['help', 'guest', 'a'])).toEqual(['add']);
});

needsProgram('bash', 'bash completes the flags that a command has, and no others', async () => {
  expect(offered(['--wid'])).toEqual(['--width']);
  expect(offered(['discover', '--'])).toEqual(expect.arrayContaining(['--json', '--timeout', '--config', '--help']));
  expect(offered(['discover', '--wid'])).toEqual([]);
  expect(offered(['--data-dir', 'discover', '--wid'])).toEqual(['--width']);
  expect(offered(['guest', 'add', '--lev'])).toEqual(['--level']);
  expect(offered(['guest', 'list', '--lev'])).toEqual([]);
});

needsProgram('bash', 'bash completes values: words, files, folders', async () => {
  expect(offered(['--exposure', 'n'])).toEqual(['normal', 'night']);
  expect(offered(['--exposure', '=', 'n'])).toEqual(['normal', 'night']);
  expect(offered(['--exposure', '='])).toContain('sport');
  expect(offered(['--auth', ''])).toEqual(['on', 'off']);
  expect(offered(['--source', 'rp'])).toEqual(['rpicam']);
  expect(offered(['guest', 'add', '--level', 'v'])).toEqual(['viewer']);
  expect(offered(['--config', 'shell-files'])).toEqual(['shell-files.test.ts']);
  expect(offered(['--width', ''])).toEqual([]);
  expect(offered(['snapshot', 'shell-files'])).toEqual(['shell-files.test.ts']);
});

needsProgram('zsh', 'zsh reads its completion', async () => {
  const { stderr, status } = spawnSync('zsh', ['-n', '-c', zshCompletion(commands)], { encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
});

test('the manual has every command, flag and setting, and nothing that troff takes for its own', () => {
  const page = manualPage(commands, '1.2.3', 0);
  const text = page.replaceAll('\\-', '-');
  for (const { key, flag, variable } of settings) for (const name of [key, `--${flag}`, variable]) expect(text).toContain(name);
  for (const { name } of everyFlag(commands)) expect(text).toContain(`--${name}`);
  for (const { name } of commands) expect(text).toContain(name);
  const requests = page.split('\n').flatMap((line) => /^[.'](\S*)/.exec(line)?.[1] ?? []);
  expect(new Set(requests)).toEqual(new Set(['TH', 'SH', 'SS', 'TP', 'PP', 'br', 'BR']));
});
