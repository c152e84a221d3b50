import type { AccessClass } from '../../src/auth/access.ts';
import type { SourceOffers } from '../../src/camera/offers.ts';
import type { H264Controller, H264Options } from '../../src/device/h264.ts';
import type { MulticastController } from '../../src/device/multicast.ts';
import type { PictureController, PictureSettings } from '../../src/device/picture.ts';
import type { ProfileStore, StoredProfile } from '../../src/device/profiles.ts';
import { H264, METADATA, MJPEG, STREAMS } from '../../src/device/stream-names.ts';
import { type H264Video, type JpegVideo, StreamCatalogue } from '../../src/device/streams.ts';
import type { H264Settings } from '../../src/encode/encoder.ts';
import type { Size } from '../../src/frames/size.ts';
import type { MediaServiceOptions } from '../../src/onvif/media/model.ts';
import { makeMediaService } from '../../src/onvif/media/service.ts';
import type { RequestContext, SoapObject } from '../../src/onvif/service.ts';
import type { MulticastGroup } from '../../src/platform/multicast.ts';
import { SoapFault } from '../../src/protocols/soap/fault.ts';
import { CONTEXT } from './onvif-context.ts';
import { FakeImaging } from './onvif-imaging.ts';

export { CONTEXT };

/** A camera that does what it is told and notes it. */
export class FakeCamera implements PictureController {
  asked: PictureSettings = { width: 1280, height: 720, fps: 15, quality: 75 };
  offered: SourceOffers = {
    sizes: [
      { width: 1920, height: 1080 },
      { width: 1280, height: 720 },
      { width: 320, height: 240 },
    ],
    fps: { min: 1, max: 30 },
    quality: { min: 1, max: 100 },
  };
  /** Size of the pictures that there are, and their rate, which is nobody's business. */
  real: (Size & { readonly fps: number }) | undefined;
  readonly changes: Partial<PictureSettings>[] = [];
  /** Thrown by the next change. */
  failure: Error | undefined;

  settings() {
    return this.asked;
  }

  options() {
    return this.offered;
  }

  actual() {
    return this.real;
  }

  async change(change: Partial<PictureSettings>) {
    if (this.failure) throw this.failure;
    this.changes.push(change);
    this.asked = { ...this.asked, ...change };
  }
}

/** An encoder that does what it is told and notes it. */
export class FakeH264 implements H264Controller {
  asked: H264Settings = { width: 1280, height: 720, fps: 15, bitrate: 2000, keyframeInterval: 2, profile: 'baseline' };
  offered: H264Options = {
    sizes: [
      { width: 1280, height: 720 },
      { width: 640, height: 360 },
    ],
    fps: { min: 1, max: 15 },
    bitrate: { min: 64, max: 50_000 },
    keyframeInterval: { min: 0.1, max: 60 },
    profiles: ['baseline', 'high'],
  };
  readonly changes: Partial<H264Settings>[] = [];
  keyFrames = 0;
  /** Thrown by the next change. */
  failure: Error | undefined;

  settings() {
    return this.asked;
  }

  options() {
    return this.offered;
  }

  async change(change: Partial<H264Settings>) {
    if (this.failure) throw this.failure;
    this.changes.push(change);
    this.asked = { ...this.asked, ...change };
  }

  requestKeyFrame() {
    this.keyFrames++;
  }
}

/** Multicast that goes nowhere. */
export class FakeMulticast implements MulticastController {
  maxTtl = 255;
  readonly streams = [...STREAMS, METADATA];
  readonly targets = new Map<string, MulticastGroup>(
    this.streams.map(({ encoder, portPair }) => [encoder, { address: '239.255.1.2', port: 5004 + 2 * portPair, ttl: 1 }]),
  );
  readonly started = new Set<string>();
  /** Thrown by every change, or by those of one encoder. */
  failure: Error | undefined;
  failing: string | undefined;

  target(encoder: string) {
    return this.targets.get(encoder)!;
  }

  isStarted(encoder: string) {
    return this.started.has(encoder);
  }

  async change(encoder: string, target: MulticastGroup) {
    this.#fail(encoder);
    this.targets.set(encoder, target);
  }

  async start(encoder: string) {
    this.#fail(encoder);
    this.started.add(encoder);
  }

  async stop(encoder: string) {
    this.#fail(encoder);
    this.started.delete(encoder);
  }

  #fail(encoder: string) {
    if (this.failure && (this.failing ?? encoder) === encoder) throw this.failure;
  }
}

/** A store as JSON, as a file would keep it. */
export class FakeProfileStore implements ProfileStore {
  json = '[]';
  failure: Error | undefined;

  list(): readonly StoredProfile[] {
    return JSON.parse(this.json);
  }

