/** How long a page may be hidden before it gives the stream back, so that the camera may rest, milliseconds. */
const AWAY_MS = 10_000;

/** Who hears of whether somebody looks at the page. */
export interface PresenceOptions {
  /** Called when somebody looks at the page (again). */
  readonly onPresent: () => void;
  /** Called when the device has a network again; connections from before may be dead without a sign. `onPresent` follows. */
  readonly onNetwork: () => void;
  /** Called when the page is hidden. */
  readonly onHidden: () => void;
  /** Called when the page has been hidden for a while, or the browser puts it aside. */
  readonly onAway: () => void;
}

/** Follows whether somebody looks at the page. Calls `onPresent` or `onHidden` at once. */
export function watchPresence({ onPresent, onNetwork, onHidden, onAway }: PresenceOptions): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = () => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') {
      onPresent();
    } else {
      onHidden();
      timer = setTimeout(onAway, AWAY_MS);
    }
  };
  document.addEventListener('visibilitychange', update);
  window.addEventListener('online', () => {
    if (document.visibilityState !== 'visible') return;
    onNetwork();
    onPresent();
  });
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) update();
  });
  window.addEventListener('pagehide', () => {
    clearTimeout(timer);
    onHidden();
    onAway();
  });
  update();
}
