import { STREAM_STATES, type StreamState } from '../../frames/stream-state.ts';
import { isRecord, type Problem, parseProblem, textOf } from './http.ts';

/** An address for other programs. */
export interface Address {
  /** See ADDRESS in device/stream-names.ts. */
  readonly id: string;
  /** Name for people. */
  readonly label: string;
  readonly url: string;
}

/** The answer to `GET /api/status`. */
export interface Status {
  readonly name: string;
  readonly version: string;
  readonly camera: StreamState;
  /** Why the camera is stalled or failed; undefined otherwise. */
  readonly error: Problem | undefined;
  /** What the user should know although pictures come. */
  readonly notices: readonly Problem[];
  /** Description of the source; empty when unknown. */
  readonly source: string;
  /** Width of the pictures, pixels; 0 when unknown. */
  readonly width: number;
  /** Height of the pictures, pixels; 0 when unknown. */
  readonly height: number;
  /** Pictures per second measured at the camera; 0 when unknown. */
  readonly fps: number;
  /** Open MJPEG streams, that of this page included. */
  readonly viewers: number;
  /** Whether something moves; undefined: nobody looks. */
  readonly motion: boolean | undefined;
  /** Whether pictures are exposed for the night. */
  readonly night: boolean;
  /** Name of the user who is logged in; undefined when no login is needed. */
  readonly user: string | undefined;
  /** Addresses of the streams and of the snapshot, for other programs. */
  readonly urls: readonly Address[];
}

const isCameraState = (value: unknown): value is StreamState => STREAM_STATES.some((state) => state === value);
const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0);
const listOf = <T>(value: unknown, parse: (item: unknown) => T | undefined): T[] =>
  Array.isArray(value) ? value.map(parse).filter((item) => item !== undefined) : [];

function parseAddress(value: unknown): Address | undefined {
  if (!isRecord(value) || textOf(value.url) === '') return undefined;
  return { id: textOf(value.id), label: textOf(value.label), url: textOf(value.url) };
}

/** Returns the status that a value out of JSON is. What is missing counts as unknown; undefined when it is no status at all. */
export function parseStatus(value: unknown): Status | undefined {
  if (!isRecord(value) || !isCameraState(value.camera)) return undefined;
  return {
    name: textOf(value.name),
    version: textOf(value.version),
    camera: value.camera,
    error: parseProblem(value.error),
    notices: listOf(value.notices, parseProblem),
    source: textOf(value.source),
    width: numberOf(value.width),
    height: numberOf(value.height),
    fps: numberOf(value.fps),
    viewers: Math.round(numberOf(value.viewers)),
    motion: isRecord(value.motion) ? value.motion.moving === true : undefined,
    night: value.night === true,
    user: textOf(value.user) || undefined,
    urls: listOf(value.urls, parseAddress),
  };
}
