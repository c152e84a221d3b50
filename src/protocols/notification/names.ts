/** Namespace of WS-BaseNotification 1.3. */
export const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
/** Namespace of WS-Topics 1.3. */
export const WSTOP = 'http://docs.oasis-open.org/wsn/t-1';
/** Namespace of WS-BaseFaults 1.2. */
export const WSRF_FAULTS = 'http://docs.oasis-open.org/wsrf/bf-2';
/** Namespace of WS-Resource 1.2. */
export const WSRF_RESOURCE = 'http://docs.oasis-open.org/wsrf/r-2';
/** Namespace of WS-Addressing 1.0. */
export const WSA = 'http://www.w3.org/2005/08/addressing';
/** Namespace of the ONVIF event service. */
export const TEV = 'http://www.onvif.org/ver10/events/wsdl';
/** Namespace of the topics of ONVIF. */
export const TNS1 = 'http://www.onvif.org/ver10/topics';
/** Namespace of the common types of ONVIF. */
export const TT = 'http://www.onvif.org/ver10/schema';

/** Dialect of topic expressions of one topic (ONVIF Core Specification, "Topic expressions"). */
export const CONCRETE = `${WSTOP}/TopicExpression/Concrete`;
/** Dialect of topic expressions of several topics, with what is below them (same chapter). */
export const CONCRETE_SET = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';
/** Dialect of filters by content (ONVIF Core Specification, "Message content filter"). */
export const ITEM_FILTER = 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter';
