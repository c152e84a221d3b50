import type { StateStore } from '../config/state.ts';
import type { DeviceIdentity, DeviceStore } from '../onvif/device/deps.ts';

/** The camera's name, location, scopes and discovery mode: what recorders changed last, kept in the state. */
export class Identity implements DeviceStore {
  #now: DeviceIdentity;
  readonly #listeners = new Set<() => void>();

  /** @param fixedName set by the owner: it comes back at the next start, whatever recorders made of it */
  constructor(
    private readonly state: StateStore,
    presetName: string,
    fixedName: boolean,
  ) {
    const { name, location, discoverable, scopes } = state.state.device;
    this.#now = { name: (fixedName ? undefined : name) ?? presetName, location, discoverable, scopes };
  }

  get name(): string {
    return this.#now.name;
  }

  get location(): string {
    return this.#now.location;
  }

  get discoverable(): boolean {
    return this.#now.discoverable;
  }

  get scopes(): readonly string[] {
    return this.#now.scopes;
  }

  update(change: Partial<DeviceIdentity>): void {
    const next = { ...this.#now, ...change };
    const { scopes, ...rest } = next;
    this.state.update({ device: { ...this.state.state.device, ...rest, scopes: [...scopes] } });
    this.#now = next;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
