import type { ImagingController } from '../../device/imaging.ts';
import { SOURCE_CONFIGURATION, VIDEO_SOURCE } from '../../device/profiles.ts';
import { invalidArgument } from '../../protocols/soap/fault.ts';
import { child, integer, text, token } from '../args.ts';
import { describeImaging, describeOldImaging } from '../imaging/describe.ts';
import type { Operation, SoapObject } from '../service.ts';
import { describeSize, describeSourceConfiguration } from './describe.ts';
import type { MediaModel } from './model.ts';

/** Operations on the one video source and its one configuration. */
export const videoSourceOperations = (model: MediaModel, imaging: ImagingController): readonly Operation[] => [
  {
    name: 'GetVideoSources',
    access: 'READ_MEDIA',
    handle: () => {
      const { frameRate, pictures } = model;
      const settings = describeImaging(imaging);
      return {
        VideoSources: [
          {
            attributes: { token: VIDEO_SOURCE },
            Framerate: frameRate,
            Resolution: describeSize(pictures),
            ...(settings && { Imaging: describeOldImaging(imaging), Extension: { Imaging: settings } }),
          },
        ],
      };
    },
  },
  {
    name: 'GetVideoSourceConfigurations',
    access: 'READ_MEDIA',
    handle: () => ({ Configurations: [describeSourceConfiguration(model)] }),
  },
  {
    name: 'GetVideoSourceConfiguration',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.checkSourceConfiguration(token(request, 'ConfigurationToken'));
      return { Configuration: describeSourceConfiguration(model) };
    },
  },
  {
    name: 'GetCompatibleVideoSourceConfigurations',
    access: 'READ_MEDIA',
    handle: (request) => {
      model.profile(token(request, 'ProfileToken'));
      return { Configurations: [describeSourceConfiguration(model)] };
    },
  },
  {
    name: 'SetVideoSourceConfiguration',
    access: 'ACTUATE',
    handle: (request) => {
      const configuration = child(request, 'Configuration');
      model.checkSourceConfiguration(token(child(configuration, 'attributes'), 'token'));
      checkUnchanged(model, configuration);
      return {};
    },
  },
];

/** Throws ConfigModify for anything but the whole picture of the only source: there is nothing else to choose. */
function checkUnchanged(model: MediaModel, configuration: SoapObject): void {
  const name = text(configuration, 'Name')?.trim();
  if (name !== undefined && name !== SOURCE_CONFIGURATION.name)
    throw invalidArgument('ConfigModify', 'The video source configuration cannot be renamed.');
  const source = text(configuration, 'SourceToken')?.trim();
  if (source !== undefined && source !== VIDEO_SOURCE) throw invalidArgument('ConfigModify', `The only video source is "${VIDEO_SOURCE}".`);
  const { width, height } = model.pictures;
  const whole = { x: 0, y: 0, width, height };
  const bounds = child(child(configuration, 'Bounds'), 'attributes');
  for (const [edge, offered] of Object.entries(whole)) {
    if ((integer(bounds, edge) ?? offered) !== offered)
      throw invalidArgument('ConfigModify', `Bounds can only be the whole picture: x 0, y 0, width ${width}, height ${height}.`);
  }
}
