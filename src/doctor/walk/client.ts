import { OnvifDevice } from 'node-onvif-ts';
import type { Login } from '../../config/first-password.ts';

/** The part of the library's client that is used. */
export type Client = Pick<OnvifDevice, 'init' | 'getProfileList' | 'fetchSnapshot' | 'services'>;

/** Returns a client of node-onvif-ts, by which other people's programs talk to cameras. @param base "http://192.168.1.50:8080" */
export const makeClient = (base: string, login: Login | undefined): Client =>
  new OnvifDevice({ xaddr: `${base}/onvif/device_service`, ...(login && { user: login.user, pass: login.password }) });

/** Calls of the library that have not ended; some never do. Meanwhile, what they print is kept from the findings. */
let running = 0;
const { log } = console;

/** Calls the library without letting it print, and resolves to what it does. Rejects when `signal` fires, as some calls never end. */
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
