import { type NotifiedEvent, notificationXml } from './message.ts';
import { TNS1, TT, WSNT } from './names.ts';

/** tt:MetadataStream with events (ONVIF Streaming Specification, "Events"): a document by itself. */
export const metadataStreamXml = (events: readonly NotifiedEvent[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream xmlns:tt="${TT}" xmlns:wsnt="${WSNT}" xmlns:tns1="${TNS1}">` +
  `${events.length === 0 ? '' : `<tt:Event>${events.map(notificationXml).join('')}</tt:Event>`}</tt:MetadataStream>`;
