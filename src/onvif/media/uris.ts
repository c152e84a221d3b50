import type { MediaProfile } from '../../device/profiles.ts';
import { SNAPSHOT_PATH } from '../../device/stream-names.ts';
import type { VideoStream } from '../../device/streams.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { child, text, token } from '../args.ts';
import type { Operation, RequestContext, SoapObject } from '../service.ts';
import type { MediaModel, MediaServiceOptions } from './model.ts';

/** Operations that say where streams and snapshots are fetched, and ask a stream for a key frame. */
export const uriOperations = (model: MediaModel, options: Pick<MediaServiceOptions, 'rtsp'>): readonly Operation[] => [
  {
    name: 'GetStreamUri',
    access: 'READ_MEDIA',
    handle: (request, context) => {
      const profile = model.profile(token(request, 'ProfileToken'));
      const protocol = askedProtocol(child(request, 'StreamSetup'), model.multicast !== undefined);
      return { MediaUri: mediaUri(streamUri(streamed(profile), protocol, options.rtsp, context)) };
    },
  },
  {
    name: 'GetSnapshotUri',
    access: 'READ_MEDIA',
    handle: (request, { baseUrl }) => {
      const profile = model.profile(token(request, 'ProfileToken'));
      if (!profile.videoSource) throw incomplete('The profile has no video source configuration.');
      return { MediaUri: mediaUri(`${baseUrl}${SNAPSHOT_PATH}`) };
    },
  },
  {
    // JPEG needs nothing: every picture can be decoded by itself. Of the events, every state is sent again.
    name: 'SetSynchronizationPoint',
    access: 'ACTUATE',
    handle: (request) => {
      const { stream, metadata } = model.profile(token(request, 'ProfileToken'));
      if (metadata) model.metadata?.synchronize();
      if (stream?.encoding === 'H264') stream.control.requestKeyFrame();
      return {};
    },
  },
];

/** tt:TransportProtocol: RTP over UDP, RTP in RTSP over TCP, or HTTP. */
type Protocol = 'UDP' | 'RTSP' | 'HTTP';
const PROTOCOLS: readonly string[] = ['UDP', 'RTSP', 'HTTP'] satisfies readonly Protocol[];
const isProtocol = (value: string | undefined): value is Protocol => value !== undefined && PROTOCOLS.includes(value);

/** Reads the protocol of a tt:StreamSetup. Multicast is agreed on by RTSP, at the same URI. Throws InvalidStreamSetup. */
function askedProtocol(setup: SoapObject, multicast: boolean): Protocol {
  const stream = text(setup, 'Stream')?.trim();
  if (stream === 'RTP-Multicast' && !multicast) throw invalidSetup('There is no multicast; ask for Stream RTP-Unicast.');
  if (stream !== 'RTP-Unicast' && stream !== 'RTP-Multicast') throw invalidSetup('Stream must be RTP-Unicast or RTP-Multicast.');
  const protocol = text(child(setup, 'Transport'), 'Protocol')?.trim();
  if (!isProtocol(protocol)) throw invalidSetup(`Transport/Protocol must be one of ${PROTOCOLS.join(', ')}.`);
  if (stream === 'RTP-Multicast' && protocol !== 'UDP') throw invalidSetup('RTP-Multicast goes by Transport/Protocol UDP only.');
  return protocol;
}

function streamUri(stream: VideoStream, protocol: Protocol, rtsp: MediaServiceOptions['rtsp'], { baseUrl, host }: RequestContext): string {
  if (protocol === 'HTTP') return `${baseUrl}${stream.webPath}`;
  if (!rtsp) throw invalidSetup(`There is no RTSP server for Transport/Protocol ${protocol}; ask for HTTP.`);
  return `rtsp://${host}:${rtsp.port}${stream.path}`;
}

/** Returns the stream of a profile. Throws IncompleteConfiguration where it lacks a source or an encoder. */
export function streamed({ videoSource, stream }: MediaProfile): VideoStream {
  if (!videoSource || !stream) throw incomplete('The profile needs a video source configuration and a video encoder configuration.');
  return stream;
}

/** tt:MediaUri that stays valid for ever. */
const mediaUri = (uri: string): SoapObject => ({ Uri: uri, InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: 'PT0S' });

const invalidSetup = (reason: string): SoapFault => invalidArgument('InvalidStreamSetup', reason);
const incomplete = (reason: string): SoapFault => new SoapFault('Receiver', ['Action', 'IncompleteConfiguration'], reason);
