/** The types of an event's items. `token` names a part of the device, `number` is a decimal number. */
interface ItemValues {
  readonly token: string;
  readonly text: string;
  readonly boolean: boolean;
  readonly number: number;
  readonly time: Date;
}

/** The name of an item's type. */
export type ItemType = keyof ItemValues;
/** A value of any type of item. */
export type ItemValue = ItemValues[ItemType];

/** The items that the events of a topic carry: names and types, in the order in which they are told. */
export interface TopicDefinition {
  /** Whether the topic is a state that the device always knows, told when it changes; otherwise something that happens. */
  readonly property: boolean;
  /** The part of the device that it is about; a property has one state for each source. */
  readonly source: Readonly<Record<string, ItemType>>;
  /** What is said of it. */
  readonly data: Readonly<Record<string, ItemType>>;
}

/** A state of the image. Clients look at the first data item alone. */
const IMAGE_STATE = { property: true, source: { Source: 'token' }, data: { State: 'boolean' } } as const;
const FAILURE = { property: true, source: { Token: 'token' }, data: { Failed: 'boolean' } } as const;
const LAST_TIME = { property: true, source: {}, data: { Status: 'time' } } as const;

/**
 * Every topic that there can be, once. Names and items are those of the ONVIF topic namespace (Imaging, Media2 and Analytics
 * Service Specifications, and "Device monitoring" of the Core Specification): recorders look for them to the letter.
 */
export const TOPICS = {
  'VideoSource/MotionAlarm': IMAGE_STATE,
  'VideoSource/SignalLoss': IMAGE_STATE,
  'VideoSource/ImageTooDark/ImagingService': IMAGE_STATE,
  'VideoSource/ImageTooBright/ImagingService': IMAGE_STATE,
  'VideoSource/ImageTooBlurry/ImagingService': IMAGE_STATE,
  'VideoSource/GlobalSceneChange/ImagingService': IMAGE_STATE,
  /**
   * Whether the exposure is that for the night. This topic is no standard one: the namespace has none for it, and recorders
   * stumble over cameras with topics in other namespaces.
   */
  'VideoSource/DayNight': { property: true, source: { Source: 'token' }, data: { Night: 'boolean' } },
  'RuleEngine/CellMotionDetector/Motion': {
    property: true,
    source: { VideoSourceConfigurationToken: 'token', VideoAnalyticsConfigurationToken: 'token', Rule: 'text' },
    data: { IsMotion: 'boolean' },
  },
  'Media/ProfileChanged': { property: false, source: { Token: 'token' }, data: {} },
  'Media/ConfigurationChanged': { property: false, source: { Token: 'token', Type: 'text' }, data: {} },
  /** Usage of all processors, in percent. */
  'Monitoring/ProcessorUsage': { property: true, source: { Token: 'token' }, data: { Value: 'number' } },
  'Monitoring/OperatingTime/LastReboot': LAST_TIME,
  'Monitoring/OperatingTime/LastClockSynchronization': LAST_TIME,
  'Device/HardwareFailure/PowerSupplyFailure': FAILURE,
  'Device/HardwareFailure/StorageFailure': FAILURE,
  'Device/HardwareFailure/TemperatureCritical': { property: true, source: {}, data: { Critical: 'boolean' } },
} as const satisfies Readonly<Record<string, TopicDefinition>>;

/** The name of a topic, a path in the ONVIF topic namespace. */
export type Topic = keyof typeof TOPICS;

type TopicsWhere<Property extends boolean> = {
  [T in Topic]: (typeof TOPICS)[T]['property'] extends Property ? T : never;
}[Topic];

/** A topic that is a state. */
export type PropertyTopic = TopicsWhere<true>;
/** A topic of things that happen. */
export type MomentTopic = TopicsWhere<false>;

type Items<Types> = { readonly [Name in keyof Types]: Types[Name] extends ItemType ? ItemValues[Types[Name]] : never };

/** The source items of a topic, with their values. */
export type SourceOf<T extends Topic> = Items<(typeof TOPICS)[T]['source']>;
/** The data items of a topic, with their values. */
export type DataOf<T extends Topic> = Items<(typeof TOPICS)[T]['data']>;

/** All topics, in the order in which clients are told of them. */
export const ALL_TOPICS = Object.keys(TOPICS) as readonly Topic[];
