import { SOURCE_CONFIGURATION } from '../../device/profiles.ts';
import { SoapFault } from '../../protocols/soap/fault.ts';
import { optionalToken, required, text, token } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import { describeProfile } from './describe.ts';
import { type MediaModel, tooManyProfiles, UNPRINTABLE } from './model.ts';

/** Longest name, characters (tt:Name). */
const MAX_NAME = 64;

/** Operations that make, list, fill and delete media profiles. */
export const profileOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'CreateProfile',
    access: 'ACTUATE',
    answerToStranger,
    handle: (request) => {
      const name = required(request, 'Name').trim();
      if (name.length > MAX_NAME || name.search(UNPRINTABLE) >= 0)
        throw new SoapFault('Sender', ['InvalidArgVal'], `Name must be plain text of at most ${MAX_NAME} characters.`);
      const chosen = optionalToken(request, 'Token');
      if (chosen !== undefined) checkNewToken(chosen);
      return { Profile: describeProfile(model, model.create(name, chosen)) };
    },
  },
  {
    name: 'GetProfile',
    access: 'READ_MEDIA',
    handle: (request) => ({ Profile: describeProfile(model, model.profile(token(request, 'ProfileToken'))) }),
  },
  {
    name: 'GetProfiles',
    access: 'READ_MEDIA',
    handle: () => ({ Profiles: model.profiles.map((profile) => describeProfile(model, profile)) }),
  },
  {
    name: 'DeleteProfile',
    access: 'ACTUATE',
    handle: (request) => {
      model.delete(token(request, 'ProfileToken'));
      return {};
    },
  },
  {
    name: 'AddVideoSourceConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      const profile = model.profile(token(request, 'ProfileToken'));
      model.checkSourceConfiguration(token(request, 'ConfigurationToken'));
      model.configure(profile, { videoSource: SOURCE_CONFIGURATION.token });
      return {};
    },
  },
  {
    name: 'AddVideoEncoderConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      const profile = model.profile(token(request, 'ProfileToken'));
      const { encoder } = model.stream(token(request, 'ConfigurationToken'));
      model.configure(profile, { videoEncoder: encoder });
      return {};
    },
  },
  {
    name: 'RemoveVideoSourceConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      model.configure(model.profile(token(request, 'ProfileToken')), { videoSource: undefined });
      return {};
    },
  },
  {
    name: 'RemoveVideoEncoderConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      model.configure(model.profile(token(request, 'ProfileToken')), { videoEncoder: undefined });
      return {};
    },
  },
];

/**
 * Returns the fault for a CreateProfile without any credentials where NotAuthorized would mislead; undefined: NotAuthorized it is.
 * Synology's recorders try one, and take NotAuthorized for a wrong password; told that there are too many profiles, they go on with
 * the fixed ones.
 */
export const answerToStranger = (request: SoapObject): SoapFault | undefined =>
  text(request, 'Name')?.trim() === 'SynoTestProfile' ? tooManyProfiles() : undefined;

/** Tokens go into XML, logs and the state file: so only plain characters, and 64 of them at most (tt:ReferenceToken). */
function checkNewToken(chosen: string): void {
  if (!/^[\w.:-]{1,64}$/.test(chosen))
    throw new SoapFault('Sender', ['InvalidArgVal'], 'A token has 1 to 64 characters out of A-Z, a-z, 0-9, "-", ".", ":" and "_".');
}
