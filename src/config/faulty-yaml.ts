import type { ErrorCode, YAMLParseError } from 'yaml';

/** What to do about a fault, by its code: the messages of the YAML reader are for people who know YAML. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  BAD_SCALAR_START: 'Put the value in quotes.',
  TAB_AS_INDENT: 'Put two spaces in place of each tab.',
  BAD_INDENT: 'Let all keys of a section begin in the same column.',
  BLOCK_AS_IMPLICIT_KEY: 'Put a value that has a colon in it in quotes, and let all keys of a section begin in the same column.',
  MISSING_CHAR: 'Each key is followed by a colon, a space and its value.',
  MULTILINE_IMPLICIT_KEY: 'Each key stands in a line of its own, followed by a colon and a space.',
  BAD_DQ_ESCAPE: 'Put the value in single quotes, in which a backslash is a backslash.',
  UNEXPECTED_TOKEN: 'Put the whole value in quotes.',
};

/** A place in a text; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a settings file, and where. */
export interface FileFault {
  /** Undefined: nowhere in particular. */
  readonly at: Place | undefined;
  /** A sentence that begins small, to follow "onvif-camera.yaml line 4: ". */
  readonly message: string;
}

/**
 * Returns what is wrong with a YAML text in words for people who do not know YAML, one fault for each line of the text.
 *
 * @param place finds the place of an offset in the text, which counts characters from 0
 */
export function faultyYaml(errors: readonly YAMLParseError[], text: string, place: (offset: number) => Place): FileFault[] {
  const faults = new Map<number, FileFault>();
  for (const { code, message, pos } of errors) {
    const at = place(pos[0]);
    // Further faults in a line follow from its first.
    if (!faults.has(at.line)) faults.set(at.line, { at, message: describe(code, message, text.slice(pos[0])) });
  }
  return [...faults.values()];
}

/** Returns a fault in words. @param rest of the text, from the fault on */
function describe(code: ErrorCode, message: string, rest: string): string {
  if (code === 'DUPLICATE_KEY') {
    const key = /^("|'|)([^\n]*?)\1\s*:/.exec(rest)?.[2] ?? 'a key';
    return `${key} stands there for the second time, and keys must be unique. Put the lines of both together, or delete one.`;
  }
  if (code === 'MULTIPLE_DOCS') return 'a line of three dashes begins a second document, and a settings file is one. Delete that line.';
  const unclosed = /closing|end with/.test(message);
  const remedy = unclosed ? 'It was opened here or further up: a quote, [ or {.' : (REMEDIES[code] ?? '');
  return remedy === '' ? message : `${message}. ${remedy}`;
}
