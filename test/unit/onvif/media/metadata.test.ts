import { describe, expect, test } from '@jest/globals';
import { at, FakeMulticast, faultOf, fullMediaService, mediaService, sentBack } from '../../../support/onvif-media.ts';

const CONFIG = 'metadata_config';

describe('the metadata configuration', () => {
  test('is in every fixed profile, and is told by each operation alike', async () => {
    const { call } = fullMediaService();
    const { Profiles } = await call('GetProfiles');
    const { Configurations } = await call('GetMetadataConfigurations');
    expect(Profiles).toHaveLength(2);
    for (const profile of Profiles as object[]) expect(at(profile, 'MetadataConfiguration')).toEqual(at(Configurations, 0));
    expect(at(Configurations, 0)).toMatchObject({
      attributes: { token: CONFIG },
      UseCount: 2,
      Events: {},
      Analytics: false,
      Multicast: { Address: { IPv4Address: '239.255.1.2' }, Port: 5010 },
    });
    expect(await call('GetMetadataConfiguration', { ConfigurationToken: CONFIG })).toEqual({ Configuration: at(Configurations, 0) });
    expect(await call('GetCompatibleMetadataConfigurations', { ProfileToken: 'mjpeg' })).toEqual({ Configurations });
    expect(await call('GetMetadataConfigurationOptions', { ProfileToken: 'mjpeg' })).toHaveProperty('Options.PTZStatusFilterOptions');
  });

  test("goes into a client's profile and out of it, and stays across a restart", async () => {
    const { call, store } = fullMediaService();
    await call('CreateProfile', { Name: 'mine', Token: 'mine' });
    await call('AddMetadataConfiguration', { ProfileToken: 'mine', ConfigurationToken: CONFIG });
    expect(
      at(await fullMediaService({ store }).call('GetProfile', { ProfileToken: 'mine' }), 'Profile', 'MetadataConfiguration', 'UseCount'),
    ).toBe(3);
    await call('RemoveMetadataConfiguration', { ProfileToken: 'mine' });
    expect(at(await call('GetProfile', { ProfileToken: 'mine' }), 'Profile')).not.toHaveProperty('MetadataConfiguration');
    await call('RemoveMetadataConfiguration', { ProfileToken: 'mine' });
  });

  test('stays in the fixed profiles', async () => {
    const { call } = fullMediaService();
    await call('AddMetadataConfiguration', { ProfileToken: 'mjpeg', ConfigurationToken: CONFIG });
    expect(await faultOf(call('RemoveMetadataConfiguration', { ProfileToken: 'mjpeg' }))).toBe('Receiver/Action/ConfigurationConflict');
  });

  test('may be sent back as it is, and moved to another group', async () => {
    const { call, multicast } = fullMediaService();
    const { Configuration } = await call('GetMetadataConfiguration', { ConfigurationToken: CONFIG });
    await call('SetMetadataConfiguration', { Configuration: sentBack(Configuration), ForcePersistence: 'true' });
    const moved = {
      attributes: { token: CONFIG },
      Multicast: { Address: { Type: 'IPv4', IPv4Address: '239.1.1.1' }, Port: '6000', TTL: '2' },
    };
    await call('SetMetadataConfiguration', { Configuration: moved });
    expect(multicast.target(CONFIG)).toEqual({ address: '239.1.1.1', port: 6000, ttl: 2 });
  });

  test.each([
    [{ Name: 'other' }],
    [{ Analytics: 'true' }],
    [{ PTZStatus: { Status: 'true', Position: 'false' } }],
    [{ Events: { Filter: { TopicExpression: 'tns1:VideoSource//.' } } }],
    [{ Multicast: { Address: { Type: 'IPv4', IPv4Address: '239.255.1.2' }, Port: '5004' } }],
  ])('%j cannot be: ConfigModify', async (change) => {
    const { call } = fullMediaService();
    const answer = call('SetMetadataConfiguration', { Configuration: { attributes: { token: CONFIG }, ...change } });
    expect(await faultOf(answer)).toBe('Sender/InvalidArgVal/ConfigModify');
  });

  test.each(['GetMetadataConfiguration', 'GetMetadataConfigurationOptions', 'AddMetadataConfiguration'])(
    '%s of another token: NoConfig',
    async (name) => {
      const { call } = fullMediaService();
      expect(await faultOf(call(name, { ProfileToken: 'mjpeg', ConfigurationToken: 'other' }))).toBe('Sender/InvalidArgVal/NoConfig');
    },
  );

  test('is not there without RTSP', async () => {
    const { call } = mediaService({ multicast: new FakeMulticast() });
    expect(await call('GetMetadataConfigurations')).toEqual({ Configurations: [] });
    expect(at(await call('GetProfiles'), 'Profiles', 0)).not.toHaveProperty('MetadataConfiguration');
    expect(await faultOf(call('GetMetadataConfiguration', { ConfigurationToken: CONFIG }))).toBe('Sender/InvalidArgVal/NoConfig');
  });
});

test('a synchronisation point tells every state again to those who play a profile that has it', async () => {
  const { call, metadata } = fullMediaService();
  await call('SetSynchronizationPoint', { ProfileToken: 'mjpeg' });
  expect(metadata.synchronized).toBe(1);
  await call('CreateProfile', { Name: 'mine', Token: 'mine' });
  await call('SetSynchronizationPoint', { ProfileToken: 'mine' });
  expect(metadata.synchronized).toBe(1);
});
