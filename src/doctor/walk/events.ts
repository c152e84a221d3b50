import type { Login } from '../../config/first-password.ts';
import { TEV, WSA, WSNT } from '../../protocols/notification/names.ts';
import { contentTypeOf, writeEnvelope } from '../../protocols/soap/envelope.ts';
import { escapeXml } from '../../protocols/xml/text.ts';
import { basicAuthorization } from './http.ts';

/** wsa:Action of Unsubscribe (WS-BaseNotification 1.3, section 6.1.2). */
const UNSUBSCRIBE = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest';

/**
 * Asks for events as recorders do: CreatePullPointSubscription, PullMessages, Unsubscribe (Core Specification, "Real-time Pull-Point
 * Notification Interface"). Resolves to the number of events that came at once: the present state of each property.
 * @param xaddr URL of the event service
 * @throws Error with what was not answered
 */
export async function pullEvents(xaddr: string, login: Login | undefined, signal: AbortSignal): Promise<number> {
  const created = await call(
    xaddr,
    `${TEV}/EventPortType/CreatePullPointSubscriptionRequest`,
    `<e:CreatePullPointSubscription xmlns:e="${TEV}"/>`,
  );
  const address = /<(?:\w+:)?SubscriptionReference\b[\s\S]*?<(?:\w+:)?Address[^>]*>\s*([^<\s]+)/
    .exec(created)?.[1]
    ?.replaceAll('&amp;', '&');
  if (address === undefined || !URL.canParse(address)) throw new Error('CreatePullPointSubscription gives no address');
  const pull = `<e:PullMessages xmlns:e="${TEV}"><e:Timeout>PT1S</e:Timeout><e:MessageLimit>50</e:MessageLimit></e:PullMessages>`;
  const pulled = await call(address, `${TEV}/PullPointSubscription/PullMessagesRequest`, pull);
  if (!/PullMessagesResponse/.test(pulled)) throw new Error('PullMessages is not answered');
  // Where this fails, the subscription ends by itself within ten minutes.
  await call(address, UNSUBSCRIBE, `<n:Unsubscribe xmlns:n="${WSNT}"/>`).catch(() => {});
  return [...pulled.matchAll(/<(?:\w+:)?NotificationMessage\b/g)].length;

  async function call(to: string, action: string, body: string): Promise<string> {
    const header = `<env:Header><wsa:Action>${action}</wsa:Action><wsa:To>${escapeXml(to)}</wsa:To></env:Header>`;
    const answer = await fetch(to, {
      method: 'POST',
      headers: { 'Content-Type': `${contentTypeOf('1.2')}; action="${action}"`, ...basicAuthorization(login) },
      body: writeEnvelope('1.2', { namespaces: ` xmlns:wsa="${WSA}"`, header, body }),
      signal,
    });
    const said = await answer.text();
    const operation = /<\w+:(\w+)/.exec(body)?.[1];
    if (!answer.ok) throw new Error(`${operation} is answered with ${answer.status}${reasonOf(said)}`);
    return said;
  }
}

const reasonOf = (text: string): string => {
  const reason = /<(?:\w+:)?Text[^>]*>([^<]+)/.exec(text)?.[1];
  return reason === undefined ? '' : `: ${reason}`;
};
