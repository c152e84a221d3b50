import { METADATA } from '../../device/stream-names.ts';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { boolean, child, optionalToken, text, token } from '../args.ts';
import { refusalAs } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import { describeMetadata } from './describe.ts';
import type { MediaModel } from './model.ts';
import { multicastChange } from './multicast.ts';

/** Operations on the one metadata configuration: events beside the picture of every stream. */
export const metadataOperations = (model: MediaModel): readonly Operation[] => [
  {
    name: 'AddMetadataConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      const profile = model.profile(token(request, 'ProfileToken'));
      model.checkMetadataConfiguration(token(request, 'ConfigurationToken'));
      model.configure(profile, { metadata: METADATA.encoder });
      return {};
    },
  },
  {
    name: 'RemoveMetadataConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      model.configure(model.profile(token(request, 'ProfileToken')), { metadata: undefined });
      return {};
    },
  },
  {
    name: 'GetMetadataConfigurations',
    access: 'READ_MEDIA',
    handle: () => ({ Configurations: configurations(model) }),
  },
  {
    name: 'GetMetadataConfiguration',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.checkMetadataConfiguration(token(request, 'ConfigurationToken'));
      return { Configuration: describeMetadata(model) };
    },
  },
  {
    name: 'GetCompatibleMetadataConfigurations',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.profile(token(request, 'ProfileToken'));
      return { Configurations: configurations(model) };
    },
  },
  {
    // ForcePersistence is ignored: ONVIF made it obsolete, everything persists.
    name: 'SetMetadataConfiguration',
    access: 'ACTUATE',
    handle: async (request) => {
      const configuration = child(request, 'Configuration');
      model.checkMetadataConfiguration(token(child(configuration, 'attributes'), 'token'));
      checkUnchanged(configuration);
      const target = multicastChange(model, METADATA, child(configuration, 'Multicast'));
      try {
        if (target) await model.multicast?.change(METADATA.encoder, target);
      } catch (error) {
        throw refusalAs('ConfigModify', error);
      }
      return {};
    },
  },
  {
    name: 'GetMetadataConfigurationOptions',
    access: 'READ_MEDIA',
    handle: (request) => {
      const configuration = optionalToken(request, 'ConfigurationToken');
      if (configuration !== undefined) model.checkMetadataConfiguration(configuration);
      const profile = optionalToken(request, 'ProfileToken');
      if (profile !== undefined) model.profile(profile);
      return { Options: { PTZStatusFilterOptions: { PanTiltStatusSupported: false, ZoomStatusSupported: false } } };
    },
  },
];

const configurations = (model: MediaModel): readonly SoapObject[] => (model.metadata ? [describeMetadata(model)] : []);

/** Throws ConfigModify for what cannot be set: all events are sent, and nothing else. SessionTimeout is a hint, and passes. */
function checkUnchanged(configuration: SoapObject): void {
  const name = text(configuration, 'Name')?.trim();
  if (name !== undefined && name !== METADATA.name) throw invalidArgument('ConfigModify', 'The metadata configuration cannot be renamed.');
  if (boolean(configuration, 'Analytics') === true)
    throw invalidArgument('ConfigModify', 'There is no analytics data to be sent; Analytics can only be false.');
  const ptz = child(configuration, 'PTZStatus');
  if (boolean(ptz, 'Status') === true || boolean(ptz, 'Position') === true)
    throw invalidArgument('ConfigModify', 'The camera does not move; PTZStatus can only be false.');
  if (Object.keys(child(child(configuration, 'Events'), 'Filter')).some((name) => name !== 'attributes'))
    throw invalidArgument('ConfigModify', 'All events are sent beside the picture; a filter belongs to CreatePullPointSubscription.');
}
