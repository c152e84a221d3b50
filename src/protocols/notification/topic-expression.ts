import { FilterError } from './filter-error.ts';
import { CONCRETE, CONCRETE_SET, TNS1 } from './names.ts';

/** Longest expression, characters: one with every topic of a camera has a tenth of it. */
export const MAX_TOPIC_EXPRESSION = 16_384;
/** One step of a path: an NCName, with the characters that real topics have. */
const STEP = /^[\p{L}_][\p{L}\p{N}._-]*$/u;
const BELOW = '//.';

/**
 * Reads a topic expression: `tns1:VideoSource/MotionAlarm`, and in a ConcreteSet several of those with "|" between, each perhaps
 * with "//." for itself and all below.
 *
 * @param dialect undefined or empty: ConcreteSet
 * @param resolve returns what a prefix stands for; undefined: it is not declared
 * @returns what tells whether a topic, by its path without prefix, is meant
 * @throws FilterError
 * @see ONVIF Core Specification, "Topic expressions"; WS-Topics 1.3, section 8.2
 */
export function topicExpression(
  text: string,
  dialect: string | undefined,
  resolve: (prefix: string) => string | undefined,
): (topic: string) => boolean {
  const language = dialect?.trim() || CONCRETE_SET;
  if (language !== CONCRETE && language !== CONCRETE_SET)
    throw new FilterError('topic-dialect', `The topic expression dialect "${language}" is not known; ${CONCRETE_SET} is.`);
  if (text.length > MAX_TOPIC_EXPRESSION)
    throw new FilterError('topic-syntax', `A topic expression has at most ${MAX_TOPIC_EXPRESSION} characters.`);
  const alternatives = language === CONCRETE ? [text] : text.split('|');
  const tests = alternatives.map((each) => alternative(each.trim(), language, resolve));
  return (topic) => tests.some((test) => test(topic));
}

function alternative(text: string, language: string, resolve: (prefix: string) => string | undefined): (topic: string) => boolean {
  const below = language === CONCRETE_SET && text.endsWith(BELOW);
  const path = below ? text.slice(0, -BELOW.length) : text;
  if (below && path === '') return () => true;
  const steps = path.split('/').map((step) => plainStep(step, text, resolve));
  // A topic of another namespace: well said, but none of ours.
  if (steps.includes(undefined)) return () => false;
  const wanted = steps.join('/');
  return below ? (topic) => topic === wanted || topic.startsWith(`${wanted}/`) : (topic) => topic === wanted;
}

/** A step without its prefix; undefined: it is in a namespace of somebody else. */
function plainStep(step: string, text: string, resolve: (prefix: string) => string | undefined): string | undefined {
  const colon = step.indexOf(':');
  const prefix = step.slice(0, Math.max(0, colon));
  const local = step.slice(colon + 1);
  if (!STEP.test(local) || colon === 0) throw new FilterError('topic-syntax', `"${text}" is not a topic expression.`);
  if (colon < 0) return local;
  // Clients that write the prefix by heart forget to declare it.
  const uri = resolve(prefix) ?? (prefix === 'tns1' ? TNS1 : undefined);
  if (uri === undefined) throw new FilterError('topic-syntax', `The prefix of "${text}" is not declared.`);
  return uri === TNS1 ? local : undefined;
}
