// Changes to XML by its own grammar: elements, attributes, namespaces, entities.
import { MOST_BYTES, mutateText } from './mutate.mjs';

const isOpening = (token) => /^<[A-Za-z]/.test(token);

const changes = [
  (tokens, random) => void tokens.splice(random.below(tokens.length), 1),
  (tokens, random) => {
    const at = random.below(tokens.length);
    tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random.size(20)));
  },
  (tokens, random) => {
    const [one, two] = [random.below(tokens.length), random.below(tokens.length)];
    [tokens[one], tokens[two]] = [tokens[two], tokens[one]];
  },
  // An element gets attributes, few or many.
  (tokens, random) =>
    atOpening(tokens, random, (tag) => tag.replace(/\/?>$/, (end) => `${many(random, (k) => ` ${attribute(random, k)}`)}${end}`)),
  (tokens, random) => atOpening(tokens, random, (tag) => tag.replace(/="[^"]*"/, () => `="${random.pick(VALUES)}"`)),
  (tokens, random) =>
    atOpening(tokens, random, (tag) =>
      tag.replace(/xmlns(:\w+)?=/, () => random.pick(['xmlns:xml=', 'xmlns:xmlns=', 'xmlns=', 'xmlns:q='])),
    ),
  (tokens, random) => atOpening(tokens, random, (tag) => tag.replace(/^<[\w:-]+/, () => `<${random.pick(NAMES)}`)),
  // What is inside something else.
  (tokens, random) => {
    const depth = random.once(8) ? Math.floor(MOST_BYTES / 12) : 1 + random.below(60);
    const name = random.pick(['e', 'a:b', 's:Body']);
    tokens.splice(random.below(tokens.length + 1), 0, `<${name}>`.repeat(depth), random.once(2) ? `</${name}>`.repeat(depth) : '');
  },
  (tokens, random) =>
    void tokens.splice(
      random.below(tokens.length + 1),
      0,
      many(random, () => random.pick(PIECES)),
    ),
  (tokens, random, words) => {
    const at = random.below(tokens.length);
    tokens[at] = mutateText(tokens[at], random, words);
  },
];

const NAMES = ['e', 'a:b:c', ':a', 'a:', 'xml:x', '\u00e4', 's:Header', 's:Body', 's:Fault', 'wsse:Security', 'x'.repeat(2000)];
const VALUES = [
  '',
  '&amp;',
  '&#0;',
  '&bad;',
  '&#xD800;',
  'http://www.w3.org/2000/xmlns/',
  'http://www.w3.org/XML/1998/namespace',
  '<',
  'x'.repeat(3000),
  '1',
  'true',
];
const PIECES = [
  '&amp;',
  '&#65;',
  '&lt;',
  '<![CDATA[x]]>',
  '<!-- -->',
  '<?pi?>',
  '<a/>',
  ' ',
  '&x;',
  ']]>',
  '<!DOCTYPE a [<!ENTITY x "y">]>',
  '<?xml version="1.1" encoding="UTF-16"?>',
  '\0',
  '\ufffe',
];

const attribute = (random, k) => random.pick([`a${k}="b"`, `xmlns:p${k}="urn:p${k}"`, `a${k % 3}="b"`, `p${k}:a="b"`, `a${k}='`]);

/** Tags, and what is between them. Not by a regular expression: some of these texts are made to be slow for one. */
function tokensOf(text) {
  const tokens = [];
  for (let at = 0; at < text.length; ) {
    const found = text[at] === '<' ? text.indexOf('>', at) + 1 : text.indexOf('<', at);
    const end = found > 0 ? found : text.length;
    tokens.push(text.slice(at, end));
    at = end;
  }
  return tokens.length > 0 ? tokens : [''];
}

function many(random, make) {
  const count = random.once(12) ? 4000 : 1 + random.below(8);
  let text = '';
  for (let k = 0; k < count && text.length < MOST_BYTES; k++) text += make(k);
  return text;
}

function atOpening(tokens, random, change) {
  const openings = tokens.map((token, at) => (isOpening(token) ? at : -1)).filter((at) => at >= 0);
  if (openings.length === 0) return;
  const at = random.pick(openings);
  tokens[at] = change(tokens[at]);
}

/** A document with some of it changed; `words` are those that its protocol knows. */
export function mutateXml(text, random, words) {
  let tokens = tokensOf(text);
  for (let count = 1 + random.below(3); count > 0; count--) {
    random.pick(changes)(tokens, random, words);
    if (tokens.length === 0) tokens = [''];
  }
  return tokens.join('').slice(0, MOST_BYTES);
}
