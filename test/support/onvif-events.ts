import { silentLogger } from '../../src/core/log.ts';
import { EventBus } from '../../src/device/events.ts';
import { OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import { type EventServiceOptions, makeEventService } from '../../src/onvif/events/service.ts';
import { FakeClock } from './fake-clock.ts';
import { envelope, LETS_EVERYBODY, WSDL_DIR } from './onvif-endpoint.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';

export const TEV = 'http://www.onvif.org/ver10/events/wsdl';
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
export const SOURCE = { Source: 'video_source' };
export const MOTION = 'VideoSource/MotionAlarm';

const WSA = 'http://www.w3.org/2005/08/addressing';
const NAMES = `xmlns:tev="${TEV}" xmlns:wsnt="${WSNT}" xmlns:wsa="${WSA}" xmlns:tns1="http://www.onvif.org/ver10/topics" xmlns:tt="http://www.onvif.org/ver10/schema"`;

/** An answer of the event service. */
export interface EventAnswer {
  readonly status: number;
  readonly xml: string;
  readonly body: XmlElement;
}

/** The event service over a bus, behind the endpoint and its WSDL; everybody may do everything. */
export async function eventService(options: Partial<EventServiceOptions> = {}) {
  const clock = new FakeClock();
  const bus = new EventBus({ clock, log: silentLogger });
  bus.offer(MOTION, 'RuleEngine/CellMotionDetector/Motion', 'VideoSource/SignalLoss', 'Media/ProfileChanged');
  const service = makeEventService({ feed: bus, clock, log: silentLogger, ...options });
  const endpoint = new OnvifEndpoint({ services: [service], wsdlDir: WSDL_DIR, authorizer: LETS_EVERYBODY, clock, log: silentLogger });
  await endpoint.start();

  /** Sends the element of a request; prefixes are those of the specifications. */
  const ask = async (
    request: string,
    more: { url?: string; signal?: AbortSignal; header?: string; remoteAddress?: string } = {},
  ): Promise<EventAnswer> => {
    const { url = '/onvif/event_service', signal = new AbortController().signal, header = '', remoteAddress = '192.168.1.77' } = more;
    const text = request.replace(/^<([\w:]+)/, `<$1 ${NAMES}`);
    const where = { addressUrl: 'http://192.168.1.5:8080', baseUrl: 'http://camera.local:8080', host: 'camera.local' };
    const answer = await endpoint.handle({
      ...where,
      ...{ method: 'POST', url, signal, remoteAddress, authorization: undefined, connection: {}, shared: false },
      body: envelope(text, header),
    });
    return {
      status: answer.status,
      xml: answer.body,
      body: parseXml(answer.body).children.find(({ name }) => name === 'Body')!.children[0]!,
    };
  };
  return {
    clock,
    bus,
    service,
    endpoint,
    ask,
    /** Makes a pull point; resolves to its path. */
    pullPoint: async (content = '', more: { remoteAddress?: string } = {}): Promise<string> => {
      const { xml } = await ask(`<tev:CreatePullPointSubscription>${content}</tev:CreatePullPointSubscription>`, more);
      const address = /<wsa:Address[^>]*>([^<]*)/.exec(xml)?.[1];
      if (address === undefined) throw new Error(xml);
      return new URL(address).pathname;
    },
    pull: (url: string, timeout = 'PT0S', limit = 100, signal?: AbortSignal): Promise<EventAnswer> =>
      ask(`<tev:PullMessages><tev:Timeout>${timeout}</tev:Timeout><tev:MessageLimit>${limit}</tev:MessageLimit></tev:PullMessages>`, {
        url,
        ...(signal && { signal }),
      }),
  };
}

/** "MotionAlarm Initialized State=true" for each message in an answer. */
export const told = ({ xml }: Pick<EventAnswer, 'xml'>): string[] =>
  [...xml.matchAll(/tns1:[\w/]*?(\w+)<\/wsnt:Topic>.*?<tt:Message [^>]*?(?:PropertyOperation="(\w+)")?>(.*?)<\/tt:Message>/gs)].map(
    ([, topic, operation, content]) => {
      const data = /<tt:Data>.*?Name="(\w+)" Value="([^"]*)"/s.exec(content!);
      return [topic, operation, data && `${data[1]}=${data[2]}`].filter(Boolean).join(' ');
    },
  );
