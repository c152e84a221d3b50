import type { Cancel } from '../core/clock.ts';
import type { IdentitySettings, SettingsGroup } from './settings.ts';

/** The identity in force, and the way to change it. */
export interface IdentityStore extends IdentitySettings {
  /** Changes all that is given at once, and keeps it. @throws AppError, with nothing changed, where it cannot be kept */
  update(change: Partial<IdentitySettings>): void;
}

/** Keeps the camera's name, location, scopes and discovery mode, as recorders changed them last. */
export class Identity implements IdentityStore {
  constructor(private readonly settings: SettingsGroup<IdentitySettings>) {}

  /** What viewers and recorders call the camera. */
  get name(): string {
    return this.settings.now.name;
  }

  /** Where the camera is; empty: nobody said. */
  get location(): string {
    return this.settings.now.location;
  }

  /** Whether the camera answers to discovery. */
  get discoverable(): boolean {
    return this.settings.now.discoverable;
  }

  /** Scopes that recorders added, as URIs. */
  get scopes(): readonly string[] {
    return this.settings.now.scopes;
  }

  /** Changes all that is given at once, and keeps it. @throws AppError, with nothing changed, where it cannot be kept */
  update(change: Partial<IdentitySettings>): void {
    // All of it is kept: a recorder that changed one thing has seen the others.
    this.settings.change({ ...this.settings.now, ...change });
  }

  /** Calls the listener after every change. */
  onChange(listener: () => void): Cancel {
    return this.settings.onChange(listener);
  }
}
