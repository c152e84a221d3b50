import { EventLog } from '../device/event-log.ts';
import { EventBus } from '../device/events.ts';
import { MachineEvents } from '../device/machine-events.ts';
import { tellConfigurationChanges, tellSignalLoss } from '../device/media-events.ts';
import type { DeviceSettings } from '../device/settings.ts';
import type { StreamNames } from '../device/stream-names.ts';
import { LinuxVitals } from '../platform/machine/linux-vitals.ts';
import type { Capture } from './capture.ts';
import type { AppOptions } from './options.ts';
import type { Streams } from './streams.ts';

/** The events of the camera, and the parts of the program that tell of them. */
export class Events {
  /** Tells every listener. */
  readonly bus: EventBus;
  /** The latest events, for the API. */
  readonly log: EventLog;
  readonly #machine: MachineEvents;

  constructor(
    { searchPath, dataDir, clock, log }: AppOptions,
    settings: DeviceSettings,
    capture: Capture,
    { catalogue }: Pick<Streams, 'catalogue'>,
  ) {
    this.bus = new EventBus({ clock, log });
    this.log = new EventLog(this.bus);
    // They are told only when something changes; a client that subscribes before is not to be refused.
    this.bus.offer('Media/ProfileChanged', 'Media/ConfigurationChanged');
    tellSignalLoss(capture.use, this.bus);
    const { hub, units, picture } = capture;
    tellConfigurationChanges({ streams: catalogue.all, settings, picture, hubs: units ? [hub, units] : [hub] }, this.bus);
    this.#machine = new MachineEvents({
      ...{ events: this.bus, dataDir, clock, log },
      vitals: new LinuxVitals({ root: '/', searchPath, clock }),
    });
  }

  /** Begins to watch the machine; resolves when its present state is told. */
  async start(): Promise<void> {
    await this.#machine.start();
  }

  /** Ends watching the machine. */
  stop(): void {
    this.#machine.stop();
  }

  /** Tells that a stream came or went, and its profile with it. */
  profileChanged({ id }: Pick<StreamNames, 'id'>): void {
    this.bus.tell('Media/ProfileChanged', { Token: id }, {});
  }
}
