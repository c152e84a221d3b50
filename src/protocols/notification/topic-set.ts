import { TNS1, TT, WSTOP } from './names.ts';

/** Types of items, by their names. */
type ItemTypes = Readonly<Record<string, keyof typeof XML_TYPES>>;

/** What the events of a topic carry. */
export interface DescribedTopic {
  /** Whether it is a state, that is told at the beginning and when it changes. */
  readonly property: boolean;
  readonly source: ItemTypes;
  readonly data: ItemTypes;
}

const XML_TYPES = {
  token: 'tt:ReferenceToken',
  text: 'xs:string',
  boolean: 'xs:boolean',
  number: 'xs:float',
  time: 'xs:dateTime',
} as const;

interface Node {
  readonly children: Map<string, Node>;
  topic?: DescribedTopic;
}

const emptyNode = (): Node => ({ children: new Map() });

/**
 * Returns a wstop:TopicSet with the description of every topic (ONVIF Core Specification, "Event properties"). Each step has the
 * prefix of the namespace: recorders look for it.
 *
 * @param topics by path
 */
export function topicSetXml(topics: ReadonlyMap<string, DescribedTopic>): string {
  const root = emptyNode();
  for (const [path, topic] of topics) {
    let node = root;
    for (const step of path.split('/')) {
      const next = node.children.get(step) ?? emptyNode();
      node.children.set(step, next);
      node = next;
    }
    node.topic = topic;
  }
  const namespaces = `xmlns:wstop="${WSTOP}" xmlns:tns1="${TNS1}" xmlns:tt="${TT}" xmlns:xs="http://www.w3.org/2001/XMLSchema"`;
  return `<wstop:TopicSet ${namespaces}>${childrenXml(root)}</wstop:TopicSet>`;
}

const childrenXml = ({ children }: Node): string =>
  [...children]
    .map(([step, node]) => {
      const attribute = node.topic ? ' wstop:topic="true"' : '';
      return `<tns1:${step}${attribute}>${node.topic ? descriptionXml(node.topic) : ''}${childrenXml(node)}</tns1:${step}>`;
    })
    .join('');

const descriptionXml = ({ property, source, data }: DescribedTopic): string =>
  `<tt:MessageDescription IsProperty="${property}">${itemsXml('Source', source)}${itemsXml('Data', data)}</tt:MessageDescription>`;

function itemsXml(name: 'Source' | 'Data', items: ItemTypes): string {
  const simple = Object.entries(items).map(([item, type]) => `<tt:SimpleItemDescription Name="${item}" Type="${XML_TYPES[type]}"/>`);
  return simple.length === 0 ? '' : `<tt:${name}>${simple.join('')}</tt:${name}>`;
}
