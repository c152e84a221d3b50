// Requests to the web server: heads, bodies, logins, forms; and SOAP.
import { readdirSync, readFileSync } from 'node:fs';
import { BASIC, PASSWORD } from './camera.mjs';
import { cut, mutateBytes, mutateText } from './mutate.mjs';
import { mutateXml } from './xml.mjs';

const FIXTURES = new URL('../fixtures/soap/', import.meta.url);
const ENVELOPES = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.xml'))
  .sort()
  .map((name) => readFileSync(new URL(name, FIXTURES), 'utf8'));

const DIGEST = `Digest username="admin", realm="onvif-camera", nonce="0123456789abcdef0123456789abcdef", uri="/snapshot.jpg", response="6629fae49393a05397450978507c4ef1", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="0a4f113b"`;

/** Words of HTTP, and of what this server understands. */
const WORDS = [
  'GET',
  'HEAD',
  'POST',
  'OPTIONS',
  'CONNECT',
  'HTTP',
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'chunked',
  'identity',
  'gzip',
  'Connection',
  'close',
  'keep-alive',
  'Upgrade',
  'websocket',
  'Expect',
  '100-continue',
  'Authorization',
  'Basic',
  'Digest',
  'Bearer',
  'username',
  'realm',
  'nonce',
  'uri',
  'response',
  'algorithm',
  'MD5',
  'SHA-256',
  'qop',
  'auth',
  'nc',
  'cnonce',
  'Cookie',
  'Range',
  'bytes',
  'If-None-Match',
  'Accept',
  'text/html',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'Forwarded',
  'for',
  'proto',
  'Origin',
  'x-sessioncookie',
  'application/x-rtsp-tunnelled',
  'login',
  'logout',
  'snapshot.jpg',
  'stream.mjpg',
  'healthz',
  'metrics',
  'api',
  'status',
  'assets',
  'onvif',
  'device_service',
  'action',
  'fps',
  'advance',
  'next',
  'password',
  'wsdl',
];

const PATHS = [
  '/',
  '/login',
  '/login?next=/',
  '/logout',
  '/snapshot.jpg',
  '/healthz',
  '/metrics',
  '/api/status',
  '/assets/page.js',
  '/assets/../main.js',
  '/assets/style.css',
  '/favicon.ico',
  '/index.html',
  '/?action=snapshot',
  '/cam.mjpg',
  '/onvif/device_service?wsdl',
  '/onvif/x',
  '//healthz',
  '*',
  'http://a/healthz',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/stream.mjpg?fps=5&advance=1',
];

