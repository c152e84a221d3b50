import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { AccessClass } from '../../src/auth/access.ts';
import type { SoapObject } from '../../src/onvif/service.ts';
import { mediaService } from '../support/onvif-media.ts';
import { cannotValidate, schemaProblems, toEnvelope } from '../support/soap-object-to-xml.ts';

const NAMESPACE = 'http://www.onvif.org/ver10/media/wsdl';

const SCHEMAS = join(import.meta.dirname, '../../../shared/onvif-schemas');
if (cannotValidate) console.warn(`Not validated: ${cannotValidate}.`);

/** ONVIF Media Service Specification: access class of each command, and a request that it answers. */
const OPERATIONS: Readonly<Record<string, readonly [access: AccessClass, request: SoapObject]>> = {
  GetServiceCapabilities: ['PRE_AUTH', {}],
  GetVideoSources: ['READ_MEDIA', {}],
  CreateProfile: ['ACTUATE', { Name: 'Tom & "Jerry" <3', Token: 'new' }],
  GetProfile: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  GetProfiles: ['READ_MEDIA', {}],
  AddVideoSourceConfiguration: ['ACTUATE', { ProfileToken: 'mine', ConfigurationToken: 'video_source_config' }],
  AddVideoEncoderConfiguration: ['ACTUATE', { ProfileToken: 'mine', ConfigurationToken: 'mjpeg_encoder' }],
  RemoveVideoEncoderConfiguration: ['ACTUATE', { ProfileToken: 'mine' }],
  RemoveVideoSourceConfiguration: ['ACTUATE', { ProfileToken: 'mine' }],
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
  GetStreamUri: ['READ_MEDIA', { StreamSetup: { Stream: 'RTP-Unicast', Transport: { Protocol: 'HTTP' } }, ProfileToken: 'mjpeg' }],
  GetSnapshotUri: ['READ_MEDIA', { ProfileToken: 'mjpeg' }],
  SetSynchronizationPoint: ['ACTUATE', { ProfileToken: 'mjpeg' }],
};

test('the table has these operations, each with its access class', () => {
  const { service } = mediaService();
  const table = service.operations.map(({ name, access }) => [name, access]);
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(Object.entries(OPERATIONS).map(([name, [access]]) => [name, access])));
  expect(table).toHaveLength(Object.keys(OPERATIONS).length);
  expect(service).toMatchObject({ name: 'media', namespace: NAMESPACE, path: '/onvif/media_service' });
});

(cannotValidate ? describe.skip : describe)('by the official schemas', () => {
  /** All responses of a device with one empty and one full profile of a client. */
  async function responses(media: ReturnType<typeof mediaService>): Promise<Map<string, string>> {
    await media.call('CreateProfile', { Name: 'empty' });
    await media.call('CreateProfile', { Name: 'mine', Token: 'mine' });
    const messages = new Map<string, string>();
    for (const [name, [, request]] of Object.entries(OPERATIONS))
      messages.set(name, toEnvelope(NAMESPACE, `${name}Response`, await media.call(name, request)));
    return messages;
  }

  test('every response is valid', async () => {
    expect(schemaProblems(await responses(mediaService()))).toEqual([]);
  });

  test('so it is with RTSP, odd rates and pictures that come as they are', async () => {
    const media = mediaService({ rtsp: { port: 8554 } });
    media.camera.asked = { ...media.camera.asked, fps: 0.1 };
    media.camera.offered = { sizes: [], fps: { min: 0.1, max: 0.5 }, quality: { min: 1, max: 100 } };
    media.camera.real = { width: 642, height: 362, fps: 0.123 };
    expect(schemaProblems(await responses(media))).toEqual([]);
  });

  test('the validation sees a wrong order, a fraction where an integer belongs, and a missing element', async () => {
    const { Configurations } = await mediaService().call('GetVideoEncoderConfigurations');
    const [configuration] = Configurations as SoapObject[];
    const { UseCount, ...rest } = configuration!;
    for (const wrong of [{ ...rest, UseCount }, { ...configuration, UseCount: 1.5 }, rest]) {
      const message = toEnvelope(NAMESPACE, 'GetVideoEncoderConfigurationsResponse', { Configurations: [wrong] });
      expect(schemaProblems(new Map([['wrong', message]]))).not.toEqual([]);
    }
  });

  test('the operations exist in the official port type', () => {
    const official = JSON.stringify(JSON.parse(readFileSync(join(SCHEMAS, 'operations.json'), 'utf8')));
    for (const name of Object.keys(OPERATIONS)) expect(official).toContain(`"${name}"`);
  });
});
