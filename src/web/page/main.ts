import { findElements } from './elements.ts';
import { EventsPanel } from './events.ts';
import { fullScreen } from './full-screen.ts';
import type { Fetch } from './http.ts';
import type { Part } from './multipart.ts';
import { Painter } from './painter.ts';
import { watchPresence } from './presence.ts';
import { RateMeter } from './rate-meter.ts';
import { retryButton } from './retry.ts';
import { Screen } from './screen.ts';
import { SharedStream, sharedWorker } from './shared-stream.ts';
import { snapshotButton } from './snapshot.ts';
import type { Status } from './status.ts';
import { StatusPoller } from './status-poller.ts';
import type { Link, StreamClientOptions } from './stream-client.ts';
import { Toast } from './toast.ts';
import { type Facts, isQuiet, viewState } from './view-state.ts';

/** Time between two looks at the state when nothing happens, milliseconds: a stall and the frame rate show this soon. */
const TICK_MS = 250;
/** How long a stream may give nothing while the server says that pictures come, milliseconds: then it is dead. */
const DEAD_MS = 4000;
/** How long everything below the picture waits for the first status, milliseconds, so that it does not jump. */
const REVEAL_MS = 1000;

const elements = findElements(document);
const toast = new Toast(elements.toast);
const screen = new Screen(elements, toast);
const rate = new RateMeter();
const send: Fetch = (url, init) => fetch(url, init);

let link: Link = { state: 'paused' };
let status: Status | undefined;
let statusAt = Number.NEGATIVE_INFINITY;
let statusFailed = false;
let paintedAt: number | undefined;
let painted = 0;
let partAt = 0;
/** The picture after which the server was asked where the next one stays. */
let askedAfter: number | undefined;
let message = '';
let lastPicture: Date | undefined;
let lastTimestamp: number | undefined;

function show(): void {
  const now = performance.now();
  const facts: Facts = { now, link, status, statusAt, statusFailed, paintedAt, painted };
  if (isQuiet(facts) && askedAfter !== paintedAt) {
    askedAfter = paintedAt;
    poller.now();
  }
  const view = viewState(facts);
  message = view.message;
  // A canvas is 300 × 150 before the first picture.
  const size = lastPicture === undefined ? { width: 0, height: 0 } : elements.picture;
  screen.showView(view, status, { rate: rate.rate(now), width: size.width, height: size.height, lastPicture });
}

function onSignedOut(): void {
  location.assign('/login?next=%2F');
}

const painter = new Painter(elements.picture, (width, height) => {
  paintedAt = performance.now();
  painted += 1;
  lastPicture = new Date();
  screen.reserve(width, height);
  if (painted <= 2) show();
});

const poller = new StatusPoller({
  fetch: send,
  onStatus: (answer) => {
    status = answer;
    statusAt = performance.now();
    const isDead = answer.camera === 'live' && statusAt - partAt > Math.max(DEAD_MS, 3000 / (answer.fps || 1));
    // Where the server is there again, the next attempt need not be waited for.
    const isBack = link.state === 'waiting' && statusFailed;
    if ((link.state === 'open' && painted > 0 && isDead) || isBack) stream.renew();
    statusFailed = false;
    if (lastPicture === undefined) screen.reserve(answer.width, answer.height);
    screen.showStatus(answer);
    screen.reveal();
    // The stream was refused while the camera had failed. As there are pictures again, the next attempt need not be waited for.
    if (link.state === 'waiting' && link.problem !== undefined && answer.camera === 'live') stream.resume();
    show();
  },
  onFailure: () => {
    statusFailed = true;
    show();
  },
  onSignedOut,
});

const streamOptions: StreamClientOptions = {
  fetch: send,
  onPart: (part: Part) => {
    partAt = performance.now();
    // While the camera stalls, the server repeats the last picture with its time: nothing new.
    if (part.timestamp !== undefined && part.timestamp === lastTimestamp) return;
    lastTimestamp = part.timestamp;
    rate.add(performance.now());
    painter.show(part);
  },
  onLink: (next) => {
    link = next;
    if (next.state === 'open') {
      painted = 0;
      rate.reset();
      poller.now();
    }
    show();
  },
  onSignedOut,
  silenceExpected: () => !statusFailed && (status?.camera === 'starting' || status?.camera === 'failed'),
};
const stream = new SharedStream(streamOptions, sharedWorker());

snapshotButton({
  button: elements.snapshot,
  fetch: send,
  toast,
  cameraName: () => status?.name ?? '',
  shownMessage: () => message,
  onSignedOut,
});
retryButton({ button: elements.retry, fetch: send, toast, onSent: () => poller.now(), onSignedOut });
new EventsPanel({ elements, fetch: send, onSignedOut }).start();
fullScreen({ stage: elements.stage, enter: elements.fullScreen, leave: elements.leaveFullScreen });
setTimeout(() => screen.reveal(), REVEAL_MS);
setInterval(show, TICK_MS);
watchPresence({
  onPresent: () => {
    stream.resume();
    poller.start();
  },
  onNetwork: () => {
    stream.renew();
    poller.stop();
  },
  onHidden: () => poller.stop(),
  onAway: () => stream.pause(),
});
