import * as z from 'zod/mini';
import { AppError, ERRORS, type ErrorCode, messageOf } from '../../core/errors.ts';
import { duration } from '../../core/times.ts';
import { readJpegHeader, wholeJpegLength } from '../../frames/jpeg.ts';
import { findProgram } from '../../platform/programs.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from '../check.ts';
import { explainNoServer, type Surroundings } from '../surroundings.ts';
import { type Client, makeClient, quietly } from './client.ts';
import { pullEvents } from './events.ts';
import { get, readTwoPictures } from './http.ts';
import { playWithFfmpeg } from './play.ts';
import { playRtsp, type Transport } from './rtsp.ts';

/** Longest time for a step: the camera may have to start, and the encoder after it. */
const STEP_MS = 25_000;
/** Longest time for the streams of all profiles, of which there are three at most. */
const ALL_MS = 3 * STEP_MS;
/** Time by which ffmpeg is told to end before the step does. */
const BEFORE_MS = 3000;
/** Difference of the clocks that shows in recordings, as recorders write down the camera's times as they are. */
const NOTICED_MS = 5000;
/** Longest wait for what answers within some milliseconds when all is well. */
const ANSWER_MS = 5000;

const LOG = '`journalctl -u onvif-camera -n 50`, or the terminal where it runs, has the reason';

/**
 * Returns the checks that walk through the running camera as a client does, with node-onvif-ts and ffmpeg, by the address that
 * others use.
 */
export function walkChecks(surroundings: Surroundings): Check[] {
  const walk = new Walk(surroundings);
  const step = (id: string, title: string, run: (signal: AbortSignal) => Promise<Result>, timeoutMs = STEP_MS): Check => ({
    ...{ id, title, timeoutMs },
    run: (signal) => walk.step(() => run(signal)),
  });
  return [
    step('service', 'The camera program', (signal) => walk.service(signal)),
    step('walk-date', 'Date by ONVIF', (signal) => walk.date(signal)),
    step('walk-login', 'Login by ONVIF', (signal) => walk.login(signal)),
    step('walk-profiles', 'Profiles', () => walk.profiles()),
    step('walk-addresses', 'Addresses announced', () => walk.addresses()),
    step('walk-snapshot', 'Snapshot', (signal) => walk.snapshot(signal)),
    step('walk-mjpeg', 'MJPEG by HTTP', (signal) => walk.mjpeg(signal)),
    step('walk-rtsp-tcp', 'RTSP over TCP', (signal) => walk.rtspOfAll(signal), ALL_MS),
    step('walk-rtsp-udp', 'RTSP over UDP', (signal) => walk.rtsp('udp', signal)),
    step('walk-rtsp-tunnel', 'RTSP through HTTP', (signal) => walk.rtsp('tunnel', signal)),
    step('walk-events', 'Events', (signal) => walk.events(signal)),
  ];
}

const health = z.object({ version: z.string(), camera: z.string(), error: z.optional(z.string()), uptime: z.number() });

