import { findElements } from './elements.ts';
import { fullScreen } from './full-screen.ts';
import type { Fetch } from './http.ts';
import type { Part } from './multipart.ts';
import { Painter } from './painter.ts';
import { watchPresence } from './presence.ts';
import { RateMeter } from './rate-meter.ts';
import { retryButton } from './retry.ts';
import { Screen } from './screen.ts';
import { snapshotButton } from './snapshot.ts';
import type { Status } from './status.ts';
import { StatusPoller } from './status-poller.ts';
import { type Link, StreamClient } from './stream-client.ts';
import { Toast } from './toast.ts';
import { viewState } from './view-state.ts';

/** How often the state is looked at when nothing happens, milliseconds: a stall and the frame rate show this soon. */
const TICK_MS = 500;
/** The parts below the picture wait this long for the first status, milliseconds, so that they don't jump. */
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
let lastPicture: Date | undefined;
let lastTimestamp: number | undefined;

function show(): void {
  const now = performance.now();
  const view = viewState({ now, link, status, statusAt, statusFailed, paintedAt, painted });
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
    statusFailed = false;
    if (lastPicture === undefined) screen.reserve(answer.width, answer.height);
    screen.showStatus(answer);
    screen.reveal();
    // The stream was refused while the camera had failed; now there are pictures, and no need to wait for the next attempt.
    if (link.state === 'waiting' && link.problem !== undefined && answer.camera === 'live') stream.resume();
    show();
  },
  onFailure: () => {
    statusFailed = true;
    show();
  },
  onSignedOut,
});

const stream = new StreamClient({
  fetch: send,
  onPart: (part: Part) => {
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
});

snapshotButton({ button: elements.snapshot, fetch: send, toast, cameraName: () => status?.name ?? '', onSignedOut });
retryButton({ button: elements.retry, fetch: send, toast, onSent: () => poller.now(), onSignedOut });
fullScreen({ stage: elements.stage, enter: elements.fullScreen, leave: elements.leaveFullScreen });
setTimeout(() => screen.reveal(), REVEAL_MS);
setInterval(show, TICK_MS);
watchPresence({
  onPresent: () => {
    stream.resume();
    poller.start();
  },
  onNetwork: () => {
    stream.pause();
    poller.stop();
  },
  onHidden: () => poller.stop(),
  onAway: () => stream.pause(),
});
