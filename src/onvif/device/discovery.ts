import { SoapFault } from '../../protocols/soap/fault.ts';
import { required, texts } from '../args.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { DeviceServiceOptions } from './options.ts';
import { attempt, invalidValue } from './refusals.ts';
import { checkRemovable, configurable, deviceScopes, identityOf, normalScope } from './scopes.ts';

/** Operations on scopes, discovery mode and endpoint reference (Core Specification, chapter "Discovery"). */
export function discoveryOperations(options: DeviceServiceOptions): Operation[] {
  const { identity } = options;
  const update = (change: Parameters<typeof identity.update>[0]) => attempt(async () => identity.update(change));

  const setScopes = async (uris: readonly string[]): Promise<SoapObject> => {
    const fixed = deviceScopes(options)
      .filter((scope) => scope.fixed)
      .map((scope) => scope.uri);
    await update(identityOf(uris, fixed, options.limits.maxScopes, identity));
    return {};
  };

  return [
    {
      name: 'GetScopes',
      access: 'READ_SYSTEM',
      handle: () => ({
        Scopes: deviceScopes(options).map(({ uri, fixed }) => ({ ScopeDef: fixed ? 'Fixed' : 'Configurable', ScopeItem: uri })),
      }),
    },
    { name: 'SetScopes', access: 'WRITE_SYSTEM', handle: (request) => setScopes(scopesIn(request, 'Scopes')) },
    {
      name: 'AddScopes',
      access: 'WRITE_SYSTEM',
      handle: (request) => setScopes([...configurable(identity), ...scopesIn(request, 'ScopeItem')]),
    },
    {
      name: 'RemoveScopes',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const gone = [...new Set(scopesIn(request, 'ScopeItem'))];
        checkRemovable(gone, deviceScopes(options));
        await setScopes(configurable(identity).filter((uri) => !gone.includes(uri)));
        return { ScopeItem: gone };
      },
    },
    {
      name: 'GetDiscoveryMode',
      access: 'READ_SYSTEM',
      handle: () => ({ DiscoveryMode: identity.discoverable ? 'Discoverable' : 'NonDiscoverable' }),
    },
    {
      name: 'SetDiscoveryMode',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const mode = required(request, 'DiscoveryMode');
        if (mode !== 'Discoverable' && mode !== 'NonDiscoverable')
          throw invalidValue('DiscoveryMode must be Discoverable or NonDiscoverable.');
        await update({ discoverable: mode === 'Discoverable' });
        return {};
      },
    },
    { name: 'GetEndpointReference', access: 'PRE_AUTH', handle: () => ({ GUID: `urn:uuid:${options.uuid}` }) },
  ];
}

function scopesIn(request: SoapObject, name: string): string[] {
  const uris = texts(request, name).map(normalScope);
  if (uris.length === 0) throw new SoapFault('Sender', ['InvalidArgs'], `${name} is missing.`);
  return uris;
}
