/** The element that fills the screen, and the buttons for it. */
export interface FullScreenOptions {
  /** What fills the screen. */
  readonly stage: HTMLElement;
  /** The button that enters full screen. */
  readonly enter: HTMLElement;
  /** The button on the stage that leaves it. */
  readonly leave: HTMLElement;
}

/** Gives the stage full screen: by button or double click on it, and back by button, double click or Escape. */
export function fullScreen({ stage, enter, leave }: FullScreenOptions): void {
  // Safari on iPhone has full screen for videos only: there the stage covers the page instead.
  const cover = (on: boolean) => {
    document.documentElement.classList.toggle('covered', on);
    reflect();
  };
  const covered = () => document.documentElement.classList.contains('covered');
  const active = () => document.fullscreenElement === stage || covered();
  const reflect = () => {
    leave.hidden = !active();
  };

  async function toggle(): Promise<void> {
    if (covered()) return cover(false);
    if (document.fullscreenElement === stage) return document.exitFullscreen();
    if (!document.fullscreenEnabled) return cover(true);
    await stage.requestFullscreen().catch(() => cover(true));
  }

  enter.addEventListener('click', () => void toggle());
  leave.addEventListener('click', () => void toggle());
  stage.addEventListener('dblclick', (event) => {
    if (event.target instanceof Node && !leave.contains(event.target)) void toggle();
  });
  document.addEventListener('fullscreenchange', reflect);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && covered()) cover(false);
  });
}
