import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ALL_TOPICS, type ItemType, type ItemValue, TOPICS } from '../../../../src/device/event-topics.ts';
import type { DeviceEvent } from '../../../../src/device/events.ts';
import { notifyEnvelope } from '../../../../src/onvif/events/push-subscription.ts';
import { metadataStreamXml } from '../../../../src/protocols/notification/message.ts';
import { eventService, MOTION, SOURCE } from '../../../support/onvif-events.ts';
import { schemaPath, schemasMissing } from '../../../support/onvif-schemas.ts';
import { describeNeeding } from '../../../support/programs.ts';
import { cannotValidate, schemaProblems } from '../../../support/soap-object-to-xml.ts';

const READ = { CreatePullPointSubscription: 'READ_MEDIA', PullMessages: 'READ_MEDIA', Renew: 'READ_MEDIA', Unsubscribe: 'READ_MEDIA' };

/** A value of each type. */
const VALUES: Readonly<Record<ItemType, ItemValue>> = {
  ...{ token: 'video_source', text: 'a<b&"c"', boolean: true, number: 12.5, time: new Date(0) },
};
const filled = (items: Readonly<Record<string, ItemType>>) =>
  Object.fromEntries(Object.entries(items).map(([name, type]) => [name, VALUES[type]]));

let events: Awaited<ReturnType<typeof eventService>>;

beforeAll(async () => {
  events = await eventService({ mayBeConsumer: () => true });
  events.bus.offer(...ALL_TOPICS);
  events.bus.set(MOTION, SOURCE, { State: true });
  events.bus.set(
    'RuleEngine/CellMotionDetector/Motion',
    { VideoSourceConfigurationToken: 'a', VideoAnalyticsConfigurationToken: 'b', Rule: 'c' },
    { IsMotion: false },
  );
  events.bus.set('Monitoring/ProcessorUsage', { Token: 'processor' }, { Value: 12.5 });
  events.bus.set('Monitoring/OperatingTime/LastReboot', {}, { Status: new Date(0) });
  events.bus.set('Device/HardwareFailure/TemperatureCritical', {}, { Critical: false });
});

test('the table has these operations, each with its access class', () => {
  const table = Object.fromEntries(events.service.operations.map(({ name, access }) => [name, access]));
  const more = { Subscribe: 'READ_MEDIA', SetSynchronizationPoint: 'READ_MEDIA', Seek: 'READ_MEDIA' };
  expect(table).toEqual({ ...READ, ...more, GetServiceCapabilities: 'PRE_AUTH', GetEventProperties: 'PRE_AUTH' });
});

test('event properties name every topic with its items to the letter, all steps in the namespace', async () => {
  const { xml } = await events.ask('<tev:GetEventProperties/>');
  expect(xml).toContain('<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet>');
  expect(xml).toContain(
    '<tns1:MotionAlarm wstop:topic="true"><tt:MessageDescription IsProperty="true"><tt:Source><tt:SimpleItemDescription Name="Source" Type="tt:ReferenceToken"/></tt:Source><tt:Data><tt:SimpleItemDescription Name="State" Type="xs:boolean"/></tt:Data></tt:MessageDescription></tns1:MotionAlarm>',
  );
  expect(xml.match(/wstop:topic="true"/g)).toHaveLength(ALL_TOPICS.length);
  const between = /<wstop:TopicSet[^>]*>(.*)<\/wstop:TopicSet>/s.exec(xml)![1]!;
  expect([...between.matchAll(/<(\w+):/g)].map((match) => match[1])).not.toContain('wstop');
});

describe('what is not there', () => {
  test('Seek is refused', async () => {
    const { xml } = await events.ask('<tev:Seek><tev:UtcTime>2026-01-01T00:00:00Z</tev:UtcTime></tev:Seek>');
    expect(xml).toContain('ActionNotSupported');
  });
});

