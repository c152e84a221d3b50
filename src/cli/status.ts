import * as z from 'zod/mini';
import { type RunFile, requireRunningServer } from '../config/run-file.ts';
import { EXIT } from '../core/errors.ts';
import { visible } from '../core/terminal.ts';
import { duration, localTime } from '../core/times.ts';
import { outsideAddresses } from './addresses.ts';
import type { Handler } from './command.ts';
import { printJson, table } from './output.ts';
import { prepare } from './prepare.ts';
import { askServer } from './server-api.ts';

const problem = z.object({ code: z.string(), message: z.string(), hint: z.string() });
/** The fields of /api/v1/status that are shown here. */
const statusSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  startedAt: z.coerce.date(),
  camera: z.looseObject({
    state: z.string(),
    since: z.coerce.date(),
    source: z.string(),
    width: z.number(),
    height: z.number(),
    fps: z.number(),
    error: z.nullable(problem),
    notices: z.array(problem),
  }),
  motion: z.nullable(z.looseObject({ moving: z.boolean() })),
  h264: z.nullable(z.looseObject({ state: z.string(), encoder: z.nullish(z.string()) })),
  viewers: z.nullable(
    z.array(
      z.looseObject({
        protocol: z.string(),
        transport: z.string(),
        stream: z.string(),
        address: z.string(),
        user: z.nullable(z.string()),
        since: z.coerce.date(),
        slow: z.nullish(z.looseObject({ bitRate: z.nullable(z.number()) })),
      }),
    ),
  ),
  discovery: z.looseObject({ enabled: z.boolean(), discoverable: z.boolean() }),
  urls: z.array(z.looseObject({ id: z.string(), label: z.string(), url: z.string() })),
});

/** The status of a running camera, as far as it is shown. Times are dates, the rate is in pictures per second. */
export type Status = z.infer<typeof statusSchema>;

/** `onvif-camera status`: shows what the running camera does, and who watches. */
export const status: Handler = async (args, context) => {
  const { dataDir } = await prepare(args, context);
  const server = await requireRunningServer(dataDir);
  const json = await ask(server);
  if (args.flags.json === true) printJson(json, context);
  else context.stdout.write(describe(statusSchema.parse(json), new Date()));
  return EXIT.ok;
};

/**
 * Asks for the status, at an address by which others reach the server, if it has one: the URLs in the answer then begin with that
 * address.
 */
async function ask(server: RunFile): Promise<Record<string, unknown>> {
  const request = { path: '/api/v1/status', answer: z.looseObject({}) };
  for (const host of outsideAddresses()) {
    try {
      const { protocol, port } = new URL(server.url);
      return await askServer({ ...server, url: `${protocol}//${host}${port && `:${port}`}` }, request);
    } catch {
      // The server does not listen on this address.
    }
  }
  return askServer(server, request);
}

/** Fewest blanks behind a label. */
const GAP = 2;
/** Least width of the column of labels, characters: the same from one camera to the next where the labels allow it. */
const LEAST_WIDTH = 15;

/** Returns the status for people, several lines. @param now for how long things last */
export function describe({ name, version, startedAt, camera, motion, h264, viewers, discovery, urls }: Status, now: Date): string {
  const since = (time: Date) => `${duration(now.getTime() - time.getTime())} (since ${localTime(time, now)})`;
  const width = Math.max(LEAST_WIDTH, ...urls.map(({ label }) => visible(label).length + GAP));
  const line = (label: string, text: string) => `  ${visible(label).padEnd(width)}${visible(text)}\n`;
  const rate = camera.state === 'live' ? `, ${camera.fps.toFixed(1)} pictures/s` : '';
  const found = discovery.enabled ? (discovery.discoverable ? 'on' : 'off: a client turned it off') : 'off';
  const told = [...(camera.error ? [camera.error] : []), ...camera.notices];
  const lines = [
    `${visible(name)}: ${STATES[camera.state] ?? camera.state}, for ${since(camera.since)}\n`,
    line('Picture', `${camera.source || 'none yet'}, ${camera.width}×${camera.height}${rate}`),
    line('Motion', motion ? `${motion.moving ? 'yes' : 'none'}; the camera stays on to see it` : 'not looked for'),
    line('H.264', h264 ? `${STATES[h264.state] ?? h264.state}${h264.encoder ? `, by ${h264.encoder}` : ''}` : 'none'),
    ...told.map(({ message, hint }) => line('!', `${message} ${hint}`)),
    ...urls.map(({ label, url }) => line(label, url)),
    line('Discovery', found),
    line('Program', `onvif-camera ${version}, running for ${since(startedAt)}`),
  ];
  return `${lines.join('')}\n${viewersOf(viewers ?? [], since)}`;
}

/** The camera's states in words for people. */
const STATES: Readonly<Record<string, string>> = { idle: 'off, as nobody watches', stalled: 'no new pictures come', failed: 'not working' };

const PROTOCOLS: Readonly<Record<string, string>> = {
  'http tcp': 'HTTP',
  'rtsp tcp': 'RTSP over TCP',
  'rtsp udp': 'RTSP over UDP',
  'rtsp http': 'RTSP over HTTP',
  'rtsp multicast': 'RTSP, multicast',
};

/** Returns what is told of a viewer whose connection does not carry all pictures; "" for others. */
function slowness(slow: NonNullable<Status['viewers']>[number]['slow']): string {
  if (!slow) return '';
  return `, slow connection${slow.bitRate === null ? '' : ` (${(slow.bitRate / 1e6).toFixed(1)} Mbit/s)`}`;
}

function viewersOf(viewers: NonNullable<Status['viewers']>, since: (time: Date) => string): string {
  if (viewers.length === 0) return 'Nobody watches.\n';
  const rows = viewers.map((each) => {
    const protocol = PROTOCOLS[`${each.protocol} ${each.transport}`] ?? each.protocol;
    return [each.address, each.user ?? '-', protocol, each.stream, since(each.since) + slowness(each.slow)];
  });
  return table(['ADDRESS', 'USER', 'PROTOCOL', 'STREAM', 'WATCHES FOR'], rows);
}
