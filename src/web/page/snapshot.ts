import { SNAPSHOT_PATH } from '../../device/stream-names.ts';
import { snapshotName } from './format.ts';
import { type Fetch, pageRequest, problemOf } from './http.ts';
import type { Toast } from './toast.ts';

/** Time for an answer, milliseconds: the server gives up after 10 s when the camera gives no picture, and there is the way. */
const TIMEOUT_MS = 15_000;
/** Time after which the browser has surely taken over the download and the picture can go, milliseconds. */
const RELEASE_MS = 60_000;

/** The button, and what it works with. */
export interface SnapshotOptions {
  readonly button: HTMLButtonElement;
  readonly fetch: Fetch;
  readonly toast: Toast;
  /** Returns the name of the camera, for that of the file. */
  readonly cameraName: () => string;
  /** Returns what is said over the picture, which need not be said twice. */
  readonly shownMessage: () => string;
  /** Called when the session has ended. */
  readonly onSignedOut: () => void;
}

/** Makes the button take a picture and save it as a file. */
export function snapshotButton({ button, fetch, toast, cameraName, shownMessage, onSignedOut }: SnapshotOptions): void {
  async function take(): Promise<void> {
    const request = new AbortController();
    const deadline = setTimeout(() => request.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(SNAPSHOT_PATH, pageRequest('image/jpeg, application/json', request.signal));
      if (response.status === 401) return onSignedOut();
      if (!response.ok) {
        const { message, hint } = await problemOf(response);
        if (message === shownMessage()) return toast.show('No snapshot: the reason stands over the picture.', 'error');
        return toast.show(`No snapshot. ${message} ${hint.replaceAll('`', '')}`.trim(), 'error');
      }
      const name = snapshotName(cameraName(), new Date());
      save(await response.blob(), name);
      toast.show(`Saved ${name}`);
    } catch {
      toast.show('No snapshot: the camera cannot be reached.', 'error');
    } finally {
      clearTimeout(deadline);
    }
  }

  button.addEventListener('click', async () => {
    // Not `disabled`, which would lose the focus of the keyboard.
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    await take();
    button.removeAttribute('aria-busy');
  });
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_MS);
}
