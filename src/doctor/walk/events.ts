import { escapeXml } from '../../protocols/xml/text.ts';
import type { Login } from '../surroundings.ts';
import { basicAuthorization } from './http.ts';

const ENVELOPE = 'http://www.w3.org/2003/05/soap-envelope';
const ADDRESSING = 'http://www.w3.org/2005/08/addressing';
const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';

/**
 * Asks for events as recorders do: CreatePullPointSubscription, PullMessages, Unsubscribe (ONVIF Core, "Real-time Pull-Point
 * Notification Interface"). Returns how many came at once: the state that each property has.
 * @throws Error with what was not answered
 */
export async function pullEvents(xaddr: string, login: Login | undefined, signal: AbortSignal): Promise<number> {
  const created = await call(
    xaddr,
    `${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`,
    `<e:CreatePullPointSubscription xmlns:e="${EVENTS}"/>`,
  );
  const address = /<(?:\w+:)?SubscriptionReference\b[\s\S]*?<(?:\w+:)?Address[^>]*>\s*([^<\s]+)/
    .exec(created)?.[1]
    ?.replaceAll('&amp;', '&');
  if (address === undefined || !URL.canParse(address)) throw new Error('CreatePullPointSubscription gives no address');
  const pull = `<e:PullMessages xmlns:e="${EVENTS}"><e:Timeout>PT1S</e:Timeout><e:MessageLimit>50</e:MessageLimit></e:PullMessages>`;
  const pulled = await call(address, `${EVENTS}/PullPointSubscription/PullMessagesRequest`, pull);
  if (!/PullMessagesResponse/.test(pulled)) throw new Error('PullMessages is not answered');
  // One that is left ends by itself in a minute.
  await call(address, `${NOTIFICATION}w-2/SubscriptionManager/UnsubscribeRequest`, `<n:Unsubscribe xmlns:n="${NOTIFICATION}"/>`).catch(
    () => {},
  );
  return [...pulled.matchAll(/<(?:\w+:)?NotificationMessage\b/g)].length;

  async function call(to: string, action: string, body: string): Promise<string> {
    const text = `<s:Envelope xmlns:s="${ENVELOPE}" xmlns:a="${ADDRESSING}"><s:Header><a:Action>${action}</a:Action><a:To>${escapeXml(to)}</a:To></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
    const answer = await fetch(to, {
      method: 'POST',
      headers: { 'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`, ...basicAuthorization(login) },
      body: text,
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
