import { scaleJpeg, whyNotScaled } from '../encode/jpeg-scaler.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import { HttpServer } from '../servers/http/server.ts';
import type { Vitals } from '../servers/http/status.ts';
import type { Analysis } from './analysis.ts';
import type { Capture } from './capture.ts';
import type { LazyEndpoint } from './lazy-endpoint.ts';
import type { AppOptions } from './options.ts';
import type { Rtsp } from './rtsp.ts';
import type { Subsystems } from './subsystems.ts';

/** What {@link makeHttp} takes besides the program's options. */
export interface HttpOptions extends Subsystems {
  /** Undefined: there is no RTSP. */
  readonly rtsp: Rtsp | undefined;
  readonly onvif: LazyEndpoint;
  readonly analysis: Analysis;
  /** Returns whether the camera is announced and answers searches. */
  readonly discovery: () => Vitals['discovery'];
}

/** Returns the web server over the parts that it shows and changes; it does not listen yet. */
export function makeHttp(options: AppOptions, own: HttpOptions): HttpServer {
  const { config, state, webDir, clock, log } = options;
  const { settings, identity, login, network, capture, events, rtsp, onvif } = own;
  const { arrivals, budget, descriptors, queues } = network;
  return new HttpServer({
    bind: config.bind,
    port: settings.ports.now.http,
    inherited: options.sockets.http,
    webDir,
    maxConnections: budget.http,
    open: !config.auth.enabled,
    authentication: {
      ...login.access,
      clock,
      log,
      cookieName: `onvif-camera-${state.state.uuid.slice(0, 8)}`,
      localToken: login.localToken,
      sessions: login.sessions,
    },
    onvif,
    tunnel: rtsp && ((...tunnel) => rtsp.server.acceptTunnel(...tunnel)),
    arrivals,
    publicName: () => (config.discovery.enabled && identity.discoverable ? identity.name : undefined),
    hub: capture.hub,
    events: { feed: events.bus, log: events.log },
    queues,
    scaler: { scale: (jpeg, width) => scaleJpeg(jpeg, width, capture.picture.settings().quality), whyNot: whyNotScaled },
    descriptors,
    clock,
    log,
    vitals: vitalsOf(options, own),
  });
}

/** Returns a function that tells the figures of the running program: sizes in pixels, `uptime` in seconds. */
function vitalsOf({ version, faults, clock }: AppOptions, own: HttpOptions) {
  const { identity, capture, rtsp, streams, analysis } = own;
  const startedAt = clock.monotonic();
  const { use, camera, picture } = capture;
  return (): Omit<Vitals, 'viewers' | 'streams' | 'connectionsClosed'> => ({
    name: identity.name,
    version,
    status: statusOf(capture),
    stateSince: use.stateSince,
    // The page keeps space for the picture before there is one.
    size: picture.actual() ?? picture.settings(),
    fps: capture.source.fps,
    uptime: (clock.monotonic() - startedAt) / 1000,
    capture: camera.counters,
    decoded: capture.decoderCounters,
    faults: faults(),
    discovery: own.discovery(),
    rtsp: rtsp?.vitals,
    video: streams.catalogue.certain,
    scene: analysis.status,
  });
}

/** The status of the camera, with a notice where JPEGs are missing although it works. */
function statusOf({ use, lack }: Pick<Capture, 'use' | 'lack'>): CameraStatus {
  const { status } = use;
  return lack ? { ...status, notices: [...status.notices, lack] } : status;
}
