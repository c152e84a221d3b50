import type { AppError } from '../core/errors.ts';

/** The states of something that gives pictures: the camera, or a stream that is encoded from it. */
export const STREAM_STATES = ['idle', 'starting', 'live', 'stalled', 'failed'] as const;
/** One of {@link STREAM_STATES}. */
export type StreamState = (typeof STREAM_STATES)[number];

/** How the camera is, for everything that shows it. */
export interface CameraStatus {
  readonly state: StreamState;
  /** Why it is stalled or failed; undefined otherwise. */
  readonly error: AppError | undefined;
  /** What the user should know although pictures come. */
  readonly notices: readonly AppError[];
  /** Description of the source; undefined until it is known. */
  readonly source: string | undefined;
}
