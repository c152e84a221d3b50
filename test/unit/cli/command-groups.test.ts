import { describe, expect, test } from '@jest/globals';
import { readArguments } from '../../../src/cli/arguments.ts';
import type { Action, Group } from '../../../src/cli/command.ts';
import { actionsOf, COMMANDS, findCommand } from '../../../src/cli/commands/index.ts';
import { helpText, usageOf } from '../../../src/cli/help.ts';
import { AppError } from '../../../src/core/errors.ts';

const action = (name: string, parts: Partial<Action> = {}): Action => ({
  ...{ name, summary: `${name} it`, more: '', synonyms: [], positionals: [], flags: [], settings: [], exits: {}, examples: [] },
  load: async () => async () => 0,
  ...parts,
});
const key: Group = {
  name: 'key',
  summary: 'keys of the door',
  more: 'One for each.',
  synonyms: ['keys'],
  examples: [{ line: 'onvif-camera key cut NAME', does: 'a new one' }],
  commands: [
    action('list', { flags: [{ name: 'json', help: 'As JSON' }] }),
    action('cut', { synonyms: ['make'], positionals: [{ name: 'NAME', what: 'a name' }], flags: [{ name: 'steel', help: 'Of steel' }] }),
  ],
};
const commands = [...COMMANDS, key] as unknown as typeof COMMANDS;
const read = (...argv: string[]) => readArguments(argv, commands);

function usageError(...argv: string[]): AppError {
  try {
    read(...argv);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('commands of a command', () => {
  test('are found, with their words and flags in any place', () => {
    expect(read('key', 'cut', 'front')).toMatchObject({ command: 'key cut', positionals: ['front'], help: false });
    expect(read('--steel', 'key', '--data-dir=x', 'cut', 'front')).toMatchObject({
      command: 'key cut',
      flags: { steel: true, 'data-dir': 'x' },
    });
    expect(findCommand(['key', 'list'], commands)).toMatchObject({ path: 'key list', command: key.commands[0] });
  });

  test('a flag may belong to several', () => {
    expect(read('key', 'list', '--json').flags).toEqual({ json: true });
    expect(read('discover', '--json').flags).toEqual({ json: true });
    expect(usageError('discover', '--steel').message).toBe('--steel is an option of the command key cut.');
    expect(usageError('key', 'cut', 'front', '--json').message).toMatch(
      /^--json is an option of the commands status, events, discover, others\.$/,
    );
  });

  test.each([
    [['help', 'key', 'cut'], 'key cut'],
    [['key', 'help', 'cut'], 'key cut'],
    [['key', 'cut', '--help'], 'key cut'],
    [['key', 'cut', '-h'], 'key cut'],
    [['help', 'key'], 'key'],
    [['key', 'help'], 'key'],
    [['key', '--help'], 'key'],
  ])('%j asks for help', (argv, command) => {
    expect(read(...argv)).toMatchObject({ command, help: true });
  });

  test.each([
    [['key'], 'key takes one of list, cut.', 'key '],
    [['key', 'cat'], 'There is no command "key cat". Did you mean key cut?', 'key '],
    [['key', 'make'], 'There is no command "key make". Did you mean key cut?', 'key '],
    [['key', 'fly'], 'There is no command "key fly".', 'key '],
    [['help', 'key', 'fly'], 'There is no command "key fly".', 'key '],
    [['keys', 'cut'], 'There is no command "keys". Did you mean key?', ''],
    [['cut'], 'There is no command "cut". Did you mean key cut?', ''],
    [['make'], 'There is no command "make". Did you mean key cut?', ''],
    [['key', 'cut'], 'key cut takes a name: onvif-camera key cut NAME', 'key cut '],
    [['key', 'cut', 'a', 'b'], 'key cut takes a name: onvif-camera key cut NAME', 'key cut '],
    [['key', 'list', 'a'], 'key list takes no "a".', 'key list '],
  ])('%j is a usage error that says what is meant', (argv, message, path) => {
    expect(usageError(...argv)).toMatchObject({ message, exitCode: 2, hint: expect.stringContaining(`onvif-camera ${path}--help`) });
  });

  test('help lists them, and tells of each', () => {
    expect(usageOf(key)).toBe('key list|cut');
    expect(helpText(key)).toBe(`Usage: onvif-camera key list      list it
       onvif-camera key cut NAME  cut it

Keys of the door.
One for each.
\`onvif-camera help key COMMAND\` has the options of each.

Examples:
  onvif-camera key cut NAME  # a new one
`);
    expect(helpText(key.commands[1], 'key cut')).toMatch(/^Usage: onvif-camera key cut NAME \[options\]\n\nCut it\./);
  });
});

describe('the table of commands', () => {
  const actions = actionsOf(COMMANDS);

  test('one name of a flag has one type, and no command is called as another', () => {
    const types = new Map<string, boolean>();
    for (const { name, value } of actions.flatMap(([, { flags }]) => flags)) {
      expect([name, types.get(name) ?? value === undefined]).toEqual([name, value === undefined]);
      types.set(name, value === undefined);
    }
    const words = COMMANDS.flatMap(({ name, synonyms }) => [name, ...synonyms]);
    expect(words.filter((each, at) => words.indexOf(each) !== at)).toEqual([]);
  });

  test.each(actions)('examples of %s are read as that command', (path, { examples }) => {
    for (const { line } of examples) {
      const [program, ...argv] = line.replace(/^sudo | [<>|] .*/g, '').split(' ');
      expect([program, readArguments(argv).command]).toEqual(['onvif-camera', path]);
    }
  });

  test.each(actions)('%s is loaded', async (_path, { load }) => {
    expect(await load()).toBeInstanceOf(Function);
  });
});
