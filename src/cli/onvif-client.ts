import { randomBytes } from 'node:crypto';
import type { Login } from '../config/first-password.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { TEV, TT, WSA, WSNT } from '../protocols/notification/names.ts';
import { writeEnvelope } from '../protocols/soap/envelope.ts';
import { SECURITY, SECURITY_UTILITY } from '../protocols/soap/namespaces.ts';
import { passwordDigest } from '../protocols/ws-security/username-token.ts';
import { escapeXml } from '../protocols/xml/text.ts';
import { type Element, readTree } from '../protocols/xml/tree.ts';
import { readText } from './response-text.ts';

/** An event as a camera tells it. */
export interface ToldEvent {
  /** As it was sent, prefix included: "tns1:VideoSource/MotionAlarm". */
  readonly topic: string;
  /** As it was sent: "2026-01-02T03:04:05Z". */
  readonly time: string;
  /** PropertyOperation: "Initialized", "Changed" or "Deleted"; undefined: it is no property. */
  readonly operation: string | undefined;
  /** Simple items of Source by name. */
  readonly source: Readonly<Record<string, string>>;
  /** Simple items of Data by name. */
  readonly data: Readonly<Record<string, string>>;
}

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const NAMESPACES = ` xmlns:tds="${DEVICE}" xmlns:tev="${TEV}" xmlns:wsnt="${WSNT}" xmlns:wsa="${WSA}"`;
const TOKEN_PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';
const ENCODING = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';
/** Most that an answer may have. */
const LIMITS = { depth: 64, elements: 20_000, attributesOfOne: 128, attributes: 40_000 };

/** Time that a camera is asked to wait for an event, seconds. */
const PULL_S = 30;
/** Time for which a subscription is made and renewed, seconds. */
const LIFE_S = 120;
/** Longest wait for an answer; that to a pull may take so much longer than the pull itself. */
const ANSWER_MS = 10_000;

/** Subscribes to the events of a camera by ONVIF, as recorders do (Core Specification, "Real-time Pull-Point Notification Interface"). */
export class OnvifEventClient {
  /** Time by which the camera's clock is ahead of ours, ms: logins have a time in them. Undefined: it was not asked yet. */
  #ahead: number | undefined;
  /** Pulls that were answered so far. */
  pulls = 0;

  /**
   * @param device URL of the device service
   * @param login undefined: requests have no credentials
   * @param signal ends everything
   */
  constructor(
    private readonly device: string,
    private readonly login: Login | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Yields the events in the order of the camera, its present states first, until the signal fires.
   * @throws AppError CAMERA_EVENTS, CAMERA_PASSWORD
   */
  async *events(): AsyncGenerator<ToldEvent> {
    await this.#readClock();
    const service = await this.#findService();
    const created = await this.#ask(
      service,
      `<tev:CreatePullPointSubscription><tev:InitialTerminationTime>PT${LIFE_S}S</tev:InitialTerminationTime></tev:CreatePullPointSubscription>`,
    );
    const reference = find(created, 'SubscriptionReference');
    const address = reference && find(reference, 'Address')?.text.trim();
    if (!address) throw failure(`${this.device} makes no subscription to its events.`);
    let renewed = performance.now();
    try {
      for (;;) {
        const pull = `<tev:PullMessages><tev:Timeout>PT${PULL_S}S</tev:Timeout><tev:MessageLimit>50</tev:MessageLimit></tev:PullMessages>`;
        const answer = await this.#ask(address, pull, PULL_S * 1000 + ANSWER_MS);
        this.pulls++;
        for (const message of all(answer, 'NotificationMessage')) yield eventOf(message);
        if (performance.now() - renewed < (LIFE_S * 1000) / 3) continue;
        renewed = performance.now();
        await this.#ask(address, `<wsnt:Renew><wsnt:TerminationTime>PT${LIFE_S}S</wsnt:TerminationTime></wsnt:Renew>`);
      }
    } finally {
      await this.#send(address, '<wsnt:Unsubscribe/>', AbortSignal.timeout(1000)).catch(() => {});
    }
  }