  save(list: readonly StoredProfile[]) {
    if (this.failure) throw this.failure;
    this.json = JSON.stringify(list);
  }
}

/** The streams over fakes; that of H.264 comes and goes. */
export function catalogueOf(picture: FakeCamera, h264: () => H264Controller | undefined, known = async () => {}): StreamCatalogue {
  const mjpeg: JpegVideo = { ...MJPEG, control: picture, fps: () => picture.asked.fps };
  const video: H264Video = {
    ...H264,
    get control() {
      return h264()!;
    },
    fps: () => h264()!.settings().fps,
    source: () => h264() && 'trying',
    known,
  };
  return new StreamCatalogue([video, mjpeg]);
}

interface MediaOptions {
  readonly rtsp?: MediaServiceOptions['rtsp'];
  readonly store?: FakeProfileStore;
  readonly camera?: FakeCamera;
  readonly h264?: FakeH264;
  readonly multicast?: FakeMulticast;
  readonly h264Known?: () => Promise<void>;
}

/** The media service over a fake camera. */
export function mediaService({ rtsp, h264, h264Known, multicast, ...options }: MediaOptions = {}) {
  const camera = options.camera ?? new FakeCamera();
  const imaging = new FakeImaging();
  const store = options.store ?? new FakeProfileStore();
  const streams = catalogueOf(camera, () => h264, h264Known);
  const metadata = { synchronized: 0, synchronize: () => void metadata.synchronized++ };
  const service = makeMediaService({ streams, picture: camera, imaging, profiles: store, rtsp, multicast, metadata });
  const call = async (name: string, request: SoapObject = {}, context: RequestContext = CONTEXT): Promise<SoapObject> => {
    const operation = service.operations.find((candidate) => candidate.name === name);
    if (!operation) throw new Error(`no operation ${name}`);
    return operation.handle(request, context);
  };
  return { camera, imaging, store, service, call, metadata };
}

/** With all that there can be: RTSP, H.264 and multicast. */
export function fullMediaService(options: Pick<MediaOptions, 'store'> = {}) {
  const h264 = new FakeH264();
  const multicast = new FakeMulticast();
  return { ...mediaService({ ...options, rtsp: { port: 8554 }, h264, multicast }), h264, multicast };
}

