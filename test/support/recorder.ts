import { EventEmitter, once } from 'node:events';
import type { CaptureEvents } from '../../src/camera/source.ts';
import type { AppError } from '../../src/core/errors.ts';
import type { CodedPicture } from '../../src/frames/access-unit.ts';
import { HEADROOM, type Picture } from '../../src/frames/frame.ts';

/** Of a capture whose reports matter only in part. */
export const UNHEARD: CaptureEvents = { bytes() {}, picture() {}, unit() {}, notice() {}, again() {}, ended() {} };

/** Keeps what a capture reports, and lets a test wait for the next of it. */
export class Recorder implements CaptureEvents {
  readonly pictures: Picture[] = [];
  readonly units: CodedPicture[] = [];
  readonly notices: AppError[] = [];
  readonly agains: AppError[] = [];
  readonly ends: AppError[] = [];
  readonly #emitter = new EventEmitter();

  bytes(): void {
    throw new Error('a source that makes pictures delivered bytes');
  }

  picture(picture: Picture): void {
    this.pictures.push(picture);
    this.#emitter.emit('picture', picture);
  }

  unit(picture: CodedPicture): void {
    this.units.push(picture);
    this.#emitter.emit('unit', picture);
  }

  again(reason: AppError): void {
    this.agains.push(reason);
    this.#emitter.emit('again', reason);
  }

  notice(error: AppError): void {
    this.notices.push(error);
  }

  ended(error: AppError): void {
    this.ends.push(error);
    this.#emitter.emit('ended', error);
  }

  async nextPicture(): Promise<Picture> {
    const [picture] = (await once(this.#emitter, 'picture')) as [Picture];
    return picture;
  }

  async nextEnd(): Promise<AppError> {
    const [error] = (await once(this.#emitter, 'ended')) as [AppError];
    return error;
  }
}

/** The JPEG alone. */
export const jpegOf = ({ buffer, size }: Picture): Buffer => buffer.subarray(HEADROOM, HEADROOM + size);