describeNeeding(cannotValidate, 'by the official schemas', () => {
  test('every event is valid, by Notify and as metadata', () => {
    const all = ALL_TOPICS.flatMap((topic): DeviceEvent[] => {
      const { property, source, data } = TOPICS[topic];
      const kinds = property ? (['initialized', 'changed'] as const) : (['moment'] as const);
      return kinds.map((kind) => ({ topic, kind, source: filled(source), data: filled(data), time: Date.UTC(2026, 0, 2) }));
    });
    const notified = all.map((event, at) => [`notify ${at}`, notifyEnvelope(event, 'http://192.0.2.9/?a&b')] as const);
    expect(schemaProblems(new Map(notified))).toEqual([]);
    const documents = [all, ...all.map((event) => [event])].map((each, at) => [`metadata ${at}`, metadataStreamXml(each)] as const);
    expect(schemaProblems(new Map(documents), 'metadatastream.xsd')).toEqual([]);
  });

  test('every response and fault is valid', async () => {
    const messages = new Map<string, string>();
    const note = async (name: string, answer: Promise<{ xml: string }>) => messages.set(name, (await answer).xml);
    const path = await events.pullPoint('<tev:InitialTerminationTime>PT1H</tev:InitialTerminationTime>');
    events.bus.tell('Media/ConfigurationChanged', { Token: 'x', Type: 'VideoEncoder' }, {});
    await note('capabilities', events.ask('<tev:GetServiceCapabilities/>'));
    await note('properties', events.ask('<tev:GetEventProperties/>'));
    await note('create', events.ask('<tev:CreatePullPointSubscription/>'));
    await note(
      'subscribe',
      events.ask(
        '<wsnt:Subscribe><wsnt:ConsumerReference><wsa:Address>http://192.0.2.9/</wsa:Address></wsnt:ConsumerReference></wsnt:Subscribe>',
      ),
    );
    await note('pull', events.pull(path));
    await note('empty pull', events.pull(path));
    await note('synchronize', events.ask('<tev:SetSynchronizationPoint/>', { url: path }));
    await note('renew', events.ask('<wsnt:Renew><wsnt:TerminationTime>PT1M</wsnt:TerminationTime></wsnt:Renew>', { url: path }));
    await note('too long', events.pull(path, 'PT1H'));
    await note('unsubscribe', events.ask('<wsnt:Unsubscribe/>', { url: path }));
    await note('gone', events.pull(path));
    await note(
      'late',
      events.ask(
        '<tev:CreatePullPointSubscription><tev:InitialTerminationTime>-PT1S</tev:InitialTerminationTime></tev:CreatePullPointSubscription>',
      ),
    );
    await note(
      'no topic',
      events.ask(
        '<tev:CreatePullPointSubscription><tev:Filter><wsnt:TopicExpression Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:No</wsnt:TopicExpression></tev:Filter></tev:CreatePullPointSubscription>',
      ),
    );
    const unknown = '<tev:Filter><wsnt:ProducerProperties Dialect="x">y</wsnt:ProducerProperties></tev:Filter>';
    await note('no such filter', events.ask(`<tev:CreatePullPointSubscription>${unknown}</tev:CreatePullPointSubscription>`));
    expect(schemaProblems(messages)).toEqual([]);
    expect(messages.get('no such filter')).toMatch(/<wsnt:InvalidFilterFault .*<wsnt:UnknownFilter>ProducerProperties</);
    expect(messages.get('pull')).toContain('ConfigurationChanged');
  });
});

describeNeeding(schemasMissing('original'), 'the official WSDL', () => {
  test('has our operations, with the same elements and actions', () => {
    const ours = readFileSync(join(import.meta.dirname, '../../../../wsdl/events.wsdl'), 'utf8');
    const official = readFileSync(schemaPath('original', 'event.wsdl'), 'utf8');
    const actions = [...ours.matchAll(/operation name="(\w+)">\s*<soap12:operation soapAction="([^"]*)"/g)];
    expect(actions.map((match) => match[1]).sort()).toEqual(events.service.operations.map(({ name }) => name).sort());
    for (const [, , action] of actions) expect(official).toContain(`soapAction="${action}"`);
    for (const { responseAction } of events.service.operations) {
      if (responseAction?.startsWith('http://www.onvif.org')) expect(official).toContain(`wsaw:Action="${responseAction}"`);
    }
  });
});
