import type { AppError } from '../core/errors.ts';

/** How something that gives pictures is: the camera, or a stream that is encoded from it. */
export const STREAM_STATES = ['idle', 'starting', 'live', 'stalled', 'failed'] as const;
/** One of {@link STREAM_STATES}. */
export type StreamState = (typeof STREAM_STATES)[number];

/** How the camera is, for whoever shows it. */
export interface CameraStatus {
  readonly state: StreamState;
  /** Why it is stalled or failed. */
  readonly error: AppError | undefined;
  /** What the user should know although pictures come. */
  readonly notices: readonly AppError[];
  /** Description of the source, once it is known. */
  readonly source: string | undefined;
}
