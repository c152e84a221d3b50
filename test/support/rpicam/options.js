/**
 * The options of rpicam-vid: name, one-letter form, kind of value, default, and the versions that know it.
 * The descriptions are ours; everything a program could depend on (names, values, defaults) is the real one's.
 *
 * @typedef {'flag' | 'unsigned' | 'int' | 'float' | 'text'} Kind
 * @typedef {object} Option
 * @property {string} name long name
 * @property {string} [short] one-letter name with its dash
 * @property {Kind} kind
 * @property {string} [fallback] value where the option is absent, as --help shows it
 * @property {string} [implicit] value where the option is given without one; only such an option may stand alone
 * @property {string} [since] first version that knows it
 * @property {string} [until] first version that no longer knows it
 * @property {{ version: string, kind: Kind }} [before] kind of value in versions older than this
 * @property {string} help
 */

/** @returns {Option} */
const option = (names, kind, help, rest = {}) => {
  const [name = '', letter] = names.split(',');
  return { name, short: letter && `-${letter}`, kind, help, ...rest };
};
const flag = (names, help, rest = {}) => option(names, 'flag', help, { fallback: '0', implicit: '1', ...rest });
const count = (names, help, rest = {}) => option(names, 'unsigned', help, { fallback: '0', ...rest });
const float = (names, fallback, help) => option(names, 'float', help, fallback === '' ? {} : { fallback });
const text = (names, fallback, help, rest = {}) => option(names, 'text', help, fallback === '' ? rest : { fallback, ...rest });

/** In the order of `--help`. @type {readonly Option[]} */
const OPTIONS = [
  flag('help,h', 'print this list'),
  flag('version', 'print the version'),
  flag('list-cameras', 'print the cameras that are attached'),
  count('camera', 'index of the camera, as --list-cameras counts'),
  count('verbose,v', '0 silent, 1 normal, 2 chatty', { fallback: '1', implicit: '2' }),
  text('config,c', '', 'file to read further options from', { implicit: 'config.txt' }),
  text('info-text', '#%frame (%fps fps) exp %exp ag %ag dg %dg', 'line printed for every frame'),
  count('width', 'picture width'),
  count('height', 'picture height'),
  text('timeout,t', '5sec', 'how long to run, 0 for ever; milliseconds without a unit', { before: { version: '1.2.2', kind: 'unsigned' } }),
  text('output,o', '', 'file to write, - for the standard output'),
  flag('rawfull', 'use the full sensor', { until: '1.3.0' }),
  text('post-process-file', '', 'JSON file with post-processing stages'),
  text('post-process-libs', '', 'folder of the post-processing libraries', { since: '1.5.0' }),
  flag('nopreview,n', 'no preview window'),
  text('preview,p', '0,0,0,0', 'place of the preview window: x,y,width,height'),
  flag('fullscreen,f', 'preview on the whole screen'),
  flag('qt-preview', 'preview by Qt'),
  text('preview-libs', '', 'folder of the preview libraries', { since: '1.9.0' }),
  text('preview-backend', '', 'preview by this backend', { since: '1.13.0' }),
  flag('hflip', 'mirror left and right'),
  flag('vflip', 'mirror top and bottom'),
  option('rotation', 'int', 'turn the picture: 0 or 180', { fallback: '0' }),
  text('roi', '0,0,0,0', 'digital zoom: x,y,width,height, each 0 to 1'),
  text('shutter', '0', 'exposure time; microseconds without a unit', { before: { version: '1.2.2', kind: 'float' } }),
  float('analoggain', '0', 'the same as --gain'),
  float('gain', '', 'analogue gain'),
  text('metering', 'centre', 'centre, spot, average, matrix, custom'),
  text('exposure', 'normal', 'normal, sport, short, long, custom'),
  float('ev', '0', 'exposure compensation in stops'),
  text('awb', 'auto', 'white balance mode'),
  text('awbgains', '0,0', 'red and blue gain'),
  text('ccm', '', 'colour correction matrix, nine numbers', { since: '1.9.0' }),
  flag('flush', 'write every frame at once'),
  count('wrap', 'start the file counter again at this number'),
  float('brightness', '0', '-1 to 1'),
  float('contrast', '1', '1 is normal'),
  float('saturation', '1', '1 is normal'),
  float('sharpness', '1', '1 is normal'),
  float('framerate', '-1', 'frames per second'),
  text('denoise', 'auto', 'auto, off, cdn_off, cdn_fast, cdn_hq'),
  count('viewfinder-width', 'width of preview frames'),
  count('viewfinder-height', 'height of preview frames'),
  text('tuning-file', '-', 'tuning file of the camera'),
  count('lores-width', 'width of the second, small stream'),
  count('lores-height', 'height of the second, small stream'),
  flag('lores-par', 'keep the pixel aspect ratio of the small stream', { since: '1.5.3' }),
  text('mode', '', 'sensor mode: width:height:bits:P or U'),
  text('viewfinder-mode', '', 'sensor mode for the preview'),
  count('buffer-count', 'capture buffers', { since: '1.1.2' }),
  count('viewfinder-buffer-count', 'preview buffers', { since: '1.1.2' }),
  flag('no-raw', 'do without the raw stream', { since: '1.3.0' }),
  text('autofocus-mode', 'default', 'default, manual, auto, continuous', { since: '1.1.2' }),
  text('autofocus-range', 'normal', 'normal, macro, full', { since: '1.1.2' }),
  text('autofocus-speed', 'normal', 'normal, fast', { since: '1.1.2' }),
  text('autofocus-window', '0,0,0,0', 'part of the picture to focus on', { since: '1.1.2' }),
  text('lens-position', '', 'focus in dioptres, or default', { since: '1.1.2' }),
  text('hdr', 'off', 'off, auto, sensor, single-exp', { implicit: 'auto', since: '1.1.2', before: { version: '1.3.0', kind: 'flag' } }),
  text('metadata', '', 'file for what is known about each frame'),
  text('metadata-format', 'json', 'json or txt'),
  text('flicker-period', '0s', 'flicker of the lamps: 10000us for 50 Hz, 8333us for 60 Hz', { since: '1.2.2' }),
  text('bitrate,b', '0bps', 'bits per second', { before: { version: '1.2.2', kind: 'unsigned' } }),
  text('profile', '', 'profile of the encoder'),
  text('level', '', 'level of the encoder'),
  count('intra,g', 'frames from one intra frame to the next'),
  flag('inline', 'parameter sets in front of every intra frame'),
  text('codec', 'h264', 'h264, libav, mjpeg, yuv420'),
  text('encoder-libs', '', 'folder of the encoder libraries', { since: '1.9.0' }),
  text('save-pts', '', 'file for the time of each frame'),
  option('quality,q', 'int', 'JPEG quality', { fallback: '50' }),
  flag('listen,l', 'wait for a client before sending'),
  flag('keypress,k', 'the enter key pauses and resumes'),
  flag('signal,s', 'SIGUSR1 pauses and resumes, SIGUSR2 ends'),
  text('initial,i', 'record', 'record or pause'),
  flag('split', 'a new file after every pause'),
  count('segment', 'milliseconds per file'),
  count('circular', 'megabytes to keep in memory', { implicit: '4' }),
  count('frames', 'end after so many frames'),
  text('libav-video-codec', 'h264_v4l2m2m', 'video codec of libav', { since: '1.2.2' }),
  text('libav-video-codec-opts', '', 'options of that codec', { since: '1.4.4' }),
  text('libav-format', '', 'container of libav'),
  flag('libav-audio', 'record sound too'),
  text('audio-codec', 'aac', 'audio codec of libav'),
  text('audio-source', 'pulse', 'pulse or alsa'),
  text('audio-device', 'default', 'audio device'),
  count('audio-channels', 'audio channels', { since: '1.2.2' }),
  text('audio-bitrate', '32kbps', 'bits per second of the sound', { before: { version: '1.2.2', kind: 'unsigned' } }),
  count('audio-samplerate', 'samples per second of the sound'),
  text('av-sync', '0us', 'sound later than the picture by this; microseconds without a unit', {
    before: { version: '1.2.2', kind: 'int' },
  }),
  flag('low-latency', 'encode for a short delay', { since: '1.6.0' }),
  text('sync', 'off', 'off, server, client', { since: '1.6.0' }),
];

