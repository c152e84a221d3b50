import { type Fetch, pageCommand, problemOf } from './http.ts';
import type { Toast } from './toast.ts';

const RETRY_URL = '/api/v1/camera/retry';
/** Time for an answer, which takes some milliseconds as a rule; milliseconds. */
const TIMEOUT_MS = 5000;

/** The button, and what it works with. */
export interface RetryOptions {
  readonly button: HTMLButtonElement;
  readonly fetch: Fetch;
  readonly toast: Toast;
  /** Called when the camera is being tried: the state is worth a look. */
  readonly onSent: () => void;
  /** Called when the session has ended. */
  readonly onSignedOut: () => void;
}

/** Makes the button try a failed camera again. */
export function retryButton({ button, fetch, toast, onSent, onSignedOut }: RetryOptions): void {
  async function ask(): Promise<void> {
    const response = await fetch(RETRY_URL, pageCommand(AbortSignal.timeout(TIMEOUT_MS)));
    if (response.status === 401) return onSignedOut();
    if (!response.ok) return toast.show((await problemOf(response)).message, 'error');
    toast.show('Trying the camera again…');
    onSent();
  }

  button.addEventListener('click', () => {
    ask().catch(() => toast.show('The camera cannot be reached.', 'error'));
  });
}
