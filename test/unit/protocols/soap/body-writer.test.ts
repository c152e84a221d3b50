import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BodyWriter } from '../../../../src/protocols/soap/body-writer.ts';
import { XML_SCHEMA_INSTANCE } from '../../../../src/protocols/soap/namespaces.ts';
import { type Attribute, namespaceOf, type OpenElement, ROOT_SCOPE, type Scope } from '../../../../src/protocols/xml/element.ts';

const element = (scope: Scope, more: Partial<OpenElement> = {}): OpenElement => ({
  ...{ uri: '', local: 'a', attributes: [], scope, text: '', hasChildren: false },
  ...more,
});

/** A writer that has read an element with others in it, each in its scope. */
function read(scopes: readonly Scope[]): BodyWriter {
  const writer = new BodyWriter();
  const around = element(ROOT_SCOPE, { hasChildren: true });
  writer.open(around);
  for (const scope of scopes) {
    const each = element(scope);
    writer.open(each);
    writer.close(each);
  }
  writer.close(around);
  return writer;
}

test('a prefix stands for what it does in the last element that has it', () => {
  const scope = fc.record({ outer: fc.nat(), declared: fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.constantFrom('urn:1', 'urn:2')) });
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (made, order) => {
      const all: Scope[] = [ROOT_SCOPE];
      for (const { outer, declared } of made) all.push({ outer: all[outer % all.length]!, declared: new Map(Object.entries(declared)) });
      const scopes = order.map((at) => all[at % all.length]!);
      const writer = read(scopes);
      for (const prefix of ['p', 'q', 'r', 'xml', 'none']) {
        const expected = [ROOT_SCOPE, ...scopes].map((each) => namespaceOf(prefix, each)).findLast((uri) => uri !== undefined);
        expect(writer.resolve(prefix)).toBe(expected);
      }
    }),
  );
});

test('declarations are looked through once, however often prefixes are asked for', () => {
  let looked = 0;
  class Counted extends Map<string, string> {
    override get(prefix: string) {
      looked++;
      return super.get(prefix);
    }
    override [Symbol.iterator]() {
      looked++;
      return super[Symbol.iterator]();
    }
  }
  let around: Scope = ROOT_SCOPE;
  for (let depth = 0; depth < 20; depth++) around = { outer: around, declared: new Counted([[`o${depth}`, 'urn:outer']]) };
  const beside = Array.from({ length: 1000 }, (_, k): Scope => ({ outer: around, declared: new Counted([[`z${k}`, 'urn:z']]) }));
  const writer = read([around, ...beside]);
  for (let k = 0; k < 1000; k++) {
    expect(writer.resolve('o0')).toBe('urn:outer');
    expect(writer.resolve(`none${k}`)).toBeUndefined();
  }
  expect(looked).toBe(1020);
});

test('an element without a value leaves nothing, nor does what is in it', () => {
  const nil: Attribute = { uri: XML_SCHEMA_INSTANCE, local: 'nil', value: ' true ' };
  const writer = new BodyWriter();
  const around = element(ROOT_SCOPE, { hasChildren: true });
  const gone = element(ROOT_SCOPE, { local: 'gone', attributes: [nil], hasChildren: true });
  const [inGone, kept] = [element(ROOT_SCOPE, { local: 'in', text: 'x' }), element(ROOT_SCOPE, { local: 'kept', text: '<' })];
  writer.open(around);
  writer.open(gone);
  writer.open(inGone);
  writer.close(inGone);
  writer.close(gone);
  writer.open(kept);
  writer.close(kept);
  writer.close(around);
  expect(writer.content).toBe('<a><kept>&lt;</kept></a>');
});
