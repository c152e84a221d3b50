import type { Problem } from './http.ts';
import type { Status } from './status.ts';
import type { Link } from './stream-client.ts';

/** The facts that the page knows; times are milliseconds of one steady clock. */
export interface Facts {
  readonly now: number;
  /** The connection to the stream. */
  readonly link: Link;
  /** The newest status; undefined before the first. */
  readonly status: Status | undefined;
  /** When that came. */
  readonly statusAt: number;
  /** Whether the last question for the status got no answer. */
  readonly statusFailed: boolean;
  /** When the newest new picture was painted; undefined before the first. Repeated pictures don't count. */
  readonly paintedAt: number | undefined;
  /** New pictures painted since the stream was opened. */
  readonly painted: number;
}

/** The state as the page shows it. */
export interface ViewState {
  readonly kind: 'paused' | 'connecting' | 'reconnecting' | 'starting' | 'live' | 'pattern' | 'stalled' | 'failed';
  /** One or two words for it. */
  readonly word: string;
  /** What happened; may be empty. */
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
}

/** Returns whether new pictures are on the screen, of the camera or of the pattern that stands in for it. */
export const isMoving = ({ kind }: ViewState): boolean => kind === 'live' || kind === 'pattern';

/** Least time without a new picture after which it is not live, milliseconds: most hiccups of the Wi-Fi are shorter. */
const MIN_STALE_MS = 1700;
/** Frame times that a camera with long exposures may take instead. */
const STALE_FRAMES = 3;
/** Share of that time after which the server should be asked: what it says then counts. */
const QUIET = 0.6;

const view = (kind: ViewState['kind'], word: string, message = '', hint = ''): ViewState => ({ kind, word, message, hint });

/** The words for problems that are not the camera's own: the last two are of pictures that are decoded from the H.264 of one that works. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['NO_CAMERA', 'No camera'],
  ['H264_UNAVAILABLE', 'No ffmpeg'],
  ['ENCODER_ENDED', 'No pictures'],
]);

function failed(problem: Problem | undefined): ViewState {
  const word = WORDS.get(problem?.code ?? '') ?? 'Camera failed';
  return view('failed', word, problem?.message ?? 'The camera gives no picture.', problem?.hint ?? '');
}

const staleMs = ({ status }: Facts): number =>
  Math.max(MIN_STALE_MS, status !== undefined && status.fps > 0 ? (STALE_FRAMES * 1000) / status.fps : 0);

/** Returns how long no new picture has come, milliseconds. */
const age = ({ now, paintedAt }: Facts): number => (paintedAt === undefined ? 0 : now - paintedAt);

/** Returns whether no new picture has come for so long that the server should be asked why. */
export const isQuiet = (facts: Facts): boolean => facts.link.state === 'open' && age(facts) >= QUIET * staleMs(facts);

/** Returns whether pictures came, and then neither pictures nor answers: the link may be cut, of which nobody is told. */
function isCut(facts: Facts): boolean {
  const { statusAt, statusFailed, paintedAt, painted } = facts;
  if (painted === 0 || paintedAt === undefined || age(facts) <= staleMs(facts)) return false;
  return statusFailed || statusAt - paintedAt < QUIET * staleMs(facts);
}

/** Returns whether new pictures come in. The first one after connecting may be an old one, so it takes a second or the server's word. */
function isLive(facts: Facts): boolean {
  const { status, statusAt, paintedAt, painted } = facts;
  if (painted === 0 || paintedAt === undefined || age(facts) > staleMs(facts)) return false;
  return status?.camera === 'live' || (painted >= 2 && paintedAt > statusAt);
}

const reconnecting = (message = 'The connection to the camera is broken.'): ViewState =>
  view('reconnecting', 'Reconnecting…', message, 'This page keeps trying by itself.');

function openView(facts: Facts): ViewState {
  const { status, painted } = facts;
  if (isLive(facts)) {
    // The notice below the picture says why, and what to do.
    return status?.notices.some(({ code }) => code === 'TEST_PATTERN') ? view('pattern', 'Test pattern') : view('live', 'Live');
  }
  if (isCut(facts)) return reconnecting();
  if (status?.camera === 'failed') return failed(status.error);
  if (painted === 0 && status?.camera !== 'stalled') return view('starting', 'Starting…', 'Waiting for the first picture.');
  if (status?.camera === 'starting' || status?.camera === 'idle') return view('starting', 'Starting…', 'The camera is starting again.');
  const error = status?.camera === 'stalled' ? status.error : undefined;
  return view('stalled', 'Stalled', error?.message ?? 'No new picture is coming.', error?.hint ?? '');
}

/** Returns what to show. Only new pictures are ever called live. */
export function viewState(facts: Facts): ViewState {
  const { link, status, statusFailed } = facts;
  if (link.state === 'paused') return view('paused', 'Paused');
  if (link.state === 'open') return openView(facts);
  // A reason with a code of its own is about the camera; otherwise only the number of the HTTP answer is known.
  if (link.problem !== undefined && !link.problem.code.startsWith('HTTP_')) return failed(link.problem);
  if (status?.camera === 'failed' && !statusFailed) return failed(status.error);
  if (link.state === 'connecting' && !link.retry) return view('connecting', 'Connecting…');
  return reconnecting(link.problem?.message);
}