/** −1, 0 or 1, as for `sort`. Versions are like "1.4.0". */
export function compareVersions(a, b) {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = Math.sign((left[i] ?? 0) - (right[i] ?? 0));
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The options that a version knows; without a version those of today.
 *
 * @param {string} [version]
 * @returns {Option[]}
 */
export function optionsOf(version) {
  if (version === undefined) return OPTIONS.filter((o) => o.until === undefined);
  const known = ({ since, until }) =>
    (since === undefined || compareVersions(version, since) >= 0) && (until === undefined || compareVersions(version, until) < 0);
  return OPTIONS.filter(known).map((o) => {
    if (o.before === undefined || compareVersions(version, o.before.version) >= 0) return o;
    const { kind } = o.before;
    return { ...o, kind, ...(kind === 'flag' ? { fallback: '0', implicit: '1' } : { fallback: '0' }) };
  });
}

/** Column at which the descriptions of `--help` begin. */
const HELP_COLUMN = 40;

/** The text of `--help`: the real layout, with short descriptions. */
export function helpText(options) {
  const lines = options.map((o) => {
    const names = o.short === undefined ? `--${o.name}` : `${o.short} [ --${o.name} ]`;
    const value = o.implicit === undefined ? 'arg' : `[=arg(=${o.implicit})]`;
    const left = `  ${names} ${value}${o.fallback === undefined ? '' : ` (=${o.fallback})`}`;
    const gap = left.length < HELP_COLUMN ? left.padEnd(HELP_COLUMN) : `${left}\n${' '.repeat(HELP_COLUMN)}`;
    return `${gap}${o.help}\n`;
  });
  return `Valid options are:\n${lines.join('')}`;
}
