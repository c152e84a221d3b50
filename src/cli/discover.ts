import { fromText } from '../config/settings.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { naturalOrder } from '../core/natural-order.ts';
import { stripped } from '../core/terminal.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { printJson, table } from './output.ts';
import { Progress } from './progress.ts';
import type { Answers } from './search.ts';

/** Default time to listen, and its limits, seconds. */
const DEFAULT_S = 3;
const MIN_S = 0.1;
const MAX_S = 600;
/** Shortest round of searching, seconds: a search asks during its first second and a half alone, so a longer one is repeated. */
const ROUND_S = 3;
/** Interval of the progress display. */
const PROGRESS_MS = 250;
/** Most cameras that are listed: answers can be made up without end. */
const MAX_FOUND = 1000;
/** Longest field of an answer, characters; longer ones are cut. A name has up to 64. */
const MAX_FIELD = 256;
/** Most addresses of one camera that are looked at. */
const MAX_XADDRS = 16;

const HEADS = ['ADDRESS', 'NAME', 'HARDWARE', 'DEVICE SERVICE', 'UUID'];

/** A camera that answered; what its answer lacks is empty. */
interface Found {
  readonly address: string;
  readonly name: string;
  readonly hardware: string;
  /** URL of the device service. */
  readonly xaddr: string;
  /** Without "urn:uuid:". */
  readonly uuid: string;
}

/** `onvif-camera discover`: lists the ONVIF cameras that answer a search of the network, as a table or as JSON. */
export async function discover(args: Arguments, context: Context): Promise<number> {
  const seconds = readTimeout(args.flags.timeout);
  const json = args.flags.json === true;
  const found = new Map<string, Found>();
  // Loaded here, so that the camera's own start does without it.
  const { search } = await import('./search.ts');
  let stopped = false;
  void context.stopRequested.then(() => {
    stopped = true;
  });
  const rounds = Math.max(1, Math.floor(seconds / ROUND_S));
  const endProgress = showProgress(context, seconds, () => found.size);
  try {
    for (let round = 0; round < rounds && !stopped; round++)
      for (const camera of await Promise.race([search((seconds * 1000) / rounds).then(readAnswers), context.stopRequested.then(() => [])]))
        if (found.has(camera.uuid) || found.size < MAX_FOUND) found.set(camera.uuid, camera);
  } finally {
    endProgress();
  }
  const cameras = [...found.values()].sort((one, two) => naturalOrder(one.address, two.address));
  if (json) printJson(cameras, context);
  else if (cameras.length > 0) context.stdout.write(table(HEADS, cameras.map(rowOf)));
  else
    context.stderr.write(
      `No ONVIF camera answered within ${seconds} s.\n` +
        'Cameras are found in the same network only (same router, no guest Wi-Fi), if their discovery is on and UDP port 3702 is not blocked.\n' +
        'It is asked where the default route of this machine leads (`ip route`); without one nobody is asked.\n',
    );
  return EXIT.ok;
}

/** Shows on a terminal how far the search is. Returns the function that ends that. */
function showProgress({ stderr }: Context, seconds: number, found: () => number): () => void {
  const progress = new Progress(stderr);
  const begun = performance.now();
  const show = () => {
    const passed = Math.min(seconds, (performance.now() - begun) / 1000);
    progress.show(`Listening for cameras: ${passed.toFixed(0)} of ${seconds} s, ${found()} found`);
  };
  show();
  const timer = setInterval(show, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    progress.end();
  };
}

function readTimeout(text: string | boolean | undefined): number {
  if (text === undefined) return DEFAULT_S;
  const seconds = fromText('number', String(text));
  if (typeof seconds !== 'number' || !(seconds >= MIN_S && seconds <= MAX_S))
    throw new AppError('USAGE', `--timeout takes seconds from ${MIN_S} to ${MAX_S}, not "${text}".`);
  return seconds;
}

/** Returns the cameras among the answers of strangers, in which anything may be missing or of another type. */
export function readAnswers(answers: Answers): Found[] {
  return answers.flatMap(({ urn, name, hardware, xaddrs }) => {
    const urls = xaddrs.slice(0, MAX_XADDRS).flatMap(readUrl);
    // Some cameras list an IPv6 or link-local address first.
    const url = urls.find(({ hostname }) => /^\d+(\.\d+){3}$/.test(hostname) && !hostname.startsWith('169.254.')) ?? urls[0];
    if (url === undefined) return [];
    return [
      {
        address: url.hostname,
        name: readable(name),
        hardware: readable(hardware),
        xaddr: url.href,
        uuid: readable(urn).replace(/^(urn:)?uuid:/i, ''),
      },
    ];
  });
}

/** Returns the URL of a web service, as it is parsed and not as it was sent: a sent one may have any characters in it. */
function readUrl(text: string): URL[] {
  if (text.length > MAX_FIELD || !URL.canParse(text)) return [];
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? [url] : [];
}

/** Returns a text without the escapes of a URI, and without what moves the cursor of a terminal. */
function readable(text: unknown): string {
  if (typeof text !== 'string') return '';
  let decoded = text;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // It is shown as it came.
  }
  return stripped(decoded).trim().slice(0, MAX_FIELD);
}

const rowOf = ({ address, name, hardware, xaddr, uuid }: Found) => [address, name, hardware, xaddr, uuid];