/** "Sender/InvalidArgVal/NoProfile" of the fault that something is refused with. */
export async function faultOf(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(
    (value) => new Error(`no fault, but ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SoapFault)) throw error;
  return [error.code, ...error.subcodes].join('/');
}

/** A configuration read as the client that sends it back would have it: text for everything. */
export const sentBack = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sentBack);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, sentBack(part)]));
  return String(value);
};

/** Reads the configuration of a video encoder, changes it and sends it back. */
export async function changeEncoder(
  { call }: Pick<ReturnType<typeof mediaService>, 'call'>,
  ConfigurationToken: string,
  change: SoapObject,
  ForcePersistence = 'true',
): Promise<SoapObject> {
  const { Configuration } = await call('GetVideoEncoderConfiguration', { ConfigurationToken });
  const sent = { ...(sentBack(Configuration) as SoapObject), ...change };
  return call('SetVideoEncoderConfiguration', { Configuration: sent, ForcePersistence });
}

/** A value deep in an answer: `at(answer, 'Profiles', 0, 'attributes', 'token')`. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((part, key) => (part as Record<string | number, unknown> | undefined)?.[key], value);

/** The response as a SOAP 1.2 envelope, as an encoder without knowledge of the schema would write it: in the order of the keys. */
export function responseXml(name: string, content: SoapObject): string {
  const namespaces =
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"';
  return `<s:Envelope ${namespaces}><s:Body>${elementXml('trt', `${name}Response`, content, 'trt')}</s:Body></s:Envelope>`;
}

/** Of the media service's own types, Capabilities alone has elements of its own; all else is of the common types (tt). */
function elementXml(prefix: 'trt' | 'tt', name: string, value: unknown, childPrefix: 'trt' | 'tt'): string {
  if (Array.isArray(value)) return value.map((one) => elementXml(prefix, name, one, childPrefix)).join('');
  if (typeof value !== 'object' || value === null) return `<${prefix}:${name}>${escaped(value)}</${prefix}:${name}>`;
  const { attributes = {}, ...children } = value as SoapObject;
  const attributeXml = Object.entries(attributes as SoapObject).map(([key, text]) => ` ${key}="${escaped(text)}"`);
  const childXml = Object.entries(children).map(([key, child]) =>
    elementXml(childPrefix, key, child, key === 'Capabilities' ? 'trt' : 'tt'),
  );
  return `<${prefix}:${name}${attributeXml.join('')}>${childXml.join('')}</${prefix}:${name}>`;
}

const escaped = (value: unknown) => String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** A text in the picture, as clients make it. */
export const OSD_OF_THE_TIME = {
  VideoSourceConfigurationToken: 'video_source_config',
  Type: 'Text',
  Position: { Type: 'UpperLeft' },
  TextString: { Type: 'DateAndTime', DateFormat: 'yyyy-MM-dd', TimeFormat: 'HH:mm:ss' },
};

/** ONVIF Media Service Specification: access class of each command, and a request that it answers. */
export const MEDIA_OPERATIONS: Readonly<Record<string, readonly [access: AccessClass, request: SoapObject]>> = {
  GetServiceCapabilities: ['PRE_AUTH', {}],
  GetVideoSources: ['READ_MEDIA', {}],
  CreateProfile: ['ACTUATE', { Name: 'Tom & "Jerry" <3', Token: 'new' }],
  GetProfile: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  GetProfiles: ['READ_MEDIA', {}],
  AddVideoSourceConfiguration: ['ACTUATE', { ProfileToken: 'mine', ConfigurationToken: 'video_source_config' }],
  AddVideoEncoderConfiguration: ['ACTUATE', { ProfileToken: 'mine', ConfigurationToken: 'mjpeg_encoder' }],
  RemoveVideoEncoderConfiguration: ['ACTUATE', { ProfileToken: 'mine' }],
  RemoveVideoSourceConfiguration: ['ACTUATE', { ProfileToken: 'mine' }],
  AddMetadataConfiguration: ['ACTUATE', { ProfileToken: 'mine', ConfigurationToken: 'metadata_config' }],
  RemoveMetadataConfiguration: ['ACTUATE', { ProfileToken: 'mine' }],
  DeleteProfile: ['ACTUATE', { ProfileToken: 'mine' }],
  GetVideoSourceConfigurations: ['READ_MEDIA', {}],
  GetVideoSourceConfiguration: ['READ_MEDIA', { ConfigurationToken: 'video_source_config' }],
  GetCompatibleVideoSourceConfigurations: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  GetVideoSourceConfigurationOptions: ['READ_MEDIA', {}],
  SetVideoSourceConfiguration: ['ACTUATE', { Configuration: { attributes: { token: 'video_source_config' } }, ForcePersistence: 'true' }],
  GetVideoEncoderConfigurations: ['READ_MEDIA', {}],
  GetVideoEncoderConfiguration: ['READ_MEDIA', { ConfigurationToken: 'mjpeg_encoder' }],
  GetCompatibleVideoEncoderConfigurations: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  GetVideoEncoderConfigurationOptions: ['READ_MEDIA', {}],
  SetVideoEncoderConfiguration: [
    'ACTUATE',
    { Configuration: { attributes: { token: 'mjpeg_encoder' }, Quality: '42.5' }, ForcePersistence: 'true' },
  ],
  GetGuaranteedNumberOfVideoEncoderInstances: ['READ_MEDIA', { ConfigurationToken: 'video_source_config' }],
  GetMetadataConfigurations: ['READ_MEDIA', {}],
  GetMetadataConfiguration: ['READ_MEDIA', { ConfigurationToken: 'metadata_config' }],
  GetCompatibleMetadataConfigurations: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  SetMetadataConfiguration: ['ACTUATE', { Configuration: { attributes: { token: 'metadata_config' } }, ForcePersistence: 'true' }],
  GetMetadataConfigurationOptions: ['READ_MEDIA', { ConfigurationToken: 'metadata_config' }],
  GetStreamUri: ['READ_MEDIA', { StreamSetup: { Stream: 'RTP-Unicast', Transport: { Protocol: 'HTTP' } }, ProfileToken: 'mjpeg' }],
  GetSnapshotUri: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  SetSynchronizationPoint: ['ACTUATE', { ProfileToken: 'mjpeg' }],
  StartMulticastStreaming: ['ACTUATE', { ProfileToken: 'mjpeg' }],
  StopMulticastStreaming: ['ACTUATE', { ProfileToken: 'mjpeg' }],
  CreateOSD: ['ACTUATE', { OSD: OSD_OF_THE_TIME }],
  GetOSDs: ['READ_MEDIA', {}],
  GetOSD: ['READ_MEDIA', { OSDToken: 'osd_text' }],
  GetOSDOptions: ['READ_MEDIA', { ConfigurationToken: 'video_source_config' }],
  SetOSD: ['ACTUATE', { OSD: { attributes: { token: 'osd_text' }, ...OSD_OF_THE_TIME } }],
  DeleteOSD: ['ACTUATE', { OSDToken: 'osd_text' }],
};
