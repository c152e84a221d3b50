import type { ImagingController, ImagingOffers } from '../../device/imaging.ts';
import { VIDEO_SOURCE } from '../../device/profiles.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, child, required } from '../args.ts';
import { attempt } from '../refusal.ts';
import type { Operation, Service, SoapObject } from '../service.ts';
import { imagingChange, moveChange } from './change.ts';
import { describeImaging, describeMoveOptions, describeOptions, describeStatus } from './describe.ts';

/** Answers a request that names our source, which has something to be set. */
type Handle = (request: SoapObject, has: ImagingOffers) => SoapObject;

/**
 * Returns the ONVIF imaging service (ver20; Imaging Service Specification): the settings that the present source has. There are no
 * presets: their operations are answered with ActionNotSupported, as the capabilities say.
 */
export function makeImagingService(imaging: ImagingController): Service {
  const operation = (name: string, access: Operation['access'], handle: Handle): Operation => ({
    name,
    access,
    handle: (request) => handle(request, checkSource(request, imaging)),
  });
  return {
    name: 'imaging',
    namespace: 'http://www.onvif.org/ver20/imaging/wsdl',
    path: '/onvif/imaging_service',
    version: { major: 19, minor: 6 },
    operations: [
      {
        name: 'GetServiceCapabilities',
        access: 'PRE_AUTH',
        handle: () => ({ Capabilities: { attributes: { ImageStabilization: false, Presets: false } } }),
      },
      operation('GetImagingSettings', 'READ_MEDIA', () => ({ ImagingSettings: describeImaging(imaging) })),
      operation('SetImagingSettings', 'ACTUATE', (request, has) => {
        const keep = boolean(request, 'ForcePersistence') ?? true;
        const change = imagingChange(child(request, 'ImagingSettings'), imaging.settings(), has);
        attempt('SettingsInvalid', () => imaging.change(change, keep));
        return {};
      }),
      operation('GetOptions', 'READ_MEDIA', (_, has) => ({ ImagingOptions: describeOptions(has) })),
      operation('GetMoveOptions', 'READ_MEDIA', (_, has) => ({ MoveOptions: describeMoveOptions(has) })),
      operation('Move', 'ACTUATE', (request, has) => {
        const change = moveChange(child(request, 'Focus'), imaging.settings(), lensOf(has));
        attempt('SettingsInvalid', () => imaging.change(change, true));
        return {};
      }),
      // The lens does not tell how far it is: a move counts as over at once, and there is nothing to stop.
      operation('Stop', 'ACTUATE', (_, has) => {
        lensOf(has);
        return {};
      }),
      operation('GetStatus', 'READ_MEDIA', (_, has) => ({ Status: describeStatus(imaging.settings(), has) })),
    ],
  };
}

/** Returns what the source has. Throws NoSource, NoImagingForSource. */
function checkSource(request: SoapObject, imaging: ImagingController): ImagingOffers {
  const source = required(request, 'VideoSourceToken').trim();
  if (source !== VIDEO_SOURCE) throw invalidArgument('NoSource', `The only video source is "${VIDEO_SOURCE}".`);
  const has = imaging.offers();
  if (!has) throw noImaging('Nothing can be set of the image of this source.');
  return has;
}

/** Returns the range of the lens, dioptres. Throws NoImagingForSource. */
function lensOf({ lensPosition }: ImagingOffers): NonNullable<ImagingOffers['lensPosition']> {
  if (!lensPosition) throw noImaging('The lens of this camera cannot be moved.');
  return lensPosition;
}

const noImaging = (reason: string): SoapFault => new SoapFault('Receiver', ['ActionNotSupported', 'NoImagingForSource'], reason);
