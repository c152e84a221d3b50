import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FailureLimiter } from '../../src/auth/failure-limiter.ts';
import { HttpAuthenticator } from '../../src/auth/http-authenticator.ts';
import { KnownAddresses } from '../../src/auth/known-addresses.ts';
import { ReplayCache } from '../../src/auth/replay-cache.ts';
import { DEFAULT_WINDOW, UsernameTokenAuthenticator } from '../../src/auth/username-token.ts';
import { UserStore } from '../../src/auth/users.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/log.ts';
import { Authorizer } from '../../src/onvif/authorizer.ts';
import { type EndpointOptions, OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import type { Operation, RequestContext, Service, SoapObject } from '../../src/onvif/service.ts';
import { SoapFault } from '../../src/protocols/soap/fault.ts';
import type { SoapHttpAnswer, SoapHttpRequest } from '../../src/protocols/soap/http.ts';
import { FakeClock } from './fake-clock.ts';

export const WSDL_DIR = join(import.meta.dirname, '../../wsdl');
export const TDS = 'http://www.onvif.org/ver10/device/wsdl';
export const TRT = 'http://www.onvif.org/ver10/media/wsdl';
export const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
export const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
export const TOKEN_PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';

/** The password of `admin`, with which the fixtures are made. */
export const ADMIN_PASSWORD = 'open sesame';
export const USER_PASSWORD = 'the blue door';

/** A request as a client sent it, for {@link FakeClock.EPOCH} and {@link ADMIN_PASSWORD}. */
export const fixture = (name: string): string => readFileSync(join(import.meta.dirname, '../fixtures/soap', `${name}.xml`), 'utf8');

export interface Call {
  readonly name: string;
  readonly request: SoapObject;
  readonly context: RequestContext;
}

/** Lets everybody do everything, where a test is about something else. */
export const LETS_EVERYBODY: EndpointOptions['authorizer'] = {
  decide: async () => ({ user: undefined }),
  ask: () => {
    throw new Error('nobody is to be asked');
  },
};

/**
 * An endpoint over the real WSDL files, with a few operations that note their calls.
 * @param options.auth `off`: as with the setting `auth.enabled: false`; false: see {@link LETS_EVERYBODY}
 */
export async function startEndpoint({ auth = true }: { auth?: boolean | 'off' } = {}) {
  const clock = new FakeClock();
  const calls: Call[] = [];
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const log: Logger = { debug: note, info: note, warn: note, error: note };
  const users = new UserStore([
    { name: 'admin', password: ADMIN_PASSWORD, level: 'Administrator' },
    { name: 'watcher', password: USER_PASSWORD, level: 'User' },
  ]);
  const limiter = new FailureLimiter({ clock, users });
  const known = new KnownAddresses(clock);
  const http = new HttpAuthenticator({ users, clock, realm: 'onvif-camera' });
  const used = new ReplayCache({ clock, window: DEFAULT_WINDOW * 1000 });
  const usernameTokens = new UsernameTokenAuthenticator({ users, clock, used });
  const endpoint = new OnvifEndpoint({
    services: makeServices(calls, clock),
    wsdlDir: WSDL_DIR,
    authorizer: auth
      ? new Authorizer({ users, authenticator: http, usernameTokens, limiter, known, open: auth === 'off', clock, log })
      : LETS_EVERYBODY,
    clock,
    log,
  });
  await endpoint.start();
  const send = (request: Partial<SoapHttpRequest>): Promise<SoapHttpAnswer> =>
    endpoint.handle({ ...REQUEST, connection: {}, signal: new AbortController().signal, ...request });
  return {
    endpoint,
    clock,
    calls,
    lines,
    limiter,
    known,
    http,
    send,
    post: (body: string, request: Partial<SoapHttpRequest> = {}) => send({ ...request, body }),
  };
}

/** A request of nobody, without a body. */
export const REQUEST: Omit<SoapHttpRequest, 'signal'> = {
  method: 'POST',
  url: '/onvif/device_service',
  authorization: undefined,
  body: undefined,
  remoteAddress: '192.168.1.77',
  connection: {},
  shared: false,
  baseUrl: 'http://192.168.1.5:8080',
  addressUrl: 'http://192.168.1.5:8080',
  host: '192.168.1.5',
};

/** The text as a SOAP 1.2 message. */
export const envelope = (body: string, header = ''): string =>
  `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;

export const tds = (name: string, content = ''): string =>
  `<${name} xmlns="${TDS}" xmlns:tt="http://www.onvif.org/ver10/schema">${content}</${name}>`;
export const trt = (name: string, content = ''): string =>
  `<${name} xmlns="${TRT}" xmlns:tt="http://www.onvif.org/ver10/schema">${content}</${name}>`;

export interface TokenOptions {
  readonly username?: string;
  readonly password?: string;
  readonly nonce?: string;
  readonly created?: string;
}

/** A wsse:Security header with a digest. */
export function security({
  username = 'admin',
  password = ADMIN_PASSWORD,
  nonce = 'a nonce',
  created = '2026-01-02T03:04:05Z',
}: TokenOptions = {}) {
  const digest = createHash('sha1').update(`${nonce}${created}${password}`).digest('base64');
  return (
    `<w:Security xmlns:w="${WSSE}" xmlns:u="${WSU}"><w:UsernameToken><w:Username>${username}</w:Username>` +
    `<w:Password Type="${TOKEN_PROFILE}#PasswordDigest">${digest}</w:Password>` +
    `<w:Nonce>${Buffer.from(nonce).toString('base64')}</w:Nonce><u:Created>${created}</u:Created></w:UsernameToken></w:Security>`
  );
}

/** "Sender/NotAuthorized" of the fault in a SOAP 1.2 answer. */
export const faultCodes = ({ body }: SoapHttpAnswer): string =>
  [...body.matchAll(/<env:Value>(?:env|ter):(\w+)<\/env:Value>/g)].map((match) => match[1]).join('/');

function makeServices(calls: Call[], clock: FakeClock): Service[] {
  const operation = (name: string, access: Operation['access'], answer: (request: SoapObject) => SoapObject = () => ({})): Operation => ({
    name,
    access,
    handle: async (request, context) => {
      calls.push({ name, request, context });
      return answer(request);
    },
  });
  const device: Service = {
    name: 'device',
    namespace: TDS,
    path: '/onvif/device_service',
    version: { major: 2, minor: 60 },
    operations: [
      operation('GetSystemDateAndTime', 'PRE_AUTH', () => ({ SystemDateAndTime: dateAndTime(clock.now()) })),
      operation('GetHostname', 'PRE_AUTH', () => ({ HostnameInformation: { FromDHCP: false, Name: undefined } })),
      operation('GetDeviceInformation', 'READ_SYSTEM', () => ({
        Manufacturer: 'Rasp & <Pi>',
        Model: '<![CDATA[x]]><evil/><![CDATA[]]>',
        FirmwareVersion: '1.0.0\u0000',
        SerialNumber: 'é"\'',
        HardwareId: 'a\nb',
      })),
      operation('GetScopes', 'READ_SYSTEM', () => ({
        Scopes: [
          { ScopeDef: 'Fixed', ScopeItem: 'onvif://www.onvif.org/type/video_encoder' },
          { ScopeDef: 'Configurable', ScopeItem: 'onvif://www.onvif.org/name/Pi' },
        ],
      })),
      operation('GetNetworkDefaultGateway', 'READ_SYSTEM', () => ({ NetworkGateway: null }) as SoapObject),
      operation('GetZeroConfiguration', 'READ_SYSTEM_SECRET'),
      operation('CreateUsers', 'WRITE_SYSTEM'),
      operation('SetSystemDateAndTime', 'WRITE_SYSTEM'),
      operation('SetHostname', 'WRITE_SYSTEM', () => {
        throw new SoapFault('Sender', ['InvalidArgVal', 'InvalidHostname'], 'Not a name: "<&>".');
      }),
      operation('SetDNS', 'WRITE_SYSTEM', () => {
        throw new AppError('DATA_DIR', 'The directory /data cannot be written.');
      }),
      operation('SetNTP', 'WRITE_SYSTEM', () => {
        throw new TypeError('secret is not a function');
      }),
      operation('SystemReboot', 'UNRECOVERABLE', () => {
        const response: Record<string, unknown> = {};
        response.Message = response;
        return response;
      }),
    ],
  };
  const media: Service = {
    name: 'media',
    namespace: TRT,
    path: '/onvif/media_service',
    version: { major: 2, minor: 60 },
    operations: [
      operation('GetProfiles', 'READ_MEDIA', () => ({ Profiles: [profile('mjpeg')] })),
      operation('GetStreamUri', 'READ_MEDIA', () => ({
        MediaUri: { Uri: 'rtsp://192.168.1.5:8554/mjpeg', InvalidAfterConnect: false, InvalidAfterReboot: false, Timeout: 'PT0S' },
      })),
      {
        ...operation('CreateProfile', 'ACTUATE'),
        answerToStranger: ({ Name }) =>
          Name === 'SynoTestProfile' ? new SoapFault('Receiver', ['Action', 'MaxNVTProfiles'], 'No more profiles fit.') : undefined,
      },
    ],
  };
  return [device, media];
}

const dateAndTime = (now: number): SoapObject => {
  const time = new Date(now);
  return {
    DateTimeType: 'NTP',
    DaylightSavings: false,
    TimeZone: { TZ: 'UTC0' },
    UTCDateTime: {
      Time: { Hour: time.getUTCHours(), Minute: time.getUTCMinutes(), Second: time.getUTCSeconds() },
      Date: { Year: time.getUTCFullYear(), Month: time.getUTCMonth() + 1, Day: time.getUTCDate() },
    },
  };
};

const profile = (token: string): SoapObject => ({
  attributes: { token, fixed: true },
  Name: token,
  VideoSourceConfiguration: {
    attributes: { token: 'video_source_configuration' },
    Name: 'camera',
    UseCount: 1,
    SourceToken: 'video_source',
    Bounds: { attributes: { x: 0, y: 0, width: 1280, height: 720 } },
  },
});