  async #readClock(): Promise<void> {
    const answer = await this.#ask(this.device, '<tds:GetSystemDateAndTime/>');
    const utc = find(answer, 'UTCDateTime');
    const number = (name: string) => Number(utc && find(utc, name)?.text);
    const time = Date.UTC(number('Year'), number('Month') - 1, number('Day'), number('Hour'), number('Minute'), number('Second'));
    this.#ahead = Number.isNaN(time) ? 0 : time - Date.now();
  }

  async #findService(): Promise<string> {
    const answer = await this.#ask(this.device, '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>');
    const events = find(answer, 'Events');
    const address = events && find(events, 'XAddr')?.text.trim();
    if (!address) throw failure(`${this.device} has no event service.`);
    return address;
  }

  async #ask(url: string, body: string, timeoutMs = ANSWER_MS): Promise<Element> {
    let answer: { readonly status: number; readonly text: string };
    try {
      answer = await this.#send(url, body, AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]));
    } catch (error) {
      this.signal.throwIfAborted();
      throw failure(`${url} does not answer: ${messageOf(error instanceof Error && error.cause ? error.cause : error)}.`);
    }
    const tree = readTree(answer.text, LIMITS);
    const fault = tree && find(tree, 'Fault');
    if (answer.status === 401 || (fault && answer.text.includes('NotAuthorized')))
      throw new AppError(
        'CAMERA_PASSWORD',
        `${url} does not take ${this.login ? `the password of "${this.login.user}"` : 'us without a password'}.`,
      );
    if (!tree || fault || answer.status !== 200)
      throw failure(
        `${url} answers: ${(fault && (find(fault, 'Text') ?? find(fault, 'faultstring'))?.text.trim()) || `status ${answer.status}`}`,
      );
    return tree;
  }

  async #send(url: string, body: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const credentials = this.login && this.#ahead !== undefined ? security(this.login, Date.now() + this.#ahead) : '';
    const to = `<wsa:To>${escapeXml(url)}</wsa:To>`;
    const header = `<env:Header>${to}${credentials}</env:Header>`;
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
    const envelope = writeEnvelope('1.2', { namespaces: NAMESPACES, header, body });
    const answer = await fetch(url, { method: 'POST', headers, body: envelope, redirect: 'error', signal });
    return { status: answer.status, text: await readText(answer) };
  }
}

const failure = (message: string): AppError => new AppError('CAMERA_EVENTS', message);

/** wsse:Security with a UsernameToken (Username Token Profile 1.0). @param now milliseconds since the Unix epoch */
function security({ user, password }: Login, now: number): string {
  const nonce = randomBytes(16).toString('base64');
  const created = new Date(now).toISOString();
  return (
    `<wsse:Security xmlns:wsse="${SECURITY}" xmlns:wsu="${SECURITY_UTILITY}"><wsse:UsernameToken><wsse:Username>${escapeXml(user)}</wsse:Username>` +
    `<wsse:Password Type="${TOKEN_PROFILE}">${passwordDigest(nonce, created, password)}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${ENCODING}">${nonce}</wsse:Nonce><wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  );
}

/** Yields the elements of a local name; the namespace is not compared, as cameras differ in it. */
function* all(element: Element, local: string): Generator<Element> {
  for (const each of element.children) {
    if (each.local === local) yield each;
    else yield* all(each, local);
  }
}

const find = (element: Element, local: string): Element | undefined => all(element, local).next().value;

function eventOf(notification: Element): ToldEvent {
  const message = [...all(notification, 'Message')].flatMap((each) => [each, ...each.children]).find(({ uri }) => uri === TT);
  const items = (name: string) => {
    const parent = message && find(message, name);
    const simple = parent ? [...all(parent, 'SimpleItem')] : [];
    return Object.fromEntries(simple.map(({ attributes }) => [attributes.get('Name') ?? '', attributes.get('Value') ?? '']));
  };
  return {
    topic: find(notification, 'Topic')?.text.trim() ?? '',
    time: message?.attributes.get('UtcTime') ?? '',
    operation: message?.attributes.get('PropertyOperation'),
    source: items('Source'),
    data: items('Data'),
  };
}
