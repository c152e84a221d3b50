import type { Port, ToWindow, ToWorker } from './shared-protocol.ts';
import { StreamShare } from './stream-share.ts';

// The SharedWorker of all windows of a browser.

/** The worker's global scope, with what the browser calls when a window connects; TypeScript's library for pages knows no workers. */
const scope = globalThis as unknown as { onconnect: (event: { readonly ports: readonly Port<ToWorker, ToWindow>[] }) => void };

const share = new StreamShare((url, init) => fetch(url, init));
scope.onconnect = ({ ports: [port] }) => {
  if (port) share.connect(port);
};
