import { en } from 'zod/locales';
import * as z from 'zod/mini';

/** The way in which a setting's value is written as text, in a flag, a variable or the file. */
export type ValueKind = 'integer' | 'number' | 'boolean' | 'choice' | 'text' | 'numbers' | 'words' | 'mixed';

/** What the help and messages say of a setting. */
export interface SettingInfo {
  readonly kind: ValueKind;
  /** Placeholder in the help: "PIXELS". */
  readonly value: string;
  /** What it does, in one line. */
  readonly help: string;
  /** The values that are allowed, to follow "must be". */
  readonly allowed: string;
}

// Settings are checked once, at the start: code generated for it would cost more than it saves. What is wrong with a body is said in
// zod's words.
z.config({ ...en(), jitless: true });

const infos = z.registry<SettingInfo>();

/** Returns the description of a setting in the schema. */
export function infoOf(schema: z.core.$ZodType): SettingInfo {
  const info = infos.get(schema);
  if (!info) throw new Error('a setting without a description');
  return info;
}

function described<T extends z.core.$ZodType>(schema: T, info: SettingInfo): T {
  infos.add(schema, info);
  return schema;
}

// The callers' types see to it that the preset is one of the options; of options that are a type parameter TypeScript cannot tell.
const withPreset = <S extends z.ZodMiniType>(schema: S, preset: string | number) => z._default(schema, preset as never);

/** Settings that belong together. All of them have presets, so that nothing need be given. */
export const section = <T extends z.core.$ZodShape>(settings: T) => z.prefault(z.strictObject(settings), () => ({}) as never);

const range = (min: number, max: number) => `from ${min} to ${max}`;

/** A whole number from `min` to `max`. */
export const integer = (preset: number, min: number, max: number, value: string, help: string) =>
  described(z._default(z.int().check(z.gte(min), z.lte(max)), preset), {
    kind: 'integer',
    value,
    help,
    allowed: `a whole number ${range(min, max)}`,
  });

/** An even number from `min` to `max`, as RTP ports are (RFC 3550, section 11). */
export const even = (
  preset: number,
  min: number,
  max: number,
  value: string,
  help: string,
  check: { allowed: string; test: (number: number) => boolean },
) =>
  described(z._default(z.int().check(z.gte(min), z.lte(max), z.multipleOf(2), z.refine(check.test)), preset), {
    kind: 'integer',
    value,
    help,
    allowed: `an even number ${range(min, max)}, ${check.allowed}`,
  });

/** A number from `min` to `max`. */
export const number = (preset: number, min: number, max: number, value: string, help: string) =>
  described(z._default(z.number().check(z.gte(min), z.lte(max)), preset), {
    kind: 'number',
    value,
    help,
    allowed: `a number ${range(min, max)}`,
  });

/** On or off. */
export const boolean = (preset: boolean, help: string) =>
  described(z._default(z.boolean(), preset), { kind: 'boolean', value: 'on|off', help, allowed: 'on or off' });

/** One of a few words. */
export const choice = <const T extends readonly [string, ...string[]]>(preset: T[number], options: T, help: string) =>
  described(withPreset(z.enum(options), preset), {
    kind: 'choice',
    value: options.join('|'),
    help,
    allowed: `one of ${options.join(', ')}`,
  });

/** One of a few numbers. */
export const steps = <const T extends readonly [number, ...number[]]>(preset: T[number], options: T, value: string, help: string) =>
  described(withPreset(z.literal(options), preset), { kind: 'integer', value, help, allowed: `one of ${options.join(', ')}` });

/** A text of at most `max` characters. */
export const text = (
  preset: string,
  max: number,
  value: string,
  help: string,
  check?: { allowed: string; test: (text: string) => boolean },
) => {
  const plain = z.string().check(z.maxLength(max));
  const schema = check ? plain.check(z.refine(check.test)) : plain;
  return described(z._default(schema, preset), {
    kind: 'text',
    value,
    help,
    allowed: check?.allowed ?? `text of at most ${max} characters`,
  });
};

/** The path of a file or directory; empty where there is none to name. */
export const path = (value: string, help: string) =>
  text('', 4096, value, help, {
    allowed: 'a path of at most 4096 characters, written out without ~',
    // Only a shell knows what ~ means: here it would be a directory of this name.
    test: (given) => !given.startsWith('~'),
  });

/** A list of `count` numbers from `min` to `max`, or none. */
export const numbers = (count: number, min: number, max: number, value: string, help: string) =>
  described(
    z._default(z.array(z.number().check(z.gte(min), z.lte(max))).check(z.refine((list) => list.length === 0 || list.length === count)), []),
    { kind: 'numbers', value, help, allowed: `${count} numbers ${range(min, max)}, or none` },
  );

/** A list of words, which are separated by spaces in a flag. */
export const words = (value: string, help: string, check?: { allowed: string; test: (word: string) => boolean }) => {
  const word = check ? z.string().check(z.refine(check.test)) : z.string();
  return described(z._default(z.array(word), []), { kind: 'words', value, help, allowed: `a list of ${check?.allowed ?? 'words'}` });
};

/** A number from `min` to `max`, or one of a few words. */
export const numberOr = <const T extends readonly [string, ...string[]]>(
  preset: number | T[number],
  options: T,
  min: number,
  max: number,
  value: string,
  help: string,
) =>
  described(withPreset(z.union([z.number().check(z.gte(min), z.lte(max)), z.enum(options)]), preset), {
    kind: 'mixed',
    value,
    help,
    allowed: `a number ${range(min, max)}, or ${options.map((word) => (word === '' ? 'empty' : word)).join(' or ')}`,
  });

const TRUE = new Set(['on', 'true', 'yes', '1']);
const FALSE = new Set(['off', 'false', 'no', '0']);

const asNumber = (given: string): unknown => (/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(given) ? Number(given) : given);

/** Reads a value written as a list of texts; what cannot be read stays text, for the schema to refuse. */
export const fromList = (kind: ValueKind, given: readonly unknown[]): unknown =>
  kind === 'numbers' ? given.map((each) => (typeof each === 'string' ? asNumber(each) : each)) : given;

/** Reads a value written as text; what cannot be read stays text, for the schema to refuse. */
export function fromText(kind: ValueKind, given: string): unknown {
  switch (kind) {
    case 'integer':
    case 'number':
    case 'mixed':
      return asNumber(given);
    case 'boolean':
      return TRUE.has(given.toLowerCase()) ? true : FALSE.has(given.toLowerCase()) ? false : given;
    case 'numbers':
      return given.trim() === '' ? [] : given.split(',').map(asNumber);
    case 'words':
      return given.split(/\s+/).filter((word) => word !== '');
    default:
      return given;
  }
}
