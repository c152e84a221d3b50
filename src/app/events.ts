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

/** What happens in the camera, and what tells of it. */
export class Events {
  readonly bus: EventBus;
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
    // They are told of when something changes; who subscribes before that is not to be refused.
    this.bus.offer('Media/ProfileChanged', 'Media/ConfigurationChanged');
    tellSignalLoss(capture.use, this.bus);
    const { hub, units, picture } = capture;
    tellConfigurationChanges({ streams: catalogue.all, settings, picture, hubs: units ? [hub, units] : [hub] }, this.bus);
    this.#machine = new MachineEvents({
      ...{ events: this.bus, dataDir, clock, log },
      vitals: new LinuxVitals({ root: '/', searchPath, clock }),
    });
  }

  /** Resolves when everything that is known of the machine was told once. */
  async start(): Promise<void> {
    await this.#machine.start();
  }

  stop(): void {
    this.#machine.stop();
  }

  /** A stream came or went, and its profile with it. */
  profileChanged({ id }: Pick<StreamNames, 'id'>): void {
    this.bus.tell('Media/ProfileChanged', { Token: id }, {});
  }
}
