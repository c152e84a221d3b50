import { EventEmitter, once } from 'node:events';
import type { CaptureEvents } from '../../src/camera/source.ts';
import type { AppError } from '../../src/core/errors.ts';
import { HEADROOM, type Picture } from '../../src/frames/frame.ts';

/** Keeps what a capture reports, and lets a test wait for the next of it. */
export class Recorder implements CaptureEvents {
  readonly pictures: Picture[] = [];
  readonly notices: AppError[] = [];
  readonly ends: AppError[] = [];
  readonly #emitter = new EventEmitter();

  bytes(): void {
    throw new Error('a source that makes pictures delivered bytes');
  }

  picture(picture: Picture): void {
    this.pictures.push(picture);
    this.#emitter.emit('picture', picture);
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
