import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import type { MediaDeps, MediaMulticast, Size, StoredProfile } from './deps.ts';
import { encodersOf, type VideoEncoder } from './encoders.ts';
import { refusal } from './refusal.ts';

export const VIDEO_SOURCE = 'video_source';
export const SOURCE_CONFIGURATION = { token: 'video_source_config', name: 'Camera' } as const;
/** Profiles that clients may make: recorders make one each, and homes have few; a limit keeps the state small. */
export const MAX_USER_PROFILES = 4;

export interface MediaProfile {
  readonly token: string;
  readonly name: string;
  /** The device's own: it cannot be deleted, and keeps its configurations. */
  readonly fixed: boolean;
  readonly videoSource: boolean;
  readonly encoder: VideoEncoder | undefined;
}

/** The media profiles and configurations of the device: one video source, its configuration, and one configuration per encoder. */
export class MediaModel {
  constructor(private readonly deps: MediaDeps) {}

  /** Those there are now: what can encode H.264 is known for sure only after the start. */
  get encoders(): readonly VideoEncoder[] {
    return encodersOf(this.deps);
  }

  /** undefined: nothing is sent by multicast. */
  get multicast(): MediaMulticast | undefined {
    return this.deps.rtsp && this.deps.multicast;
  }

  get maxProfiles(): number {
    return this.encoders.length + MAX_USER_PROFILES;
  }

  /** Size of the pictures: the real one, or what is asked before there are any. */
  get pictures(): Size {
    const { camera } = this.deps;
    const { width, height } = camera.actual() ?? camera.settings();
    return { width, height };
  }

  /** Pictures per second that are asked of the camera: what was measured would be another number at each request. */
  get frameRate(): number {
    return this.deps.camera.settings().fps;
  }

  /** All profiles, the fixed ones first. */
  get profiles(): readonly MediaProfile[] {
    const fixed = this.encoders.map((encoder) => ({ ...encoder.profile, fixed: true, videoSource: true, encoder }));
    // A client may have taken the token of a fixed profile while there was no such encoder yet.
    const stored = this.deps.store.list().filter(({ token }) => !fixed.some((profile) => profile.token === token));
    return [...fixed, ...stored.map((profile) => this.#madeByClient(profile))];
  }

  /** Throws NoProfile. */
  profile(token: string): MediaProfile {
    const found = this.profiles.find((profile) => profile.token === token);
    if (!found) throw invalidArgument('NoProfile', `There is no profile ${quote(token)}.`);
    return found;
  }

  /** Throws NoConfig. */
  encoder(token: string): VideoEncoder {
    const found = this.encoders.find((encoder) => encoder.token === token);
    if (!found) throw invalidArgument('NoConfig', `There is no video encoder configuration ${quote(token)}.`);
    return found;
  }

  /** Throws NoConfig unless it is the token of the video source configuration. */
  checkSourceConfiguration(token: string): void {
    if (token !== SOURCE_CONFIGURATION.token) throw invalidArgument('NoConfig', `There is no video source configuration ${quote(token)}.`);
  }

  /** The encoders that may be added to a profile. */
  compatibleEncoders(profile: MediaProfile): readonly VideoEncoder[] {
    return profile.fixed && profile.encoder ? [profile.encoder] : this.encoders;
  }

  /** Makes an empty profile. @param token undefined: one is made up. Throws ProfileExists, MaxNVTProfiles. */
  create(name: string, token: string | undefined): MediaProfile {
    const taken = new Set(this.profiles.map((profile) => profile.token));
    if (token !== undefined && taken.has(token)) throw invalidArgument('ProfileExists', `There is a profile ${quote(token)} already.`);
    if (this.deps.store.list().length >= MAX_USER_PROFILES) throw tooManyProfiles();
    const stored: StoredProfile = { token: token ?? freeToken(taken), name };
    this.#save([...this.deps.store.list(), stored]);
    return this.#madeByClient(stored);
  }

  /** Throws NoProfile, DeletionOfFixedProfile. */
  delete(token: string): void {
    if (this.profile(token).fixed)
      throw new SoapFault('Sender', ['Action', 'DeletionOfFixedProfile'], `The profile ${quote(token)} belongs to the device.`);
    this.#save(this.deps.store.list().filter((stored) => stored.token !== token));
  }

  /** Adds a configuration by its token, or removes it (undefined). Throws ConfigurationConflict where a fixed profile would change. */
  configure(profile: MediaProfile, change: Pick<StoredProfile, 'videoSource' | 'videoEncoder'>): void {
    if (profile.fixed) {
      const own = { videoSource: SOURCE_CONFIGURATION.token, videoEncoder: profile.encoder?.token };
      const same = Object.entries(change).every(([kind, token]) => token === own[kind as keyof typeof own]);
      if (same) return;
      throw new SoapFault(
        'Receiver',
        ['Action', 'ConfigurationConflict'],
        `The profile ${quote(profile.token)} belongs to the device and keeps its configurations; make one with CreateProfile.`,
      );
    }
    this.#save(this.deps.store.list().map((stored) => (stored.token === profile.token ? { ...stored, ...change } : stored)));
  }

  #madeByClient({ token, name, videoSource, videoEncoder }: StoredProfile): MediaProfile {
    // An encoder that is gone (ffmpeg was uninstalled, say) is left out until it is back.
    const encoder = this.encoders.find((known) => known.token === videoEncoder);
    return { token, name, fixed: false, videoSource: videoSource === SOURCE_CONFIGURATION.token, encoder };
  }

  #save(list: readonly StoredProfile[]): void {
    try {
      this.deps.store.save(list);
    } catch (error) {
      throw refusal(error);
    }
  }
}

/** Control characters and others that XML 1.0 (section 2.2) has no place for: an answer that held them could not be read. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

export const tooManyProfiles = (): SoapFault =>
  new SoapFault('Receiver', ['Action', 'MaxNVTProfiles'], `No more than ${MAX_USER_PROFILES} profiles can be made; delete one first.`);

/** "profile_1" and so on. */
function freeToken(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`profile_${number}`)) number++;
  return `profile_${number}`;
}

/** Longest piece of a request that is repeated in a fault, in characters. */
const MAX_QUOTE = 64;
const quote = (token: string): string => `"${token.slice(0, MAX_QUOTE).replace(UNPRINTABLE, '?')}"`;
