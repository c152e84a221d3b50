import type { Port, ToWindow, ToWorker } from './shared-protocol.ts';
import { StreamShare } from './stream-share.ts';

// The SharedWorker of all windows of a browser.

declare global {
  /** Called by the browser when a window connects; TypeScript's library for pages knows no workers. */
  var onconnect: (event: { readonly ports: readonly Port<ToWorker, ToWindow>[] }) => void;
}

const share = new StreamShare((url, init) => fetch(url, init));
globalThis.onconnect = ({ ports: [port] }) => {
  if (port) share.connect(port);
};
