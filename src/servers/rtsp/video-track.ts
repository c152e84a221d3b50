import { AppError } from '../../core/errors.ts';
import type { FanOut, Taken } from '../../streams/fan-out.ts';
import { Track, type TrackOptions } from './track.ts';

/** The camera, as far as tracks of any encoding look at it. */
export type CameraFeed = Pick<FanOut<Taken>, 'status' | 'latest' | 'lease' | 'fps'>;

/** A track, and the camera behind it. */
export interface VideoTrackOptions extends TrackOptions {
  /** Returns the camera. */
  readonly camera: () => CameraFeed;
  /** Pictures per second that are asked of the camera or of the encoder. */
  readonly fps: () => number;
}

/** A track of the camera's pictures, in whatever encoding. */
export abstract class VideoTrack extends Track {
  constructor(protected override readonly options: VideoTrackOptions) {
    super(options);
  }

  protected override get captured(): number | undefined {
    const { status, latest } = this.options.camera();
    return status.state === 'live' ? latest?.monotonic : undefined;
  }

  /** Why there are no pictures, where waiting for them is no use. Asking keeps the camera wanted, so that it is tried again. */
  protected cameraFailure(): AppError | undefined {
    const camera = this.options.camera();
    if (camera.status.state !== 'failed') return undefined;
    camera.lease()();
    return camera.status.error ?? new AppError('NO_FRAMES', 'The camera gives no pictures.');
  }
}
