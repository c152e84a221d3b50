import type { AccessClass } from '../../src/auth/access.ts';
import { DEFAULT_CAMERA_SETTINGS } from '../../src/camera/defaults.ts';
import type { AnnotateOffers, ImageSettings, ImagingController, ImagingOffers } from '../../src/device/imaging.ts';
import type { SoapObject } from '../../src/onvif/service.ts';

/** All that a source can have. */
export const EVERYTHING: ImagingOffers = {
  brightness: { min: -1, max: 1 },
  contrast: { min: 0, max: 15.99 },
  saturation: { min: 0, max: 15.99 },
  sharpness: { min: 0, max: 15.99 },
  ev: { min: -8, max: 8 },
  exposure: { shutter: { min: 100, max: 1_000_000 }, gain: { min: 1, max: 16 } },
  awbGains: { min: 0.1, max: 32 },
  hdr: 'sensor',
  lensPosition: { min: 0, max: 10 },
};

/** An image that is as it is told, and notes what it was told. */
export class FakeImaging implements ImagingController {
  now: ImageSettings = DEFAULT_CAMERA_SETTINGS;
  offered: ImagingOffers | undefined = EVERYTHING;
  corners: AnnotateOffers | undefined = { positions: ['upper-left', 'lower-right'] };
  readonly changes: (readonly [change: Partial<ImageSettings>, keep: boolean])[] = [];
  /** Thrown by the next change. */
  failure: Error | undefined;

  settings() {
    return this.now;
  }

  offers() {
    return this.offered;
  }

  annotate() {
    return this.corners;
  }

  change(change: Partial<ImageSettings>, keep: boolean) {
    if (this.failure) throw this.failure;
    this.changes.push([change, keep]);
    this.now = { ...this.now, ...change };
  }
}

const SOURCE = { VideoSourceToken: 'video_source' };

/** ONVIF Imaging Service Specification: access class of each command, and a request that it answers. */
export const IMAGING_OPERATIONS: Readonly<Record<string, readonly [access: AccessClass, request: SoapObject]>> = {
  GetServiceCapabilities: ['PRE_AUTH', {}],
  GetImagingSettings: ['READ_MEDIA', SOURCE],
  SetImagingSettings: ['ACTUATE', { ...SOURCE, ImagingSettings: { Brightness: '60' }, ForcePersistence: 'false' }],
  GetOptions: ['READ_MEDIA', SOURCE],
  Move: ['ACTUATE', { ...SOURCE, Focus: { Absolute: { Position: '2' } } }],
  GetMoveOptions: ['READ_MEDIA', SOURCE],
  Stop: ['ACTUATE', SOURCE],
  GetStatus: ['READ_MEDIA', SOURCE],
};
