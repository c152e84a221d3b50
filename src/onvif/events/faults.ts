import { FilterError } from '../../protocols/notification/filter-error.ts';
import { utc } from '../../protocols/notification/message.ts';
import { TEV, WSNT, WSRF_FAULTS, WSRF_RESOURCE } from '../../protocols/notification/names.ts';
import { SoapFault } from '../../protocols/soap/fault.ts';
import { escapeXml } from '../../protocols/xml/text.ts';

/** Faults of WS-BaseNotification 1.3 that an event service has. */
type WsntFault =
  | 'InvalidFilterFault'
  | 'InvalidTopicExpressionFault'
  | 'TopicExpressionDialectUnknownFault'
  | 'TopicNotSupportedFault'
  | 'InvalidMessageContentExpressionFault'
  | 'UnacceptableInitialTerminationTimeFault'
  | 'UnacceptableTerminationTimeFault'
  | 'SubscribeCreationFailedFault'
  | 'UnableToCreatePullPointFault';

/** The elements with which the Detail of every such fault begins (WS-BaseFaults 1.2). */
const baseXml = (now: number, reason: string): string =>
  `<bf:Timestamp>${utc(now)}</bf:Timestamp><bf:Description xml:lang="en">${escapeXml(reason)}</bf:Description>`;

/**
 * Returns a fault of WS-BaseNotification: clients find its name in the Detail.
 * @param now milliseconds since the Unix epoch
 * @param more XML of the elements that its type has beside the common ones
 */
export function notificationFault(name: WsntFault, now: number, reason: string, more = ''): SoapFault {
  const detail = `<wsnt:${name} xmlns:wsnt="${WSNT}" xmlns:bf="${WSRF_FAULTS}">${baseXml(now, reason)}${more}</wsnt:${name}>`;
  return new SoapFault('Receiver', [], reason, detail);
}

/** wsrf-rw:ResourceUnknownFault: there is no such subscription, or it has ended. @param now milliseconds since the Unix epoch */
export function unknownSubscription(now: number): SoapFault {
  const reason = 'There is no such subscription: it has ended, or the camera was started anew. Subscribe again.';
  const detail = `<wsr:ResourceUnknownFault xmlns:wsr="${WSRF_RESOURCE}" xmlns:bf="${WSRF_FAULTS}">${baseXml(now, reason)}</wsr:ResourceUnknownFault>`;
  return new SoapFault('Receiver', [], reason, detail);
}

/** tev:PullMessagesFaultResponse: the client wants to wait for too long. @param maximum longest wait, xs:duration */
export const pullTooLong = (maximum: string, messages: number): SoapFault =>
  new SoapFault(
    'Receiver',
    [],
    `A pull waits for ${maximum} at most.`,
    `<tev:PullMessagesFaultResponse xmlns:tev="${TEV}"><tev:MaxTimeout>${maximum}</tev:MaxTimeout><tev:MaxMessageLimit>${messages}</tev:MaxMessageLimit></tev:PullMessagesFaultResponse>`,
  );

const OF_FILTER = {
  kind: 'InvalidFilterFault',
  'topic-dialect': 'TopicExpressionDialectUnknownFault',
  'topic-syntax': 'InvalidTopicExpressionFault',
  'topic-unknown': 'TopicNotSupportedFault',
  content: 'InvalidMessageContentExpressionFault',
} as const;

/** Returns the fault for a {@link FilterError}; any other error is returned as it is. @param now milliseconds since the Unix epoch */
export function filterFault(error: unknown, now: number): unknown {
  if (!(error instanceof FilterError)) return error;
  const { problem, message, unknown } = error;
  const more = unknown === undefined ? '' : `<wsnt:UnknownFilter>${escapeXml(unknown)}</wsnt:UnknownFilter>`;
  return notificationFault(OF_FILTER[problem], now, message, more);
}