class Walk {
  readonly #surroundings: Surroundings;
  #client: Client | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Makes a step; skips it where no camera runs. */
  async step(run: () => Promise<Result>): Promise<Result> {
    const { server, base } = this.#surroundings;
    if (server && base !== undefined) return run().catch(explain);
    return skipped(explainNoServer(this.#surroundings));
  }

  get #base(): string {
    return this.#surroundings.base ?? '';
  }

  async service(signal: AbortSignal): Promise<Result> {
    const { version, server } = this.#surroundings;
    const answer = await fetch(`${this.#base}/healthz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    const { data } = health.safeParse(await answer.json());
    if (!answer.ok || !data)
      return failure(
        `${this.#base}/healthz is answered with ${answer.status} and is none of ours`,
        'Restart the camera; is it an older version?',
      );
    const seen = `process ${server?.pid} at ${this.#base}, camera ${data.camera}, for ${duration(data.uptime * 1000)}`;
    const code = data.error !== undefined && Object.hasOwn(ERRORS, data.error) ? (data.error as ErrorCode) : undefined;
    if (data.camera === 'failed' || data.camera === 'stalled')
      return failure(`${seen}${data.error ? ` (${data.error})` : ''}`, code ? ERRORS[code].hint : LOG);
    if (data.version !== version)
      return warning(
        `${seen}; it is version ${data.version}, and this is ${version}`,
        'Restart it, so that the new version runs: `sudo systemctl restart onvif-camera`',
      );
    return ok(seen);
  }

  /** Asks for the date without a login, as recorders do before they log in. */
  async date(signal: AbortSignal): Promise<Result> {
    const { clockWindow } = this.#surroundings.settings.config.auth;
    const { services } = makeClient(this.#base, undefined);
    try {
      await quietly(() => services.device!.getSystemDateAndTime(), signal);
    } catch (error) {
      return failure(`GetSystemDateAndTime: ${messageOf(error)}`, LOG);
    }
    // The date has whole seconds, rounded down: half a second is the mean error.
    const ahead = (services.device!.getTimeDiff() ?? 0) + 500;
    const seen = `the camera's clock is ${(Math.abs(ahead) / 1000).toFixed(1)} s ${ahead < 0 ? 'slow' : 'fast'} against this one`;
    const fix = 'Set both by NTP: `sudo timedatectl set-ntp true` on each; the check "clock" has more.';
    if (Math.abs(ahead) > clockWindow * 1000)
      return failure(`${seen}: logins of ONVIF are refused above ${clockWindow} s (auth.clockWindow)`, fix);
    return Math.abs(ahead) > NOTICED_MS ? warning(seen, fix) : ok(`${this.#base} answers, its clock is right`);
  }

  async login(signal: AbortSignal): Promise<Result> {
    const { login, noLogin } = this.#surroundings;
    // That the password is not known here is no fault of the camera.
    if (noLogin) return noLogin.given ? fromError(noLogin.error) : skipped(`${noLogin.error.message} ${noLogin.error.hint}`);
    const client = makeClient(this.#base, login);
    try {
      const { Manufacturer, Model, FirmwareVersion } = await quietly(() => client.init(), signal);
      this.#client = client;
      const who = login ? `${login.user} by WS-UsernameToken` : 'nobody asks for a login';
      return ok(`${who}: ${Manufacturer} ${Model}, ${FirmwareVersion}`);
    } catch (error) {
      const reason = messageOf(error).replace(/^Failed to initialize the device: (Error: )?/, '');
      return /401|400|password|Sender|not authorized/i.test(reason)
        ? failure(`${login?.user ?? 'nobody'} is refused: ${reason}`, ERRORS.CAMERA_PASSWORD.hint)
        : failure(`node-onvif-ts cannot connect: ${reason}`, LOG);
    }
  }

  /** The profiles that have a stream. Recorders make profiles that are empty at first, which is no fault. */
  get #streams(): ReturnType<Client['getProfileList']> {
    return (this.#client?.getProfileList() ?? []).filter(({ video }) => video.encoder);
  }

  async profiles(): Promise<Result> {
    if (!this.#client) return NO_LOGIN;
    const { config } = this.#surroundings.settings;
    const profiles = this.#client.getProfileList();
    const shown = profiles.map(({ token, video }) => {
      if (!video.encoder) return `${token} (no encoder: a recorder made it, and has not put one in)`;
      const { encoding, resolution, framerate } = video.encoder;
      return `${token} (${encoding} ${resolution?.width}x${resolution?.height}, ${framerate} per second)`;
    });
    const seen = shown.join(', ');
    if (profiles.length === 0) return failure('the camera has no profile', LOG);
    const first = this.#streams[0]?.video.encoder?.encoding;
    if (config.h264.enabled && first !== 'H264')
      return warning(
        `${seen}: without H.264 first, which most recorders take`,
        'See the checks "ffmpeg" and "h264-trial"; restart the camera when they are well.',
      );
    return ok(seen);
  }

  /** Checks that the camera sends clients to the address by which they came. */
  async addresses(): Promise<Result> {
    if (!this.#client) return NO_LOGIN;
    const here = new URL(this.#base).hostname;
    const told = this.#streams.flatMap(({ token, stream, snapshot }) =>
      Object.entries({ ...stream, snapshot }).map(([kind, uri]) => ({ what: `${token} ${kind}`, uri: String(uri) })),
    );
    const { rtspPort } = this.#surroundings.server ?? {};
    const missing = told.find(({ what, uri }) => uri === '' && (rtspPort !== undefined || /http|snapshot/.test(what)));
    if (missing) return failure(`the camera gives no address for ${missing.what}`, LOG);
    const elsewhere = told.find(({ uri }) => uri !== '' && (!URL.canParse(uri) || new URL(uri).hostname !== here));
    if (elsewhere)
      return failure(
        `asked at ${here}, the camera sends clients to ${elsewhere.uri}`,
        'Behind a proxy, it has to pass the host on and be in http.trustedProxies (docs/remote.md); else restart the camera.',
      );
    return ok(`all ${told.filter(({ uri }) => uri !== '').length} lead to ${here}`);
  }

  async snapshot(signal: AbortSignal): Promise<Result> {
    const client = this.#client;
    const [profile] = this.#streams;
    if (!client || !profile) return NO_LOGIN;
    // Fetched here first: the library never ends where there is no picture.
    await get(profile.snapshot, this.#surroundings.login, signal);
    const { body } = await quietly(() => client.fetchSnapshot(), signal);
    const jpeg = Buffer.from(body);
    const header = readJpegHeader(jpeg);
    if (!header || wholeJpegLength(jpeg) === 0) return failure(`${jpeg.length} bytes that are no JPEG`, LOG);
    const seen = `${header.width}x${header.height}, ${Math.round(jpeg.length / 1000)} kB`;
    return (await this.#decode(jpeg)) ? ok(`${seen}, decoded`) : ok(`${seen}; whole, but not decoded, as there is no sharp`);
  }

  /** Decodes a picture. Resolves to false where there is no sharp; rejects where the picture is broken. */
  async #decode(jpeg: Buffer): Promise<boolean> {
    const library = await this.#surroundings.loadImageLibrary().catch(() => undefined);
    if (!library) return false;
    await library(jpeg).raw().toBuffer();
    return true;
  }

  async mjpeg(signal: AbortSignal): Promise<Result> {
    if (!this.#client) return NO_LOGIN;
    const profile = this.#streams.find(({ video }) => video.encoder?.encoding === 'JPEG');
    if (!profile) return failure('there is no profile with JPEG', LOG);
    const { login } = this.#surroundings;
    const url = profile.stream.http;
    const ffmpeg = this.#ffmpeg;
    if (ffmpeg === undefined)
      return ok(`two pictures, ${await readTwoPictures(url, login, signal)} bytes (our own check, as ffmpeg is missing)`);
    const { searchPath } = this.#surroundings;
    const trouble = await playWithFfmpeg({ ffmpeg, searchPath, url, login, timeoutMs: STEP_MS - BEFORE_MS });
    return trouble === undefined ? ok(`ffmpeg decodes ${url}`) : failure(`ffmpeg on ${url}: ${trouble}`, LOG);
  }

  get #ffmpeg(): string | undefined {
    return findProgram('ffmpeg', this.#surroundings.searchPath);
  }

  /** Plays the streams of all profiles, one after the other, until one fails. */
  async rtspOfAll(signal: AbortSignal): Promise<Result> {
    const played: Result[] = [];
    for (const profile of this.#streams) {
      const result = await this.rtsp('tcp', signal, profile);
      if (result.level !== 'ok') return result;
      played.push(result);
    }
    return played.length === 0 ? NO_LOGIN : ok(played.map(({ seen }) => seen).join('; '));
  }

  /** Plays the stream of a profile; left out: the first one, which most recorders take and no other. */
  async rtsp(transport: Transport, signal: AbortSignal, profile = this.#streams[0]): Promise<Result> {
    const { server, login, searchPath } = this.#surroundings;
    if (!profile) return NO_LOGIN;
    if (server?.rtspPort === undefined) return skipped('rtsp.enabled is off');
    const { stream } = profile;
    const url = { tunnel: stream.http.replace(/^http:/, 'rtsp:'), tcp: stream.rtsp, udp: stream.udp }[transport];
    if (!url) return failure(`the camera gives no address for ${profile.token}`, LOG);
    const fix =
      transport === 'udp'
        ? `Let players use TCP (\`-rtsp_transport tcp\`; most recorders have a choice); the check "firewall" has more. ${LOG}.`
        : `${LOG}.`;
    const ffmpeg = this.#ffmpeg;
    if (ffmpeg !== undefined) {
      const trouble = await playWithFfmpeg({ ffmpeg, searchPath, url, login, transport, timeoutMs: STEP_MS - BEFORE_MS });
      return trouble === undefined ? ok(`ffmpeg decodes ${url}`) : failure(`ffmpeg on ${url}: ${trouble}`, fix);
    }
    try {
      // Ended before the step is, so that what came until then can be told.
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(STEP_MS - BEFORE_MS)]);
      const packets = await playRtsp(url, transport, login, bounded);
      return ok(`${packets} packets of ${url} (our own check, nothing decoded, as ffmpeg is missing)`);
    } catch (error) {
      return failure(`${url}: ${messageOf(error)} (our own check, as ffmpeg is missing)`, fix);
    }
  }

  async events(signal: AbortSignal): Promise<Result> {
    if (!this.#client) return NO_LOGIN;
    // The library has asked for the capabilities, and made a client for each service.
    const { events } = this.#client.services as { events: { readonly xaddr?: string } | null };
    if (!events?.xaddr) return skipped('this camera has no events');
    try {
      const count = await pullEvents(events.xaddr, this.#surroundings.login, signal);
      return ok(`a pull point gives ${count} message${count === 1 ? '' : 's'}`);
    } catch (error) {
      return failure(`no events: ${messageOf(error)}`, LOG);
    }
  }
}

/** Returns the result of a step that threw: a connection that broke off is a fault of the camera, and none of the check. */
function explain(error: unknown): Result {
  if (error instanceof AppError) return fromError(error);
  // The error of fetch() says why in its cause alone.
  const { cause } = error as { readonly cause?: unknown };
  return failure(`${messageOf(error)}${cause === undefined ? '' : ` (${messageOf(cause)})`}`, LOG);
}

const NO_LOGIN = skipped('the login did not work, see "walk-login"');