const HEADERS = [
  ['Accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
  ['Accept-Encoding', 'gzip, deflate, br'],
  ['Connection', 'keep-alive'],
  ['Cookie', 'onvif_camera_8080=abcdefghijklmnop; other="x y"; a=b'],
  ['Range', 'bytes=0-99, 200-, -5'],
  ['If-None-Match', 'W/"abc", "def"'],
  ['If-Modified-Since', 'Sat, 29 Oct 1994 19:43:31 GMT'],
  ['X-Forwarded-For', '203.0.113.7, ::1, unknown'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Host', 'camera.example:443'],
  ['Forwarded', 'for="[2001:db8::1]:80";proto=https;host=a'],
  ['Origin', 'http://192.0.2.1:8080'],
  ['Authorization', DIGEST],
  ['Authorization', 'Basic YWRtaW46d3Jvbmc='],
  ['Authorization', 'Bearer abcdefghijklmnop'],
  ['Expect', '100-continue'],
  ['X-Requested-With', 'page'],
  ['x-sessioncookie', 'a1bbc4f57dde1a1a'],
  ['Upgrade', 'websocket'],
  ['Content-Encoding', 'gzip'],
];

/** What a request consists of, before it is bytes. */
function bytesOf({ method, target, version, headers, body, framing }, random) {
  const framed =
    framing === 'chunked'
      ? [...headers, ['Transfer-Encoding', 'chunked']]
      : framing === 'length'
        ? [...headers, ['Content-Length', String(body.length)]]
        : framing === 'wrong'
          ? [...headers, ['Content-Length', random.pick(['0', '1', String(body.length + 5), '-1', '1e3', '4294967296', ''])]]
          : headers;
  const head = Buffer.from(
    `${method} ${target} ${version}\r\n${framed.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'utf8',
  );
  return Buffer.concat([head, framing === 'chunked' ? chunked(body, random) : body]);
}

function chunked(body, random) {
  const pieces = [];
  const most = random.pick([1, 7, 1000, 65_536]);
  // Many small ones only of what is small: it is the camera that is to work.
  for (let at = 0; at < body.length; ) {
    const length = Math.min(most === 1 && body.length > 3000 ? 500 : most, body.length - at);
    const extension = random.once(30) ? ';a="b"' : '';
    pieces.push(Buffer.from(`${length.toString(16)}${extension}\r\n`), body.subarray(at, at + length), Buffer.from('\r\n'));
    at += length;
  }
  return Buffer.concat([...pieces, Buffer.from(random.once(10) ? '0\r\nX-Trailer: a\r\n\r\n' : random.once(20) ? '' : '0\r\n\r\n')]);
}

function headersFor(random, own) {
  const headers = [
    ['Host', random.once(15) ? random.pick(['', 'evil.example', '[::1]:8080', 'a b', '192.0.2.1:99999']) : '192.0.2.1'],
    ...own,
  ];
  for (let count = random.below(5); count > 0; count--) headers.push(random.pick(HEADERS));
  if (random.once(60)) for (let k = 0; k < 2100; k++) headers.push([`X-${k % 7}`, 'a']);
  return headers;
}

/** Changes to the parts; what is left alone makes that the others are looked at. */
function change(request, random) {
  for (let count = random.below(3); count > 0; count--) {
    const at = random.below(request.headers.length);
    const [name, value] = request.headers[at];
    switch (random.below(7)) {
      case 0:
        request.method = mutateText(request.method, random, WORDS).slice(0, 60);
        break;
      case 1:
        request.target = mutateText(request.target, random, WORDS);
        break;
      case 2:
        request.version = random.pick(['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/0.9', 'RTSP/1.0', 'http/1.1', '']);
        break;
      case 3:
        request.headers[at] = [mutateText(name, random, WORDS).slice(0, 200), value];
        break;
      case 4:
        request.headers.splice(at, random.below(2), random.pick(request.headers));
        break;
      default:
        request.headers[at] = [name, mutateText(value, random, WORDS)];
    }
  }
  return request;
}

/** The finished input: mostly as it was put together, some with bytes changed as well. */
function finish(request, random) {
  const bytes = bytesOf(change(request, random), random);
  return cut(random.once(4) ? mutateBytes(bytes, random) : bytes, random);
}

const FRAMINGS = ['length', 'length', 'length', 'chunked', 'wrong', 'none'];
const NOTHING = Buffer.alloc(0);

/** Any request, most of them without a body. @returns {Buffer[]} */
export function httpRequest(random) {
  const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'TRACE', 'DELETE']);
  const body = random.once(6) ? random.bytes(random.size(5000)) : NOTHING;
  const own = random.once(2) ? [['Authorization', random.once(3) ? DIGEST : BASIC]] : [];
  return finish(
    {
      method,
      target: random.pick(PATHS),
      version: 'HTTP/1.1',
      headers: headersFor(random, own),
      body,
      framing: body.length > 0 ? random.pick(FRAMINGS) : 'none',
    },
    random,
  );
}

/** The login form. @returns {Buffer[]} */
export function loginRequest(random) {
  const form = random.pick([
    `username=admin&password=${encodeURIComponent(PASSWORD)}&next=%2F`,
    'username=admin&password=wrong',
    'next=//evil&username[]=a&username[b]=c',
    'a=b&'.repeat(random.below(1500)),
  ]);
  const body = Buffer.from(random.once(3) ? form : mutateText(form, random, WORDS));
  const type = random.pick([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'application/x-www-form-urlencoded; charset=utf-7',
    'multipart/form-data; boundary=x',
    'application/json',
    '',
  ]);
  return finish(
    {
      method: 'POST',
      target: random.pick(['/login', '/login', '/logout']),
      version: 'HTTP/1.1',
      headers: headersFor(random, [['Content-Type', type]]),
      body,
      framing: random.pick(FRAMINGS),
    },
    random,
  );
}

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';
const TOKENS = '<trt:ProfileToken>mjpeg</trt:ProfileToken><trt:ConfigurationToken>mjpeg</trt:ConfigurationToken>';

/** Calls that an administrator may make a million times: none of them locks out, restarts or moves the camera. */
const CALLS = [
  ...[
    'GetDeviceInformation',
    'GetScopes',
    'GetUsers',
    'GetNetworkInterfaces',
    'GetNetworkProtocols',
    'GetHostname',
    'GetDNS',
    'GetNTP',
    'GetDiscoveryMode',
    'GetSystemDateAndTime',
    'GetWsdlUrl',
    'GetEndpointReference',
    'GetZeroConfiguration',
    'GetServiceCapabilities',
  ].map((name) => `<tds:${name}/>`),
  '<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>',
  '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>',
  '<tds:DeleteUsers><tds:Username>nobody</tds:Username></tds:DeleteUsers>',
  '<tds:RemoveScopes><tds:ScopeItem>onvif://www.onvif.org/a/b</tds:ScopeItem></tds:RemoveScopes>',
  '<tds:SetSystemDateAndTime><tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings><tds:TimeZone><tt:TZ>CET-1CEST,M3.5.0,M10.5.0/3</tt:TZ></tds:TimeZone></tds:SetSystemDateAndTime>',
  ...['GetProfiles', 'GetVideoSources', 'GetVideoSourceConfigurations', 'GetVideoEncoderConfigurations', 'GetServiceCapabilities'].map(
    (name) => `<trt:${name}/>`,
  ),
  ...[
    'GetProfile',
    'GetSnapshotUri',
    'GetVideoEncoderConfiguration',
    'GetVideoEncoderConfigurationOptions',
    'GetVideoSourceConfigurationOptions',
    'GetGuaranteedNumberOfVideoEncoderInstances',
    'DeleteProfile',
    'SetSynchronizationPoint',
  ].map((name) => `<trt:${name}>${TOKENS}</trt:${name}>`),
  '<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup><trt:ProfileToken>mjpeg</trt:ProfileToken></trt:GetStreamUri>',
];

/** What only strangers say here: it must be refused, however it is put. */
const FORBIDDEN = [
  '<tds:SystemReboot/>',
  '<tds:SetSystemFactoryDefault><tds:FactoryDefault>Hard</tds:FactoryDefault></tds:SetSystemFactoryDefault>',
  '<tds:CreateUsers><tds:User><tt:Username>m</tt:Username><tt:Password>mmmmmmmm</tt:Password><tt:UserLevel>Administrator</tt:UserLevel></tds:User></tds:CreateUsers>',
  '<tds:SetNetworkProtocols><tds:NetworkProtocols><tt:Name>HTTP</tt:Name><tt:Enabled>true</tt:Enabled><tt:Port>81</tt:Port></tds:NetworkProtocols></tds:SetNetworkProtocols>',
  '<trt:CreateProfile><trt:Name>a</trt:Name></trt:CreateProfile>',
];

const SOAP_WORDS = [
  'Envelope',
  'Header',
  'Body',
  'Security',
  'UsernameToken',
  'Username',
  'Password',
  'Nonce',
  'Created',
  'mustUnderstand',
  'Action',
  'tds',
  'trt',
  'tt',
  'xmlns',
  'ProfileToken',
  'true',
  'RTSP',
  'UDP',
  'RTP-Multicast',
  'All',
  'Media',
  'admin',
  PASSWORD,
  'PasswordText',
  '2026-01-02T03:04:05Z',
  'H264',
  'JPEG',
];

const envelope = (call) =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body xmlns:tds="${DEVICE}" xmlns:trt="${MEDIA}" xmlns:tt="${SCHEMA}">${call}</s:Body></s:Envelope>`;

/** A call of an ONVIF service, as a client sends it or nearly so; with the right password, a wrong one or none. @returns {Buffer[]} */
export function soapRequest(random) {
  const allowed = random.once(2);
  const plain = random.once(4) ? random.pick(ENVELOPES) : envelope(random.pick(allowed ? CALLS : [...CALLS, ...FORBIDDEN]));
  let text = plain;
  for (let count = random.below(4); count > 0; count--) text = mutateXml(text, random, SOAP_WORDS);
  const encoding = random.once(25) ? random.pick(['utf16le', 'latin1']) : 'utf8';
  const headers = headersFor(random, [
    ['Content-Type', random.pick(['application/soap+xml; charset=utf-8', 'text/xml', 'application/soap+xml; action="a', ''])],
    ...(allowed ? [['Authorization', BASIC]] : []),
  ]);
  const target = random.pick(['/onvif/device_service', '/onvif/media_service', '//onvif/device_service', '/onvif/services', '/onvif/']);
  return finish(
    { method: 'POST', target, version: 'HTTP/1.1', headers, body: Buffer.from(text, encoding), framing: random.pick(FRAMINGS) },
    random,
  );
}

/** A SOAP message by itself. @returns {string} */
export function soapMessage(random) {
  let text = random.once(2) ? random.pick(ENVELOPES) : envelope(random.pick([...CALLS, ...FORBIDDEN]));
  for (let count = 1 + random.below(3); count > 0; count--) text = mutateXml(text, random, SOAP_WORDS);
  return text;
}
