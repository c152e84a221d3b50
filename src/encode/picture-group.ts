import type { AccessUnit } from '../frames/access-unit.ts';

/** Most units of a group that are kept: 20 s at 30 per second. */
const MAX_UNITS = 600;
/** Most bytes of a group that are kept: a late viewer gets them in one go. */
const MAX_BYTES = 8 << 20;

/** Keeps the running group of pictures from its key frame on: what a late viewer's decoder begins with. */
export class PictureGroup {
  #units: AccessUnit[] = [];
  #bytes = 0;

  /** The units of the group. Empty before the first key frame, and while the running group is too large to be kept. */
  get units(): readonly AccessUnit[] {
    return this.#units.slice();
  }

  /** Adds the next unit of the stream; a key frame begins a new group. */
  add(unit: AccessUnit): void {
    if (unit.keyframe) this.clear();
    else if (this.#units.length === 0) return;
    this.#units.push(unit);
    this.#bytes += unit.size;
    if (this.#units.length > MAX_UNITS || this.#bytes > MAX_BYTES) this.clear();
  }

  /** Forgets the group: nothing is kept before the next key frame. */
  clear(): void {
    this.#units = [];
    this.#bytes = 0;
  }
}
