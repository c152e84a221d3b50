import { PictureGroup } from '../encode/picture-group.ts';
import type { AccessUnit, ParameterSets } from '../frames/access-unit.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import { FanOut } from './fan-out.ts';

/** Fans out the H.264 that a camera gives itself; a lease of it keeps the camera on, whatever that gives. */
export class UnitHub extends FanOut<AccessUnit> {
  readonly #group = new PictureGroup();
  #parameterSets: ParameterSets | undefined;

  /** The units from the last key frame on, for a viewer that comes late; empty while there is none. */
  get group(): readonly AccessUnit[] {
    return this.#group.units;
  }

  /** The parameter sets of the running capture; undefined before its first unit. */
  get parameterSets(): ParameterSets | undefined {
    return this.#parameterSets;
  }

  override publish(unit: AccessUnit): void {
    this.#parameterSets = unit.parameterSets;
    this.#group.add(unit);
    super.publish(unit);
  }

  override setStatus(status: CameraStatus): void {
    if (status.state !== 'live') this.begin();
    super.setStatus(status);
  }

  /** Forgets what was: another capture begins, or none goes on. */
  begin(): void {
    this.#group.clear();
    this.#parameterSets = undefined;
  }
}
