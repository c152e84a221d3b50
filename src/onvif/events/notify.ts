import { randomUUID } from 'node:crypto';
import type { DeviceEvent } from '../../device/events.ts';
import { notificationXml } from '../../protocols/notification/message.ts';
import { TNS1, TT, WSA, WSNT } from '../../protocols/notification/names.ts';
import { writeEnvelope } from '../../protocols/soap/envelope.ts';
import { escapeXml } from '../../protocols/xml/text.ts';

const NAMESPACES = ` xmlns:wsa="${WSA}" xmlns:wsnt="${WSNT}" xmlns:tns1="${TNS1}" xmlns:tt="${TT}"`;
const ACTION = 'http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify';

/** wsnt:Notify for a consumer (WS-BaseNotification 1.3, section 3.1). */
export function notifyEnvelope(event: DeviceEvent, consumer: string): string {
  const header =
    `<env:Header><wsa:Action>${ACTION}</wsa:Action><wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID>` +
    `<wsa:To>${escapeXml(consumer)}</wsa:To></env:Header>`;
  const body = `<wsnt:Notify>${notificationXml(event)}</wsnt:Notify>`;
  return writeEnvelope('1.2', { namespaces: NAMESPACES, header, body });
}
