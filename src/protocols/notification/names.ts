/** WS-BaseNotification 1.3, WS-Topics 1.3 and what they stand on. */
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
export const WSTOP = 'http://docs.oasis-open.org/wsn/t-1';
export const WSRF_FAULTS = 'http://docs.oasis-open.org/wsrf/bf-2';
export const WSRF_RESOURCE = 'http://docs.oasis-open.org/wsrf/r-2';
export const WSA = 'http://www.w3.org/2005/08/addressing';
/** The ONVIF event service, its topics and its common types. */
export const TEV = 'http://www.onvif.org/ver10/events/wsdl';
export const TNS1 = 'http://www.onvif.org/ver10/topics';
export const TT = 'http://www.onvif.org/ver10/schema';

/** Languages of topic expressions (ONVIF Core Specification, "Topic expressions"): one topic; several, with what is below them. */
export const CONCRETE = `${WSTOP}/TopicExpression/Concrete`;
export const CONCRETE_SET = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';
/** The language of filters by content (same chapter, "Message content filter"). */
export const ITEM_FILTER = 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter';
