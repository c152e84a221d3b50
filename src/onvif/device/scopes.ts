import type { IdentitySettings } from '../../device/settings.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import type { DeviceServiceOptions } from './options.ts';
import { invalidValue } from './refusals.ts';

/** A scope of WS-Discovery (Core Specification, "Scopes"): a URI without spaces. */
export interface Scope {
  readonly uri: string;
  /** Recorders cannot change it. */
  readonly fixed: boolean;
}

const ROOT = 'onvif://www.onvif.org/';

/** The location while nobody has set one: recorders expect this scope. */
const NO_LOCATION = 'unknown';

/** Longest scope, characters: all scopes together must fit into one datagram of discovery. */
const MAX_LENGTH = 255;
/** Longest name, characters, as in the settings. */
const MAX_NAME_LENGTH = 64;

/** Returns all scopes of the camera, for GetScopes and for discovery alike. */
export function deviceScopes({ machine, identity }: Pick<DeviceServiceOptions, 'machine' | 'identity'>): readonly Scope[] {
  const mac = machine.mac();
  const fixed = [
    'Profile/Streaming',
    'type/video_encoder',
    'type/Network_Video_Transmitter',
    `hardware/${encodeURIComponent(machine.hardware().model)}`,
    // The colons stay: recorders compare it with GetNetworkInterfaces.
    ...(mac ? [`mac/${mac}`] : []),
  ];
  return [...fixed.map((path) => ({ uri: ROOT + path, fixed: true })), ...configurable(identity).map((uri) => ({ uri, fixed: false }))];
}

/** Returns the scopes that recorders may change: those of name and location first. */
export const configurable = ({ name, location, scopes }: IdentitySettings): readonly string[] => [
  `${ROOT}name/${encodeURIComponent(name)}`,
  `${ROOT}location/${(location || NO_LOCATION).split('/').map(encodeURIComponent).join('/')}`,
  ...scopes,
];

/**
 * Returns a scope that a recorder wrote in the form in which it is kept: what no URI may have (spaces, umlauts) percent-encoded, and
 * the scheme and authority of ONVIF in lower case (RFC 3986, section 6.2.2.1). Throws Sender / InvalidArgVal for what is no URI.
 */
export function normalScope(text: string): string {
  const trimmed = text.trim();
  if (!/^[a-z][a-z0-9+.-]*:./i.test(trimmed)) throw invalidValue(`A scope must be a URI such as ${ROOT}location/door, not "${trimmed}".`);
  if (/\p{Cs}/u.test(trimmed)) throw invalidValue('A scope must be a URI.');
  const uri = encodeURI(trimmed).replace(/%25(?=[0-9a-f]{2})/gi, '%');
  if (uri.length > MAX_LENGTH) throw invalidValue(`A scope may have ${MAX_LENGTH} characters.`);
  return uri.toLowerCase().startsWith(ROOT) ? ROOT + uri.slice(ROOT.length) : uri;
}

/**
 * Returns what a list of scopes changes of the identity: the first `name/` and `location/` are the camera's name and location, the
 * others are kept as they are. A list without one of the two leaves that as it was. Throws TooManyScopes, InvalidArgVal.
 * @param fixed scopes to ignore
 * @param max most configurable scopes, those of name and location included
 */
export function identityOf(
  uris: readonly string[],
  fixed: readonly string[],
  max: number,
  now: IdentitySettings,
): Partial<IdentitySettings> {
  const wanted = [...new Set(uris)].filter((uri) => !fixed.includes(uri));
  const name = wanted.find((uri) => uri.startsWith(`${ROOT}name/`));
  const location = wanted.find((uri) => uri.startsWith(`${ROOT}location/`));
  const scopes = wanted.filter((uri) => uri !== name && uri !== location);
  if (scopes.length + 2 > max) throw new SoapFault('Receiver', ['Action', 'TooManyScopes'], `There may be ${max} configurable scopes.`);
  const [nameNow, locationNow] = configurable(now);
  return {
    // What did not change is left out: a location that nobody has set stays unset.
    ...(name !== undefined && name !== nameNow && { name: nameIn(name) }),
    ...(location !== undefined && location !== locationNow && { location: textIn(location) }),
    scopes,
  };
}

/** Throws Sender / OperationProhibited / FixedScope or Sender / InvalidArgVal / NoScope for scopes that cannot be removed. */
export function checkRemovable(uris: readonly string[], scopes: readonly Scope[]): void {
  const inUse = scopes.filter((scope) => !scope.fixed).map((scope) => scope.uri);
  const left = inUse.filter((uri) => !uris.includes(uri));
  for (const uri of uris) {
    const known = scopes.find((scope) => scope.uri === uri);
    if (!known) throw invalidArgument('NoScope', `There is no scope "${uri}".`);
    const kind = ['name/', 'location/'].find((each) => uri.startsWith(ROOT + each));
    if (known.fixed) throw fixedScope(`The scope "${uri}" is fixed.`);
    if (kind && !left.some((other) => other.startsWith(ROOT + kind)))
      throw fixedScope(`The camera always has a scope ${ROOT}${kind}…; set another one with SetScopes.`);
  }
}

const fixedScope = (reason: string): SoapFault => new SoapFault('Sender', ['OperationProhibited', 'FixedScope'], reason);

function nameIn(uri: string): string {
  const name = textIn(uri);
  if ([...name].length > MAX_NAME_LENGTH) throw invalidValue(`A name may have ${MAX_NAME_LENGTH} characters.`);
  return name;
}

/** The text after "name/" or "location/", decoded. Throws Sender / InvalidArgVal for what cannot be shown. */
function textIn(uri: string): string {
  const encoded = uri.slice(uri.indexOf('/', ROOT.length) + 1);
  try {
    const value = decodeURIComponent(encoded).trim();
    if (value !== '' && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)) return value;
  } catch {
    // Not UTF-8: refused like every other text that cannot be shown.
  }
  throw invalidValue(`"${encoded}" is not a printable text in percent-encoded UTF-8.`);
}
