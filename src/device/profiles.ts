import type { StateStore } from '../config/state.ts';
import { METADATA } from './stream-names.ts';
import type { VideoStream } from './streams.ts';

/** Token of the one video source. */
export const VIDEO_SOURCE = 'video_source';
/** Token and name of the one configuration of that source. */
export const SOURCE_CONFIGURATION = { token: 'video_source_config', name: 'Camera' } as const;
/** Most profiles that clients may make: recorders make one each, and homes have few; a limit keeps the state small. */
export const MAX_USER_PROFILES = 4;

/** A media profile made by a client. */
export interface StoredProfile {
  readonly token: string;
  readonly name: string;
  /** Token of the configuration of the video source in it; undefined: it has none. */
  readonly videoSource?: string | undefined;
  /** Token of the encoder in it; undefined: it has none. */
  readonly videoEncoder?: string | undefined;
  /** Token of the metadata configuration in it; undefined: it has none. */
  readonly metadata?: string | undefined;
}

/** What keeps the profiles made by clients. */
export interface ProfileStore {
  /** Returns the profiles. */
  list(): readonly StoredProfile[];
  /** Replaces the list. @throws AppError where it cannot be written */
  save(list: readonly StoredProfile[]): void;
}

/** Returns the store of profiles in the state. */
export const storedProfiles = (state: StateStore): ProfileStore => ({
  list: () => state.state.profiles,
  save: (list) => state.update({ profiles: [...list] }),
});

/** A video source with what encodes it, under one name. */
export interface MediaProfile {
  readonly token: string;
  readonly name: string;
  /** Whether it is the device's own, which cannot be deleted and keeps its configurations. */
  readonly fixed: boolean;
  /** Whether it has the video source. */
  readonly videoSource: boolean;
  /** The stream in it; undefined where it has none, or one that is not there at present. */
  readonly stream: VideoStream | undefined;
  /** Whether it has the events beside the picture. */
  readonly metadata: boolean;
}

/** What a change puts into a profile, by token; undefined takes it out. */
export type ProfileChange = Pick<StoredProfile, 'videoSource' | 'videoEncoder' | 'metadata'>;

/** The streams of the device, and where the profiles of clients are kept. */
export interface ProfilesOptions {
  /** Returns the streams that there are, in the order in which clients see them. */
  readonly streams: () => readonly VideoStream[];
  /** Where the profiles of clients are kept. */
  readonly store: ProfileStore;
  /** Whether events are sent beside the picture. */
  readonly metadata: boolean;
}

/** The media profiles of the device: a fixed one for each stream, and those that clients made. */
export class Profiles {
  constructor(private readonly options: ProfilesOptions) {}

  /** Returns all profiles, the fixed ones first. */
  list(): readonly MediaProfile[] {
    const { streams, store, metadata } = this.options;
    const fixed = streams().map((stream) => ({ token: stream.id, name: stream.name, fixed: true, videoSource: true, stream, metadata }));
    // A client may have taken the token of a fixed profile while there was no such stream yet.
    const stored = store.list().filter(({ token }) => !fixed.some((profile) => profile.token === token));
    return [...fixed, ...stored.map((profile) => this.#madeByClient(profile))];
  }

  /** Returns the profile of a token; undefined: there is none. */
  find(token: string): MediaProfile | undefined {
    return this.list().find((profile) => profile.token === token);
  }

  /** How many profiles there can be. */
  get maximum(): number {
    return this.options.streams().length + MAX_USER_PROFILES;
  }

  /** Whether clients may make no further profile. */
  get full(): boolean {
    return this.options.store.list().length >= MAX_USER_PROFILES;
  }

  /**
   * Makes an empty profile.
   * @param token a free one; undefined: one is made up
   * @throws AppError where it cannot be kept
   */
  create(name: string, token: string | undefined): MediaProfile {
    const { store } = this.options;
    const stored: StoredProfile = { token: token ?? freeToken(new Set(this.list().map((profile) => profile.token))), name };
    store.save([...store.list(), stored]);
    return this.#madeByClient(stored);
  }

  /**
   * Deletes a profile.
   * @param token of one that a client made
   * @throws AppError where that cannot be kept
   */
  delete(token: string): void {
    const { store } = this.options;
    store.save(store.list().filter((stored) => stored.token !== token));
  }

  /** Returns whether a profile can be changed so: the device's own keep what they have. */
  allows({ fixed, stream }: MediaProfile, change: ProfileChange): boolean {
    const metadata = this.options.metadata ? METADATA.encoder : undefined;
    const own = { videoSource: SOURCE_CONFIGURATION.token, videoEncoder: stream?.encoder, metadata };
    return !fixed || Object.entries(change).every(([kind, token]) => token === own[kind as keyof typeof own]);
  }

  /** Changes a profile that {@link allows} it. @throws AppError where that cannot be kept */
  configure({ token, fixed }: MediaProfile, change: ProfileChange): void {
    const { store } = this.options;
    if (!fixed) store.save(store.list().map((stored) => (stored.token === token ? { ...stored, ...change } : stored)));
  }

  /** Returns the streams that may be put into a profile. */
  compatibleStreams({ fixed, stream }: MediaProfile): readonly VideoStream[] {
    return fixed && stream ? [stream] : this.options.streams();
  }

  #madeByClient({ token, name, videoSource, videoEncoder, metadata }: StoredProfile): MediaProfile {
    // A stream that is gone (ffmpeg was uninstalled, say) is left out until it is back.
    const stream = this.options.streams().find((known) => known.encoder === videoEncoder);
    const has = {
      videoSource: videoSource === SOURCE_CONFIGURATION.token,
      metadata: this.options.metadata && metadata === METADATA.encoder,
    };
    return { token, name, fixed: false, ...has, stream };
  }
}

/** Returns the first free one of "profile_1" and so on. */
function freeToken(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`profile_${number}`)) number++;
  return `profile_${number}`;
}
