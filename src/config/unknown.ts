import { type Setting, VARIABLE_PREFIX } from './schema.ts';
import { didYouMean, nearest } from './suggest.ts';

/** The names of a setting, one for each place where it can be written. */
export type Names = Pick<Setting, 'key' | 'flag' | 'variable'>;

const PASSWORD =
  `The password of the user admin is no setting: set it with \`onvif-camera user password admin\`, give it in the environment (${VARIABLE_PREFIX}PASSWORD=... onvif-camera), or use ` +
  'the one that was shown at the first start.';
const HTTPS = 'onvif-camera speaks plain HTTP; for HTTPS a proxy such as Caddy or nginx stands in front of it.';

/** By name that people look for in vain: what to tell them. */
const REMARKS: ReadonlyMap<string, string> = new Map([
  ...['password', 'passwd', 'pass', 'pwd', 'secret', 'credentials'].map((word) => [word, PASSWORD] as const),
  ...['user', 'users', 'username', 'login', 'account', 'admin'].map(
    (word) => [word, `The first user is always admin; others are added with \`onvif-camera user add NAME\`. ${PASSWORD}`] as const,
  ),
  ...['https', 'tls', 'ssl', 'cert', 'certificate'].map((word) => [word, HTTPS] as const),
]);

/** By the name that other programs have for a setting, without capitals and dashes: the keys that it has here. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'camera.width camera.height': 'resolution size dimensions geometry',
    'camera.fps': 'framerate rate framespersecond',
    'camera.quality': 'jpegquality jpeg compression',
    'camera.rotation': 'rotate orientation angle',
    'camera.hflip': 'flip mirror horizontalflip fliphorizontal',
    'camera.vflip': 'verticalflip flipvertical upsidedown',
    'camera.source': 'device input video videodevice webcam',
    'camera.annotate': 'text overlay timestamp osd',
    'camera.roi': 'zoom crop',
    'camera.gain': 'iso',
    'camera.shutter': 'shutterspeed exposuretime',
    'camera.awb': 'whitebalance wb',
    'camera.exposure': 'night nightmode exposuremode',
    'camera.autofocus': 'focus',
    'camera.idleTimeout': 'idle',
    'camera.rpicamPath': 'rpicam libcamera',
    'camera.extraArgs': 'args options arguments',
    name: 'title label cameraname devicename',
    bind: 'host address listen ip interface',
    dataDir: 'data directory statedir storage datadirectory',
    'http.port': 'port webport',
    'rtsp.multicast.enabled': 'multicast',
    'h264.encoder': 'codec',
    'h264.keyframeInterval': 'gop gopsize keyint keyframes',
    'h264.ffmpegPath': 'ffmpeg',
    'auth.enabled': 'authentication security',
    'discovery.enabled': 'mdns wsdiscovery bonjour',
    'log.level': 'verbose verbosity debug',
  }).flatMap(([keys, words]) => words.split(' ').map((word) => [word, keys.split(' ')] as const)),
);

/** By the name that other programs have for a section: its name here. */
export const SECTION_SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({ video: 'camera', capture: 'camera', web: 'http', server: 'http', logging: 'log', security: 'auth', encoder: 'h264' }),
);

/** Returns the advice for the name of a setting that is missing on purpose: sentences with a space in front, or "". */
export function remarkOn(asked: string): string {
  const remark = tailsOf(wordsOf(asked))
    .map((tail) => REMARKS.get(tail))
    .find((each) => each !== undefined);
  return remark === undefined ? '' : ` ${remark}`;
}

/**
 * Returns the advice for the name of a setting that does not exist: sentences with a space in front, or "".
 *
 * @param asked as it was written: "camera.widht", "--widht" or "ONVIF_CAMERA_WIDHT"
 * @param kind the place where it was written
 * @param others further names that are known there
 */
export function adviseOnSetting(asked: string, settings: readonly Names[], kind: keyof Names, others: readonly string[] = []): string {
  const written = (setting: Names | undefined) => setting && (kind === 'flag' ? `--${setting.flag}` : setting[kind]);
  const keys = settings.map(({ key }) => key);
  const names = settings.map((setting) => written(setting) as string);
  const words = wordsOf(asked);
  const tails = tailsOf(words);
  const section = sectionOf(words, settings);
  const siblings = settings.filter(({ key }) => section !== '' && sectionIn(key) === section);
  const called = (meant: readonly string[] = []) =>
    meant.map((key) =>
      written(siblings.find((setting) => lastPart(setting.key) === lastPart(key)) ?? settings.find((setting) => setting.key === key)),
    );

  const remark = remarkOn(asked);
  if (remark !== '' || words.length === 0) return remark;
  const ofSiblings = () =>
    nearest(
      lastPart(asked),
      siblings.map(({ key }) => key),
      lastPart,
    );
  // From the most certain to the least.
  const guesses: readonly (() => readonly (string | undefined)[])[] = [
    () => [names.find((name) => wordsOf(name).join('') === tails[0])],
    () => called(SYNONYMS.get(tails[0] ?? '')),
    () => [kind === 'key' ? ofSiblings() : undefined],
    () => [nearest(bare(asked), [...names, ...others], bare)],
    () => [names.find((name) => lacksOneWord(words, wordsOf(name)))],
    // A section too many.
    () => [names.find((name) => wordsOf(name).join('') === tails[1])],
    () => called(tails.map((tail) => SYNONYMS.get(tail)).find((found) => found !== undefined)),
    // The wrong section.
    () => [kind === 'key' ? keys.find((key) => lastPart(key) === lastPart(asked)) : undefined],
  ];
  for (const guess of guesses) {
    const advice = didYouMean(...guess());
    if (advice !== '') return advice;
  }
  return '';
}

/** Returns the advice for the name of a section that does not exist, or "". @param known the sections that there are */
export function adviseOnSection(asked: string, known: readonly string[]): string {
  return remarkOn(asked) || didYouMean(nearest(asked, known) ?? SECTION_SYNONYMS.get(wordsOf(asked).join('')));
}

/** Returns a name without what all names of its kind begin with. */
const bare = (name: string) => (name.startsWith(VARIABLE_PREFIX) ? name.slice(VARIABLE_PREFIX.length) : name.replace(/^-+/, ''));

/** Returns the words of a name, however they are joined: "camera.idleTimeout", "--idle-timeout". */
const wordsOf = (name: string): string[] =>
  bare(name)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');

/** Returns a name's words from each of them on, joined: "cameraframerate", "framerate", "rate". */
const tailsOf = (words: readonly string[]) => words.map((_, at) => words.slice(at).join(''));

const lastPart = (key: string) => key.slice(key.lastIndexOf('.') + 1);
const sectionIn = (key: string) => key.slice(0, Math.max(0, key.lastIndexOf('.')));

/** Returns the longest section that a name begins with, "" for none. */
function sectionOf(words: readonly string[], settings: readonly Names[]): string {
  const begins = (section: string) => wordsOf(section).every((word, at) => word === words[at]);
  return settings
    .map(({ key }) => sectionIn(key))
    .filter((section) => section !== '' && begins(section))
    .reduce((longest, each) => (each.length > longest.length ? each : longest), '');
}

/** Returns whether `words` are `all` with one of them left out, as in "--port" for "--http-port". */
const lacksOneWord = (words: readonly string[], all: readonly string[]) =>
  words.length + 1 === all.length && all.some((_, left) => all.filter((_word, at) => at !== left).join() === words.join());
