import type { Request, RequestHandler } from 'express';
import { addressKey } from '../../auth/address-key.ts';
import { Recent } from '../../auth/recent.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { MJPEG, SNAPSHOT_PATH } from '../../device/stream-names.ts';
import type { Hub } from '../../streams/hub.ts';
import { cameraProblem, expectToBeRead, type Problem, sendProblem } from './answers.ts';
import type { Arrivals } from './arrivals.ts';
import { holdsOf, userOf } from './authentication.ts';
import { STREAM_HEADERS } from './stream.ts';
import { type Scaler, SMALLER_WIDTHS, type SmallerWidth, type StreamSizes } from './stream-sizes.ts';

/** How long a snapshot waits for a picture, milliseconds: a Pi's camera needs 2 s to start, a slow webcam 5 s. */
const SNAPSHOT_TIMEOUT_MS = 10_000;
/** Clients whose last snapshot is remembered; one that is forgotten gets a picture at once. */
const MAX_SNAPSHOT_CLIENTS = 1024;
/** Seconds after which a client may try again when the camera gave no picture. */
const RETRY_AFTER_S = 5;
/** Paths of the stream. */
export const STREAM_PATHS: string[] = [MJPEG.webPath, '/cam.mjpg'];

/** Whether a request is for pictures alone, under any of their addresses. */
export const isPicture = ({ path, query }: Request): boolean =>
  STREAM_PATHS.includes(path) || path === SNAPSHOT_PATH || query.action === 'stream' || query.action === 'snapshot';

/** Where pictures come from. */
export interface PictureHandlersOptions {
  readonly hub: Hub;
  readonly scaler: Pick<Scaler, 'whyNot'>;
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The handlers of the stream and the snapshot. */
export class PictureHandlers {
  /** The picture that each client last got as a snapshot, by address and user: one that asks again at once waits for the next. */
  readonly #seen = new Recent(MAX_SNAPSHOT_CLIENTS, () => ({ sequence: 0 }));

  constructor(
    private readonly streams: StreamSizes,
    private readonly options: PictureHandlersOptions,
  ) {}

  /** Answers with the stream of pictures; 503 with a reason where the camera has failed. */
  readonly stream: RequestHandler = async (req, res) => {
    const { hub, scaler, log } = this.options;
    const asked = readAsked(req.query);
    if ('problem' in asked) return sendProblem(req, res, 400, asked.problem);
    if (req.method === 'HEAD') {
      res.set(STREAM_HEADERS).end();
      return;
    }
    if (hub.status.state === 'failed') {
      const { error } = hub.status;
      // Asking keeps the camera wanted, so that it is tried again; its state is another from then on.
      hub.lease()();
      res.set('Retry-After', String(RETRY_AFTER_S));
      sendProblem(req, res, 503, cameraProblem(error));
      return;
    }
    const missing = asked.width === undefined ? undefined : await scaler.whyNot();
    if (missing) return sendProblem(req, res, 503, missing);
    if (req.socket.destroyed) return;
    const viewer = this.options.arrivals.clientAddress(req);
    const began = this.options.clock.monotonic();
    log.debug('viewer came', { viewer, viewers: this.streams.viewers + 1 });
    const client = { address: viewer, user: userOf(res)?.name };
    this.streams.add(req.socket, asked.width, { fps: asked.fps, advance: req.query.advance === '1', client, holds: holdsOf(res) }, () =>
      log.debug('viewer left', {
        viewer,
        viewers: this.streams.viewers,
        seconds: Math.round((this.options.clock.monotonic() - began) / 1000),
      }),
    );
  };

  /** Answers with a current picture; 503 with a reason where there is none within 10 s. */
  readonly snapshot: RequestHandler = async (req, res) => {
    res.set({ 'Cache-Control': 'no-store', 'Cross-Origin-Resource-Policy': 'cross-origin' });
    const asked = readAsked({ width: req.query.width });
    if ('problem' in asked) return sendProblem(req, res, 400, asked.problem);
    if (req.method === 'HEAD') {
      res.type('image/jpeg').end();
      return;
    }
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const seen = this.#seen.of(`${addressKey(this.options.arrivals.clientAddress(req))} ${userOf(res)?.name ?? ''}`);
    const { hub } = this.options;
    const frame = (await hub.following(seen.sequence, gone.signal)) ?? (await hub.current(SNAPSHOT_TIMEOUT_MS, gone.signal));
    if (gone.signal.aborted) return;
    const picture = frame && (await this.streams.picture(frame, asked.width));
    if (!picture || picture instanceof AppError) {
      res.set('Retry-After', String(RETRY_AFTER_S));
      sendProblem(req, res, 503, cameraProblem(picture ?? hub.status.error));
      return;
    }
    seen.sequence = picture.sequence;
    const { size, capturedAt, jpeg } = picture;
    res.set({ 'Content-Type': 'image/jpeg', 'Content-Length': String(size), 'X-Timestamp': (capturedAt / 1000).toFixed(3) });
    res.end(jpeg);
    expectToBeRead(res);
  };
}

/** Rates a viewer may ask for, pictures per second. */
const MAX_FPS = 120;
const MIN_FPS = 0.01;

/** What a request for pictures asks for. */
interface Asked {
  /** Pictures per second at most; undefined: all. */
  readonly fps: number | undefined;
  /** Pixels; undefined: as the camera has it. */
  readonly width: SmallerWidth | undefined;
}

/** Reads `?fps=` and `?width=`; what is wrong with them comes back as the problem to answer with. */
function readAsked(query: { readonly fps?: unknown; readonly width?: unknown }): Asked | { readonly problem: Problem } {
  const fps = query.fps === undefined ? undefined : Number(query.fps);
  if (fps !== undefined && !(fps >= MIN_FPS && fps <= MAX_FPS))
    return { problem: { code: 'BAD_FPS', message: `fps must be a number from ${MIN_FPS} to ${MAX_FPS}.` } };
  const width = SMALLER_WIDTHS.find((each) => String(each) === query.width);
  if (query.width !== undefined && width === undefined)
    return { problem: { code: 'BAD_WIDTH', message: `width must be one of ${SMALLER_WIDTHS.join(', ')}.` } };
  return { fps, width };
}
