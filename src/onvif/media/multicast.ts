import { areMediaPorts, NOT_DISCOVERY } from '../../core/media-ports.ts';
import type { MulticastController } from '../../device/multicast.ts';
import { METADATA } from '../../device/stream-names.ts';
import type { VideoStream } from '../../device/streams.ts';
import { isMulticastGroup, MULTICAST_GROUPS, type MulticastGroup } from '../../platform/multicast.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { child, integer, text, token } from '../args.ts';
import { refusalAs } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import { NO_MULTICAST_ADDRESS } from './describe.ts';
import type { MediaModel } from './model.ts';
import { streamed } from './uris.ts';

/** Operations that start and stop the multicast of a profile without any RTSP session; it goes on through restarts. */
export const multicastOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'StartMulticastStreaming',
    access: 'ACTUATE',
    handle: (request) =>
      apply(model, request, async (multicast, { stream, metadata }) => {
        const ran = multicast.isStarted(stream.encoder);
        await multicast.start(stream.encoder);
        if (!metadata) return;
        try {
          await multicast.start(METADATA.encoder);
        } catch (error) {
          if (!ran) await multicast.stop(stream.encoder);
          throw error;
        }
      }),
  },
  {
    name: 'StopMulticastStreaming',
    access: 'ACTUATE',
    handle: (request) =>
      apply(model, request, async (multicast, { stream, metadata }) => {
        await multicast.stop(stream.encoder);
        // The events are those of all profiles that are sent.
        const isSent = model.profiles.some((each) => each.metadata && each.stream && multicast.isStarted(each.stream.encoder));
        if (metadata && !isSent) await multicast.stop(METADATA.encoder);
      }),
  },
];

/** What is sent of a profile: its picture, and the events where it has their configuration. */
interface Sent {
  readonly stream: VideoStream;
  readonly metadata: boolean;
}

/** Throws NoProfile, IncompleteConfiguration, and ActionNotSupported where there is no multicast. */
async function apply(
  model: MediaModel,
  request: SoapObject,
  change: (multicast: MulticastController, sent: Sent) => Promise<void>,
): Promise<SoapObject> {
  const profile = model.profile(token(request, 'ProfileToken'));
  const sent = { stream: streamed(profile), metadata: profile.metadata && model.metadata !== undefined };
  if (!model.multicast) throw new SoapFault('Receiver', ['ActionNotSupported'], NO_MULTICAST);
  try {
    await change(model.multicast, sent);
  } catch (error) {
    throw refusalAs('ConfigModify', error);
  }
  return {};
}

const NO_MULTICAST = 'There is no multicast; the owner of this camera can turn it on with rtsp.multicast.enabled.';
/** Ports of RTP, such that RTCP fits on the next. */
const PORTS = { min: 1024, max: 65_534 };

/**
 * Returns where a tt:MulticastConfiguration would move a stream; undefined: it stays. What is left out stays as it is, and AutoStart
 * is for reading only. Throws ConfigModify.
 */
export function multicastChange(
  model: MediaModel,
  { encoder }: Pick<VideoStream, 'encoder'>,
  configuration: SoapObject,
): MulticastGroup | undefined {
  const { multicast } = model;
  const ipAddress = child(configuration, 'Address');
  const address = text(ipAddress, 'IPv4Address')?.trim();
  if (!multicast) {
    if (address !== undefined && address !== NO_MULTICAST_ADDRESS)
      throw invalidArgument('ConfigModify', `${NO_MULTICAST} Until then its address can only be ${NO_MULTICAST_ADDRESS}.`);
    return undefined;
  }
  if ((text(ipAddress, 'Type')?.trim() ?? 'IPv4') !== 'IPv4') throw invalidArgument('ConfigModify', 'Multicast is sent by IPv4 only.');
  const now = multicast.target(encoder);
  const next: MulticastGroup = {
    address: address ?? now.address,
    port: integer(configuration, 'Port') ?? now.port,
    ttl: integer(configuration, 'TTL') ?? now.ttl,
  };
  if (next.address === now.address && next.port === now.port && next.ttl === now.ttl) return undefined;
  check(next, multicast.maxTtl);
  // Streams that are not offered count too: they may be after the next start.
  const taken = multicast.streams.find((other) => other.encoder !== encoder && overlaps(multicast.target(other.encoder), next));
  if (taken) throw invalidArgument('ConfigModify', `${taken.name} is sent to ${next.address} port ${next.port} already.`);
  return next;
}

function check({ address, port, ttl }: MulticastGroup, maxTtl: number): void {
  if (!isMulticastGroup(address)) throw invalidArgument('ConfigModify', `The multicast address must be ${MULTICAST_GROUPS}.`);
  if (port % 2 !== 0 || !areMediaPorts(port, port + 1))
    throw invalidArgument('ConfigModify', `The multicast port must be an even number from ${PORTS.min} to ${PORTS.max}, ${NOT_DISCOVERY}.`);
  if (ttl < 1 || ttl > maxTtl)
    throw invalidArgument(
      'ConfigModify',
      `The multicast TTL must be 1 to ${maxTtl}; the owner of this camera sets the most by rtsp.multicast.ttl.`,
    );
}

/** Returns whether receivers could not tell the one stream from the other. */
const overlaps = (one: MulticastGroup, other: MulticastGroup): boolean => one.address === other.address && one.port === other.port;
