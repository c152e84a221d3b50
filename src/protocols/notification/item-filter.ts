import { FilterError } from './filter-error.ts';
import { ITEM_FILTER } from './names.ts';

/** What a filter by content looks at: the items of a message, as texts. */
export interface Content {
  readonly source: readonly (readonly [name: string, value: string])[];
  readonly data: readonly (readonly [name: string, value: string])[];
}

/** Tells whether a message passes the filter. */
export type ContentTest = (content: Content) => boolean;
type ItemTest = (item: readonly [name: string, value: string]) => boolean;

/** Longest filter, characters. What comes of it takes some hundred bytes for each comparison. */
export const MAX_ITEM_FILTER = 4096;
/** Most brackets in brackets. */
const MAX_DEPTH = 16;

/** Words, texts and signs of the language; blanks between them do not count. */
const TOKEN = /\s*(\/\/|[()[\]/=]|@?[\p{L}_][\p{L}\p{N}._-]*(?::[\p{L}_][\p{L}\p{N}._-]*)?|"[^"]*"|'[^']*')/uy;

/**
 * Reads a filter by content, such as `boolean(//tt:SimpleItem[@Name="IsMotion" and @Value="true"])`.
 *
 * @param dialect undefined or empty: ItemFilter
 * @throws FilterError
 * @see ONVIF Core Specification, "Message content filter"
 */
export function itemFilter(text: string, dialect: string | undefined): ContentTest {
  const language = dialect?.trim() || ITEM_FILTER;
  if (language !== ITEM_FILTER)
    throw new FilterError('content', `The content filter dialect "${language}" is not known; ${ITEM_FILTER} is.`);
  return new Parser(tokens(text)).whole();
}

function tokens(text: string): string[] {
  if (text.length > MAX_ITEM_FILTER) throw new FilterError('content', `A content filter has at most ${MAX_ITEM_FILTER} characters.`);
  const found: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < trimmed.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(trimmed);
    if (!match) throw new FilterError('content', `The content filter is not understood from "${trimmed.slice(at, at + 20)}" on.`);
    found.push(match[1]!);
  }
  return found;
}

class Parser {
  #at = 0;
  #depth = 0;

  constructor(private readonly tokens: readonly string[]) {}

  whole(): ContentTest {
    const test = this.#either<Content>(() => this.#path());
    if (this.#at < this.tokens.length) throw this.#unexpected();
    return test;
  }

  /** `a or b`; "and" binds closer. */
  #either<T>(single: () => (value: T) => boolean): (value: T) => boolean {
    if (++this.#depth > MAX_DEPTH) throw new FilterError('content', 'The content filter has too many brackets.');
    const tests = [this.#both(single)];
    while (this.#takes('or')) tests.push(this.#both(single));
    this.#depth--;
    return tests.length === 1 ? tests[0]! : (value) => tests.some((test) => test(value));
  }

  #both<T>(single: () => (value: T) => boolean): (value: T) => boolean {
    const tests = [this.#one(single)];
    while (this.#takes('and')) tests.push(this.#one(single));
    return tests.length === 1 ? tests[0]! : (value) => tests.every((test) => test(value));
  }

  #one<T>(single: () => (value: T) => boolean): (value: T) => boolean {
    const negated = this.#takes('not');
    if (!negated && this.tokens[this.#at] !== '(') return single();
    this.#expect('(');
    const test = this.#either(single);
    this.#expect(')');
    return negated ? (value) => !test(value) : test;
  }

  /** `boolean(//tt:Source/tt:SimpleItem[...])` */
  #path(): ContentTest {
    this.#expect('boolean');
    this.#expect('(');
    this.#expect('//');
    const steps = [this.#name()];
    while (this.#takes('/') || this.#takes('//')) steps.push(this.#name());
    const matches: ItemTest = this.#takes('[') ? this.#condition() : () => true;
    this.#expect(')');
    const kind = steps.pop();
    const parent = steps.pop();
    if (kind !== 'SimpleItem' && kind !== 'ElementItem') throw new FilterError('content', 'A content filter ends at SimpleItem.');
    // Ours have neither an ElementItem nor a Key.
    if (kind === 'ElementItem' || parent === 'Key') return () => false;
    return ({ source, data }) => {
      if (parent !== 'Data' && source.some(matches)) return true;
      return parent !== 'Source' && data.some(matches);
    };
  }

  #condition(): ItemTest {
    const test = this.#either<readonly [string, string]>(() => this.#comparison());
    this.#expect(']');
    return test;
  }

  /** `@Name="State"` */
  #comparison(): ItemTest {
    const attribute = this.#next();
    if (attribute !== '@Name' && attribute !== '@Value') throw this.#unexpected();
    this.#expect('=');
    const quoted = this.#next() ?? '';
    if (!/^["']/.test(quoted)) throw this.#unexpected();
    const wanted = quoted.slice(1, -1);
    return attribute === '@Name' ? ([name]) => name === wanted : ([, value]) => value === wanted;
  }

  /** A name without its prefix. */
  #name(): string {
    const token = this.#next() ?? '';
    if (!/^[\p{L}_]/u.test(token)) throw this.#unexpected();
    return token.slice(token.indexOf(':') + 1);
  }

  #next(): string | undefined {
    return this.tokens[this.#at++];
  }

  #takes(token: string): boolean {
    if (this.tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (this.#takes(token)) return;
    this.#at++;
    throw this.#unexpected();
  }

  #unexpected(): FilterError {
    const token = this.tokens[Math.max(0, this.#at - 1)];
    return new FilterError(
      'content',
      token === undefined ? 'The content filter ends too early.' : `The content filter is not understood at "${token}".`,
    );
  }
}
