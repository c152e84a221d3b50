/**
 * Reads a command line as boost::program_options does in its default style: `--opt value`, `--opt=value`, unique
 * prefixes, `-o value`, `-ovalue`. An option that may stand alone takes a value by `=`, and also a next word that is
 * no option (`-v 0`).
 *
 * @import { Option } from './options.js'
 */

/** The program gives up with `ERROR: *** message ***` and exit code 255. */
export class Refused extends Error {}

const missing = (name) => new Refused(`the required argument for option '--${name}' is missing`);

const emptyValue = (name) => new Refused(`the argument for option '--${name}' should follow immediately after the equal sign`);

const endsInEquals = (word) => /^--[^=]*=$/.test(word);

/** Finds an option by its long name, a unique prefix of it, or its short name. */
function find(options, name) {
  const exact = options.find((o) => o.name === name || o.short === name);
  if (exact) return exact;
  const near = options.filter((o) => o.name.startsWith(name));
  if (near.length < 2) return near[0];
  const names = near.map((o) => `'--${o.name}'`).sort();
  throw new Refused(`option '--${name}' is ambiguous and matches ${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`);
}

/** Whether a word is neither an option nor the end of options. */
const isPlain = (word) => word.length < 2 || !word.startsWith('-');

/** Splits a word into the name and the value glued to it; undefined where the word is no option. */
function split(word) {
  if (word.length >= 3 && word.startsWith('--')) {
    const equals = word.indexOf('=');
    if (equals < 0) return { name: word.slice(2) };
    const name = word.slice(2, equals);
    if (endsInEquals(word)) throw emptyValue(name);
    return { name, value: word.slice(equals + 1) };
  }
  if (isPlain(word)) return undefined;
  return word.length === 2 ? { name: word } : { name: word.slice(0, 2), value: word.slice(2) };
}

const UINT32 = 2 ** 32;
const FLOAT = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf(inity)?)$/i;

/** Converts a value; undefined where it is none of that kind. */
const CONVERT = {
  flag(word) {
    if (/^(on|yes|1|true|)$/i.test(word)) return true;
    return /^(off|no|0|false)$/i.test(word) ? false : undefined;
  },
  unsigned(word) {
    const number = /^[+-]?\d+$/.test(word) ? Number(word) : Number.NaN;
    // A negative number wraps, as it does in the real program: -5 is a width of 4294967291.
    return Math.abs(number) < UINT32 ? (number + UINT32) % UINT32 : undefined;
  },
  int(word) {
    const number = /^[+-]?\d+$/.test(word) ? Number(word) : Number.NaN;
    return number >= -UINT32 / 2 && number < UINT32 / 2 ? number : undefined;
  },
  float: (word) => (FLOAT.test(word) ? Number.parseFloat(word.replace(/inf(inity)?/i, 'Infinity')) : undefined),
  text: (word) => word,
};

/**
 * @param {string} word
 * @param {Option} option
 */
function convert(word, { name, kind }) {
  const value = CONVERT[kind](word);
  if (value !== undefined) return value;
  const what = word === '' ? 'argument' : `argument ('${word}')`;
  const choices = kind === 'flag' ? ". Valid choices are 'on|off', 'yes|no', '1|0' and 'true|false'" : '';
  throw new Refused(`the ${what} for option '--${name}' is invalid${choices}`);
}

/** Takes the value of an option that needs one from the words after it. */
function nextValue(words, { name }, options) {
  const next = words.shift();
  // Only a known short option is told from a value here: `-o --codec` writes to a file called "--codec".
  if (next === undefined || options.some((o) => o.short === next)) throw missing(name);
  if (endsInEquals(next)) throw emptyValue(name);
  return next;
}

/**
 * @param {readonly string[]} argv the words after the program's name
 * @param {readonly Option[]} options
 * @returns {Map<string, boolean | number | string>} the options that were given, by long name
 * @throws {Refused}
 */
export function parseCommandLine(argv, options) {
  const given = [];
  const words = [...argv];
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--') break;
    const parts = split(word);
    // Words that belong to no option are passed over, as the real program does.
    if (parts === undefined) continue;
    const option = find(options, parts.name);
    if (option === undefined) throw new Refused(`unrecognised option '${word}'`);
    let { value } = parts;
    if (value === undefined && option.implicit === undefined) value = nextValue(words, option, options);
    else if (value === undefined && words.length > 0 && isPlain(words[0])) value = words.shift();
    given.push({ option, value });
  }
  const values = new Map();
  for (const { option, value } of given) {
    // Standing alone an option may be repeated: only the check of a value looks for an earlier one.
    if (value !== undefined && values.has(option.name)) throw new Refused(`option '--${option.name}' cannot be specified more than once`);
    values.set(option.name, convert(value ?? option.implicit, option));
  }
  return values;
}
