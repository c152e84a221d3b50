import type { ImagingController } from '../../device/imaging.ts';
import type { MulticastController } from '../../device/multicast.ts';
import type { PictureController } from '../../device/picture.ts';
import {
  MAX_USER_PROFILES,
  type MediaProfile,
  type ProfileChange,
  type ProfileStore,
  Profiles,
  SOURCE_CONFIGURATION,
} from '../../device/profiles.ts';
import { METADATA } from '../../device/stream-names.ts';
import type { StreamCatalogue, VideoStream } from '../../device/streams.ts';
import type { Size } from '../../frames/size.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { attempt } from '../refusal.ts';

/** What {@link MediaModel} takes. It is read at each request: what is known only after the start may be a getter. */
export interface MediaModelOptions {
  /** The streams that are offered, and when that is known. */
  readonly streams: Pick<StreamCatalogue, 'offered' | 'known'>;
  /** Size, rate and quality of the capture. */
  readonly picture: PictureController;
  /** Keeps the profiles that clients make. */
  readonly profiles: ProfileStore;
  /** The RTSP server; undefined: there is none. */
  readonly rtsp: { readonly port: number } | undefined;
  /** Sends every state of the events beside the picture again; undefined: there are none. Counts only with an RTSP server. */
  readonly metadata?: { readonly synchronize: () => void } | undefined;
  /** Undefined: nothing is sent by multicast. Counts only with an RTSP server. */
  readonly multicast: MulticastController | undefined;
}

/** What the media service takes. */
export interface MediaServiceOptions extends MediaModelOptions {
  /** The image settings, the text in the picture among them. */
  readonly imaging: ImagingController;
}

/** The streams, profiles and configurations of the device by their tokens, with the faults for unknown tokens and refused changes. */
export class MediaModel {
  readonly #profiles: Profiles;

  constructor(private readonly options: MediaModelOptions) {
    this.#profiles = new Profiles({ streams: () => this.streams, store: options.profiles, metadata: this.metadata !== undefined });
  }

  /**
   * The streams there are, each with a video encoder configuration and a fixed profile. They change: whether H.264 can be encoded is
   * known only after the start. H.264 is streamed by RTSP alone.
   */
  get streams(): readonly VideoStream[] {
    const { streams, rtsp } = this.options;
    return rtsp ? streams.offered : streams.offered.filter(({ encoding }) => encoding === 'JPEG');
  }

  /** Undefined: nothing is sent by multicast. */
  get multicast(): MulticastController | undefined {
    return this.options.rtsp && this.options.multicast;
  }

  /** Undefined: no events are sent beside the picture. */
  get metadata(): MediaServiceOptions['metadata'] {
    return this.options.rtsp && this.options.metadata;
  }

  /** Most profiles that there can be, the fixed ones included. */
  get maxProfiles(): number {
    return this.#profiles.maximum;
  }

  /** Size of the pictures in pixels: the real one, or that in the settings before there are any. */
  get pictures(): Size {
    const { picture } = this.options;
    const { width, height } = picture.actual() ?? picture.settings();
    return { width, height };
  }

  /** Pictures per second in the settings: a measured rate would be another number at each request. */
  get frameRate(): number {
    return this.options.picture.settings().fps;
  }

  /** All profiles, the fixed ones first. */
  get profiles(): readonly MediaProfile[] {
    return this.#profiles.list();
  }

  /** Returns the profile of a token. Throws NoProfile. */
  profile(token: string): MediaProfile {
    const found = this.#profiles.find(token);
    if (!found) throw invalidArgument('NoProfile', `There is no profile ${quote(token)}.`);
    return found;
  }

  /** Returns the stream of a video encoder configuration, by its token. Throws NoConfig. */
  stream(token: string): VideoStream {
    const found = this.streams.find(({ encoder }) => encoder === token);
    if (!found) throw invalidArgument('NoConfig', `There is no video encoder configuration ${quote(token)}.`);
    return found;
  }

  /** Throws NoConfig unless it is the token of the video source configuration. */
  checkSourceConfiguration(token: string): void {
    if (token !== SOURCE_CONFIGURATION.token) throw invalidArgument('NoConfig', `There is no video source configuration ${quote(token)}.`);
  }

  /** Throws NoConfig unless it is the token of the metadata configuration. */
  checkMetadataConfiguration(token: string): void {
    if (token !== METADATA.encoder || !this.metadata)
      throw invalidArgument('NoConfig', `There is no metadata configuration ${quote(token)}.`);
  }

  /** Returns the streams that may be put into a profile. */
  compatibleStreams(profile: MediaProfile): readonly VideoStream[] {
    return this.#profiles.compatibleStreams(profile);
  }

  /** Makes an empty profile. Throws ProfileExists, MaxNVTProfiles. @param token undefined: one is made up */
  create(name: string, token: string | undefined): MediaProfile {
    if (token !== undefined && this.#profiles.find(token))
      throw invalidArgument('ProfileExists', `There is a profile ${quote(token)} already.`);
    if (this.#profiles.full) throw tooManyProfiles();
    return attempt('ConfigModify', () => this.#profiles.create(name, token));
  }

  /** Deletes a profile. Throws NoProfile, DeletionOfFixedProfile. */
  delete(token: string): void {
    if (this.profile(token).fixed)
      throw new SoapFault('Sender', ['Action', 'DeletionOfFixedProfile'], `The profile ${quote(token)} belongs to the device.`);
    attempt('ConfigModify', () => this.#profiles.delete(token));
  }

  /** Adds configurations by their tokens, or removes them (undefined). Throws ConfigurationConflict where a fixed profile would change. */
  configure(profile: MediaProfile, change: ProfileChange): void {
    if (!this.#profiles.allows(profile, change))
      throw new SoapFault(
        'Receiver',
        ['Action', 'ConfigurationConflict'],
        `The profile ${quote(profile.token)} belongs to the device and keeps its configurations; make one with CreateProfile.`,
      );
    attempt('ConfigModify', () => this.#profiles.configure(profile, change));
  }
}

/** Matches control characters, and others that XML 1.0 (section 2.2) does not allow: an answer with them could not be read. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

/** Receiver / Action / MaxNVTProfiles. */
export const tooManyProfiles = (): SoapFault =>
  new SoapFault('Receiver', ['Action', 'MaxNVTProfiles'], `No more than ${MAX_USER_PROFILES} profiles can be made; delete one first.`);

/** Longest piece of a request that a fault repeats, characters. */
const MAX_QUOTE = 64;
const quote = (token: string): string => `"${token.slice(0, MAX_QUOTE).replace(UNPRINTABLE, '?')}"`;
