import type { Operation, Service } from '../service.ts';
import { metadataOperations } from './metadata.ts';
import { MediaModel, type MediaServiceOptions } from './model.ts';
import { multicastOperations } from './multicast.ts';
import { optionOperations } from './options.ts';
import { osdOperations } from './osd.ts';
import { profileOperations } from './profiles.ts';
import { uriOperations } from './uris.ts';
import { videoEncoderOperations } from './video-encoder.ts';
import { videoSourceOperations } from './video-source.ts';

/** Returns the ONVIF media service (ver10; Media Service Specification): profiles, their configurations, stream and snapshot URIs, OSD. */
export function makeMediaService(options: MediaServiceOptions): Service {
  const model = new MediaModel(options);
  return {
    name: 'media',
    namespace: 'http://www.onvif.org/ver10/media/wsdl',
    path: '/onvif/media_service',
    version: { major: 2, minor: 60 },
    operations: [
      // Open to everybody: it must not keep strangers waiting.
      capabilities(model, options),
      ...[
        ...profileOperations(model),
        ...videoSourceOperations(model, options.imaging),
        ...videoEncoderOperations(model),
        ...metadataOperations(model),
        ...optionOperations(model),
        ...uriOperations(model, options),
        ...multicastOperations(model),
        ...osdOperations(model, options.imaging),
      ].map((operation) => whenKnown(operation, options)),
    ],
  };
}

/** Makes an operation wait until the streams are known: recorders ask right after the start, and keep what they are told. */
const whenKnown = (operation: Operation, { streams }: Pick<MediaServiceOptions, 'streams'>): Operation => ({
  ...operation,
  handle: async (request, context) => {
    await streams.known();
    return operation.handle(request, context);
  },
});

const capabilities = (model: MediaModel, options: Pick<MediaServiceOptions, 'rtsp' | 'imaging'>): Operation => ({
  name: 'GetServiceCapabilities',
  access: 'PRE_AUTH',
  handle: () => {
    const rtsp = options.rtsp !== undefined;
    return {
      Capabilities: {
        attributes: {
          SnapshotUri: true,
          Rotation: false,
          VideoSourceMode: false,
          OSD: options.imaging.annotate() !== undefined,
        },
        ProfileCapabilities: { attributes: { MaximumNumberOfProfiles: model.maxProfiles } },
        StreamingCapabilities: {
          attributes: {
            RTPMulticast: model.multicast !== undefined,
            // RTP over TCP without RTSP around it.
            RTP_TCP: false,
            RTP_RTSP_TCP: rtsp,
            NonAggregateControl: false,
            NoRTSPStreaming: !rtsp,
          },
        },
      },
    };
  },
});
