import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { Networks, plainAddress } from '../../core/networks.ts';
import { type InterfaceAddresses, machineInterfaces } from '../../platform/interfaces.ts';

/**
 * Loopback, unspecified, multicast, reserved and IPv4-compatible addresses: a subscriber that names one could make the camera send
 * where the subscriber itself cannot.
 */
const FORBIDDEN = new Networks(['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/96', 'ff00::/8']);

/** Longest address of a consumer, characters. */
const MAX_URL = 1024;
/** Time for a consumer to take a message, from the name's look-up to the status line. */
const TIMEOUT_MS = 5000;

/** Returns whether events may be sent to an IP address: not to loopback, multicast or reserved ones, nor to this machine itself. */
export const mayBeConsumer = (address: string): boolean => mayBeSentTo(address, machineInterfaces.read());

/** Does the same for a machine with these interfaces. An address may be written in any form, also as IPv4-mapped in hexadecimal digits. */
export function mayBeSentTo(address: string, interfaces: InterfaceAddresses): boolean {
  const own = Object.values(interfaces).flatMap((list) => list?.map((each) => plainAddress(each.address)) ?? []);
  return isIP(plainAddress(address)) !== 0 && !FORBIDDEN.has(address) && !new Networks(own).has(address);
}

/**
 * Reads the address of a consumer; undefined: no http or https URL, too long, or refused by `mayBe`. Other names than
 * localhost are checked when they are looked up.
 */
export function consumerUrl(text: string, mayBe: (address: string) => boolean): URL | undefined {
  if (text.length > MAX_URL || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  // RFC 6761, section 6.3: it and all below it stand for this machine.
  const host = /(^|\.)localhost\.?$/.test(name) ? '127.0.0.1' : name;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (isIP(host) !== 0 && !mayBe(host)) return undefined;
  return url;
}

/** What is sent to a consumer. */
export interface ConsumerMessage {
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
  /** Ends the attempt, which then rejects. */
  readonly signal: AbortSignal;
}

/** The message was sent, but no answer came in time: the consumer may well have it. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/**
 * Sends a message; resolves on a status 2xx. Rejects otherwise: with an {@link UnansweredError} where the consumer may have it all
 * the same.
 */
export type Deliver = (message: ConsumerMessage) => Promise<void>;

/**
 * Returns a {@link Deliver} that sends by POST, one connection for each message, and gives up after five seconds. The address that
 * a name stands for is checked before it is used, redirects are not followed, and nothing of the answer but its status is read.
 */
export const delivery =
  (mayBe: (address: string) => boolean, clock: Pick<Clock, 'after'>): Deliver =>
  ({ url, contentType, body, signal }) =>
    new Promise((resolve, reject) => {
      const lookup: LookupFunction = (name, options, done) => {
        dns.lookup(name, { ...options, all: true }, (error, addresses) => {
          const allowed = (addresses ?? []).filter(({ address }) => mayBe(address));
          const first = allowed[0];
          if (error) done(error, [], 0);
          else if (!first) done(new Error(`nothing is sent to ${name}`), [], 0);
          else if (options.all) done(null, allowed);
          else done(null, first.address, first.family);
        });
      };
      const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) };
      const send = url.protocol === 'https:' ? https.request : http.request;
      const request = send(url, { method: 'POST', headers, agent: false, lookup, signal }, (response) => {
        const { statusCode = 0 } = response;
        response.destroy();
        if (statusCode >= 200 && statusCode < 300) resolve();
        else reject(new Error(`HTTP status ${statusCode}`));
      });
      let isSent = false;
      const cancelTimeout = clock.after(TIMEOUT_MS, () => {
        const reason = `no answer within ${TIMEOUT_MS / 1000} s`;
        request.destroy(isSent ? new UnansweredError(reason) : new Error(reason));
      });
      request.on('finish', () => {
        isSent = true;
      });
      request.on('error', reject);
      request.on('close', cancelTimeout);
      request.end(body);
    });
