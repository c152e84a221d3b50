import { AppError } from '../../core/errors.ts';
import type { Hub } from '../../streams/hub.ts';
import { Track, type TrackOptions } from './track.ts';

export interface VideoTrackOptions extends TrackOptions {
  readonly hub: Hub;
  /** Pictures per second that are asked of the camera or of the encoder. */
  readonly fps: () => number;
}

/** The camera's pictures, in whatever encoding. */
export abstract class VideoTrack extends Track {
  constructor(protected override readonly options: VideoTrackOptions) {
    super(options);
  }

  protected override get captured(): number | undefined {
    const { status, latest } = this.options.hub;
    return status.state === 'live' ? latest?.monotonic : undefined;
  }

  /** Why there are no pictures, where waiting for them is no use. Asking keeps the camera wanted, so that it is tried again. */
  protected cameraFailure(): AppError | undefined {
    const { hub } = this.options;
    if (hub.status.state !== 'failed') return undefined;
    hub.lease()();
    return hub.status.error ?? new AppError('NO_FRAMES', 'The camera gives no pictures.');
  }
}
