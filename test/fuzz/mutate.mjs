// Changes to messages: to their text by the pieces it is made of, and to their bytes.

/** Numbers at which programs err. */
const NUMBERS = [
  '0',
  '-1',
  '1',
  '00',
  '+1',
  '1e9',
  '0x10',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '99999999999999999999',
  'NaN',
  '1.5',
  '',
  ' 7',
  '7 ',
];

/** Pieces that mean something somewhere. */
const ODD = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\t',
  '%',
  '%00',
  '%2e%2e%2f',
  '%ff',
  '"',
  "'",
  '\\',
  '\\"',
  ',',
  ';',
  '=',
  '<',
  '>',
  '&',
  '../',
  '//',
  ':',
  '[',
  ']',
  '*',
  '$',
  '{',
  '}',
  '\ufeff',
  '\ud800',
  '\u2028',
  'ä',
  '😀',
  '__proto__',
  'constructor',
  '-->',
  ']]>',
  '<!--',
  '<![CDATA[',
  '&#0;',
  '&#x110000;',
];

/** Bytes of an input at most: what a datagram carries, and more than any head or form. */
export const MOST_BYTES = 60_000;
const TOKEN = /[A-Za-z_][\w-]*|\d+|\s+|[^\w\s]/g;

const changes = [
  // A number becomes another.
  (tokens, random) =>
    replaceOne(
      tokens,
      random,
      (token) => /^\d+$/.test(token),
      () => random.pick(NUMBERS),
    ),
  (tokens, random) =>
    replaceOne(
      tokens,
      random,
      () => true,
      () => random.pick(ODD),
    ),
  (tokens, random, words) =>
    replaceOne(
      tokens,
      random,
      (token) => /^[A-Za-z]/.test(token),
      () => random.pick(words),
    ),
  (tokens, random) =>
    replaceOne(
      tokens,
      random,
      () => true,
      (token) => (token === token.toLowerCase() ? token.toUpperCase() : token.toLowerCase()),
    ),
  (tokens, random, words) => void tokens.splice(random.below(tokens.length + 1), 0, random.once(2) ? random.pick(ODD) : random.pick(words)),
  (tokens, random) => void tokens.splice(random.below(tokens.length), 1 + random.size(tokens.length)),
  // A piece again, elsewhere.
  (tokens, random) => {
    const from = random.below(tokens.length);
    const piece = tokens.slice(from, from + 1 + random.size(30));
    tokens.splice(random.below(tokens.length + 1), 0, ...piece);
  },
  (tokens, random) => {
    const [one, two] = [random.below(tokens.length), random.below(tokens.length)];
    [tokens[one], tokens[two]] = [tokens[two], tokens[one]];
  },
  // A piece again and again: what costs more than it is long shows here.
  (tokens, random) => {
    const at = random.below(tokens.length);
    const piece = tokens.slice(at, at + 1 + random.below(6)).join('') || 'a';
    const times = random.once(6) ? Math.floor(MOST_BYTES / piece.length) : random.below(200);
    tokens[at] = piece.repeat(Math.min(times, Math.floor(MOST_BYTES / piece.length)));
  },
];

function replaceOne(tokens, random, wanted, make) {
  const start = random.below(tokens.length);
  for (let k = 0; k < tokens.length; k++) {
    const at = (start + k) % tokens.length;
    if (wanted(tokens[at])) {
      tokens[at] = make(tokens[at]);
      return;
    }
  }
}

/** A text with some of its pieces changed; `words` are those that its protocol knows. */
export function mutateText(text, random, words) {
  let tokens = text.match(TOKEN) ?? [''];
  // Pieces of large texts are changed a few at a time as well.
  for (let count = 1 + random.below(3); count > 0; count--) {
    random.pick(changes)(tokens, random, words);
    if (tokens.length === 0) tokens = [''];
  }
  const changed = tokens.join('');
  return changed.length > MOST_BYTES ? changed.slice(0, MOST_BYTES) : changed;
}

/** Bytes with some of them changed, taken out or put in. */
export function mutateBytes(bytes, random) {
  let changed = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(changed.length + 1);
    switch (random.below(5)) {
      case 0:
        if (at < changed.length) changed[at] ^= 1 << random.below(8);
        break;
      case 1:
        if (at < changed.length) changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x24, 0x0a, 0x0d]);
        break;
      case 2:
        changed = Buffer.concat([changed.subarray(0, at), random.bytes(1 + random.size(300)), changed.subarray(at)]);
        break;
      case 3:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random.size(300))]);
        break;
      default:
        changed = changed.subarray(0, at);
    }
  }
  return changed.subarray(0, MOST_BYTES);
}

/** The same bytes in the pieces that they are written in: mostly one, seldom each by itself. */
export function cut(bytes, random) {
  if (bytes.length < 2 || !random.once(4)) return [bytes];
  if (bytes.length < 400 && random.once(8)) return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const places = Array.from({ length: 1 + random.below(4) }, () => random.below(bytes.length)).sort((a, b) => a - b);
  const ends = [...places, bytes.length];
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end)).filter((piece) => piece.length > 0);
}
