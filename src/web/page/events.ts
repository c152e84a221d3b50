import { make, setLine } from './dom.ts';
import type { Elements } from './elements.ts';
import { type Fetch, isRecord, pageRequest, textOf } from './http.ts';

const URL = '/api/v1/events';
/** Time between the end of one question and the next while the list is open, milliseconds. */
const INTERVAL_MS = 2000;
/** Time for an answer, milliseconds. */
const TIMEOUT_MS = 5000;

/** One line of the list. */
export interface EventLine {
  /** Its topic: "VideoSource/MotionAlarm". */
  readonly topic: string;
  /** Its data: "true"; empty where the topic says it all. */
  readonly value: string;
  /** When it happened, or since when it is so. */
  readonly time: Date;
}

/** Returns the states and events in the answer of the API; undefined for an answer that this page does not understand. */
export function parseEvents(json: unknown): { readonly states: EventLine[]; readonly events: EventLine[] } | undefined {
  if (!isRecord(json) || !Array.isArray(json.states) || !Array.isArray(json.events)) return undefined;
  const lines = (list: readonly unknown[], time: string) => list.filter(isRecord).map((each) => lineOf(each, time));
  return { states: lines(json.states, 'since'), events: lines(json.events, 'time') };
}

function lineOf(event: Record<string, unknown>, time: string): EventLine {
  const data = isRecord(event.data) ? Object.values(event.data) : [];
  const source = isRecord(event.source) ? Object.values(event.source) : [];
  const shown = data.length > 0 ? data : source;
  return { topic: textOf(event.topic), value: shown.map(String).join(', '), time: new Date(textOf(event[time])) };
}

/** The elements of the list, and what it asks by. */
export interface EventsPanelOptions {
  readonly elements: Pick<Elements, 'events' | 'eventStates' | 'eventList' | 'eventsNote'>;
  readonly fetch: Fetch;
  /** Called when the session has ended. */
  readonly onSignedOut: () => void;
}

/** Shows the states and the last events, while the list is open. */
export class EventsPanel {
  #asking = false;
  #shown = '';

  constructor(private readonly options: EventsPanelOptions) {}

  /** Begins to ask, each time that the list is opened and then again and again. */
  start(): void {
    const { events } = this.options.elements;
    events.addEventListener('toggle', () => void this.#ask());
    setInterval(() => void this.#ask(), INTERVAL_MS);
  }

  async #ask(): Promise<void> {
    const { elements, fetch, onSignedOut } = this.options;
    if (this.#asking || !elements.events.open || document.hidden) return;
    this.#asking = true;
    try {
      const answer = await fetch(URL, pageRequest('application/json', AbortSignal.timeout(TIMEOUT_MS)));
      if (answer.status === 401) return onSignedOut();
      if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
      this.#show(await answer.text());
    } catch {
      setLine(elements.eventsNote, 'The camera does not answer.');
    } finally {
      this.#asking = false;
    }
  }

  #show(text: string): void {
    const { eventStates, eventList, eventsNote } = this.options.elements;
    const parsed = parseEvents(JSON.parse(text));
    if (parsed === undefined) return void setLine(eventsNote, 'Reload the page: the camera has another version.');
    setLine(eventsNote, parsed.events.length === 0 ? 'Nothing has happened since the start.' : '');
    if (text === this.#shown) return;
    this.#shown = text;
    eventStates.replaceChildren(...parsed.states.map(item));
    eventList.replaceChildren(...parsed.events.map(item));
  }
}

function item({ topic, value, time }: EventLine): HTMLElement {
  const when = make('time', '', time.toLocaleString());
  when.dateTime = time.toISOString();
  return make('li', '', make('span', 'topic', topic), ' ', make('strong', '', value), ' ', when);
}
