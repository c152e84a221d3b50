import { OnvifDevice } from 'node-onvif-ts';
import type { Login } from '../surroundings.ts';

/** What is used of the library's client. */
export type Client = Pick<OnvifDevice, 'init' | 'getProfileList' | 'fetchSnapshot' | 'services'>;

/** The client of node-onvif-ts, as somebody else's program would talk to the camera. @param base "http://192.168.1.50:8080" */
export const makeClient = (base: string, login: Login | undefined): Client =>
  new OnvifDevice({ xaddr: `${base}/onvif/device_service`, ...(login && { user: login.user, pass: login.password }) });

/** Calls of the library under way, some of which never end; until they have, whatever they print is kept from the findings. */
let running = 0;
const { log } = console;

/** Lets the library do something without what it prints, and waits for it no longer than `signal` allows. */
export function quietly<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  running++;
  console.log = () => {};
  const done = act().finally(() => {
    running--;
    if (running === 0) console.log = log;
  });
  return new Promise((resolve, reject) => {
    done.then(resolve, reject);
    signal.addEventListener('abort', () => reject(new Error('no answer')), { once: true });
  });
}
