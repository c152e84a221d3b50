import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { SoapObject } from '../../src/onvif/service.ts';
import { schemaPath, schemasMissing } from './onvif-schemas.ts';
import { installation } from './programs.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';

/** Why nothing can be validated here; undefined: it can. */
export const cannotValidate: string | undefined =
  schemasMissing('driver.xsd') ?? (spawnSync('xmllint', ['--version']).error ? `needs xmllint: ${installation('xmllint')}` : undefined);

/** A declaration in a schema: the namespace of what it declares, and the declaration. */
interface Declared {
  readonly namespace: string;
  readonly element: XmlElement;
}

/** Types and global elements of the official schemas, by "{namespace}name". */
let index: ReadonlyMap<string, Declared> | undefined;

function readSchemas(): ReadonlyMap<string, Declared> {
  const found = new Map<string, Declared>();
  for (const file of readdirSync(schemaPath()).filter((name) => name.endsWith('.xsd'))) {
    const schema = parseXml(readFileSync(schemaPath(file), 'utf8'));
    const namespace = schema.attributes.get('targetNamespace') ?? '';
    for (const element of schema.children) {
      const name = element.attributes.get('name');
      if (name !== undefined)
        found.set(`${element.name === 'element' ? 'element ' : 'type '}{${namespace}}${name}`, { namespace, element });
    }
  }
  return found;
}

/** The elements that the type of an element declares, those of its base type too, by name. */
function contentOf({ namespace, element }: Declared): ReadonlyMap<string, Declared> {
  const declared = new Map<string, Declared>();
  const collect = (node: XmlElement, within: string): void => {
    for (const each of node.children) {
      if (each.name === 'element') declared.set(each.attributes.get('name') ?? '', { namespace: within, element: each });
      else {
        if (each.name === 'extension') collectType(each, 'base');
        collect(each, within);
      }
    }
  };
  const collectType = (node: XmlElement, attribute: string): void => {
    const type = node.attributes.get(attribute);
    const named = type === undefined ? undefined : index!.get(`type ${node.resolve(type)}`);
    if (named) collect(named.element, named.namespace);
  };
  collectType(element, 'type');
  collect(element, namespace);
  return declared;
}

const escaped = (value: unknown): string => String(value).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const attributesOf = (object: object): string =>
  Object.entries('attributes' in object ? (object.attributes as object) : {})
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join('');

/**
 * One element. Names are those of the object and in its order, so that a wrong one shows; the schema says only in which
 * namespace each of them is. Names with a prefix are written as they are.
 */
function write(name: string, value: unknown, namespace: string, declared: Declared | undefined): string {
  const tag = name.includes(':') ? name : `${name} xmlns="${namespace}"`;
  if (typeof value !== 'object' || value === null) return `<${tag}>${escaped(value)}</${name}>`;
  const known = declared ? contentOf(declared) : new Map<string, Declared>();
  const children = Object.entries(value)
    .filter(([key]) => key !== 'attributes' && key !== '$value')
    .flatMap(([key, each]) => (Array.isArray(each) ? each : [each]).map((one) => [key, one] as const))
    .map(([key, each]) => write(key, each, known.get(key)?.namespace ?? namespace, known.get(key)));
  const text = '$value' in value ? escaped(value.$value) : '';
  return `<${tag}${attributesOf(value)}>${text}${children.join('')}</${name}>`;
}

/** A SOAP 1.2 message with what a handler returned, as the official schemas name it. `element`: "GetScopesResponse". */
export function toEnvelope(namespace: string, element: string, content: SoapObject): string {
  index ??= readSchemas();
  const body = write(element, content, namespace, index.get(`element {${namespace}}${element}`));
  return `<s:Envelope xmlns:s="${SOAP}"><s:Body>${body}</s:Body></s:Envelope>`;
}

/**
 * What the official schemas have against these messages, one line each.
 * @param messages by a name without slashes
 * @param schema file that declares their roots
 */
export function schemaProblems(messages: ReadonlyMap<string, string>, schema = 'driver.xsd'): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'onvif-camera-test-'));
  try {
    const files = [...messages].map(([name, text]) => {
      const file = join(dir, `${name}.xml`);
      writeFileSync(file, text);
      return file;
    });
    const { stderr, status } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', schemaPath(schema), ...files], {
      encoding: 'utf8',
    });
    const lines = stderr
      .split('\n')
      .filter(
        (line) =>
          line !== '' &&
          !line.includes(': Schemas parser warning : ') &&
          !line.endsWith(' validates') &&
          !line.endsWith(' fails to validate'),
      );
    if (status !== 0 && lines.length === 0) throw new Error(`xmllint ended with ${status}`);
    return lines.map((line) => line.replace(dir, '').replace(/^\//, ''));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The messages that have a problem, by their names. */
export const invalidMessages = (messages: ReadonlyMap<string, string>): string[] => [
  ...new Set(schemaProblems(messages).map((line) => basename(line.split(':')[0]!, '.xml'))),
];
