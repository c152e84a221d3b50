import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { FakeMulticast, fullMediaService, MEDIA_OPERATIONS, mediaService } from '../../../support/onvif-media.ts';
import { schemaPath } from '../../../support/onvif-schemas.ts';
import { describeNeeding } from '../../../support/programs.ts';
import { cannotValidate, schemaProblems, toEnvelope } from '../../../support/soap-object-to-xml.ts';

const NAMESPACE = 'http://www.onvif.org/ver10/media/wsdl';

test('the table has these operations, each with its access class', () => {
  const { service } = mediaService();
  const table = service.operations.map(({ name, access }) => [name, access]);
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(Object.entries(MEDIA_OPERATIONS).map(([name, [access]]) => [name, access])));
  expect(table).toHaveLength(Object.keys(MEDIA_OPERATIONS).length);
  expect(service).toMatchObject({ name: 'media', namespace: NAMESPACE, path: '/onvif/media_service' });
});

describeNeeding(cannotValidate, 'by the official schemas', () => {
  /** All responses of a device with one empty and one full profile of a client. */
  async function responses(media: ReturnType<typeof mediaService>): Promise<Map<string, string>> {
    await media.call('CreateProfile', { Name: 'empty' });
    await media.call('CreateProfile', { Name: 'mine', Token: 'mine' });
    const messages = new Map<string, string>();
    for (const [name, [, request]] of Object.entries(MEDIA_OPERATIONS))
      messages.set(name, toEnvelope(NAMESPACE, `${name}Response`, await media.call(name, request)));
    return messages;
  }

  test('every response is valid', async () => {
    expect(schemaProblems(await responses(fullMediaService()))).toEqual([]);
  });

  test('so it is with RTSP, odd rates and pictures that come as they are', async () => {
    const media = mediaService({ rtsp: { port: 8554 }, multicast: new FakeMulticast() });
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
    const official = JSON.stringify(JSON.parse(readFileSync(schemaPath('operations.json'), 'utf8')));
    for (const name of Object.keys(MEDIA_OPERATIONS)) expect(official).toContain(`"${name}"`);
  });
});
