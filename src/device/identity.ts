import type { Cancel } from '../core/clock.ts';
import type { IdentitySettings, SettingsGroup } from './settings.ts';

/** The identity as it is now. */
export interface IdentityStore extends IdentitySettings {
  /** Changes all that is given at once, and keeps it. Throws an AppError, with nothing changed, where it cannot be kept. */
  update(change: Partial<IdentitySettings>): void;
}

/** The camera's name, location, scopes and discovery mode: what recorders changed last. */
export class Identity implements IdentityStore {
  constructor(private readonly settings: SettingsGroup<IdentitySettings>) {}

  get name(): string {
    return this.settings.now.name;
  }

  get location(): string {
    return this.settings.now.location;
  }

  get discoverable(): boolean {
    return this.settings.now.discoverable;
  }

  get scopes(): readonly string[] {
    return this.settings.now.scopes;
  }

  update(change: Partial<IdentitySettings>): void {
    // All of it: a recorder that named one thing has seen the others.
    this.settings.change({ ...this.settings.now, ...change });
  }

  onChange(listener: () => void): Cancel {
    return this.settings.onChange(listener);
  }
}
