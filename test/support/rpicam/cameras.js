/** The cameras that can be attached, and what is said about them. */

const IMX219 = {
  model: 'imx219',
  id: '/base/axi/pcie@120000/rp1/i2c@88000/imx219@10',
  width: 3280,
  height: 2464,
  /** Sensor sizes with the shortest frame time, microseconds. */
  sizes: [
    [640, 480, 4854],
    [1640, 1232, 24390],
    [1920, 1080, 21276],
    [3280, 2464, 47619],
  ],
};
const OV5647 = {
  model: 'ov5647',
  id: '/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36',
  width: 2592,
  height: 1944,
  sizes: [
    [640, 480, 17241],
    [1296, 972, 21739],
    [1920, 1080, 31250],
    [2592, 1944, 66666],
  ],
};
const IMX708 = {
  model: 'imx708',
  id: '/base/axi/pcie@120000/rp1/i2c@80000/imx708@1a',
  width: 4608,
  height: 2592,
  sizes: [
    [1536, 864, 8333],
    [2304, 1296, 17857],
    [4608, 2592, 71428],
  ],
  focuses: true,
};
/** Longest frame time of all, microseconds. */
const LONGEST_FRAME_US = 11_767_556;

const FORMATS = [
  { name: 'SRGGB10_CSI2P', bits: 10 },
  { name: 'SRGGB8', bits: 8 },
];

/** What is attached, by the scenario's word. */
const ATTACHED = { none: [], one: [IMX219], two: [IMX219, OV5647], imx708: [IMX708] };

/** On a Pi Zero to 4 cameras hang elsewhere. */
const onVc4 = (camera, index) => ({ ...camera, id: `/base/soc/i2c0mux/i2c@${index}/${camera.id.split('/').at(-1)}` });

export const attached = ({ cameras, platform }) => (platform === 'vc4' ? ATTACHED[cameras].map(onVc4) : ATTACHED[cameras]);

const fpsOf = (frameUs) => 1e6 / frameUs;

/** Every sensor mode: each size in each format, in the program's order. */
const modesOf = (camera) =>
  FORMATS.flatMap((format) => camera.sizes.map(([width, height, frameUs]) => ({ format, width, height, fps: fpsOf(frameUs) })));

/**
 * The text of `--list-cameras`.
 *
 * @param {readonly (typeof IMX219)[]} cameras
 * @param {(index: number) => boolean} isBusy a camera in use cannot be asked for the rate of each mode
 */
export function listText(cameras, isBusy, verbose) {
  if (cameras.length === 0) return 'No cameras available!\n';
  let text = 'Available cameras\n-----------------\n';
  cameras.forEach((camera, index) => {
    text += `${index} : ${camera.model} [${camera.width}x${camera.height} 10-bit RGGB] (${camera.id})\n`;
    FORMATS.forEach((format, formatIndex) => {
      const lead = `${formatIndex === 0 ? '    Modes: ' : '           '}'${format.name}' : `;
      const lines = camera.sizes.map(([width, height, frameUs]) => {
        const fps = fpsOf(isBusy(index) ? camera.sizes[0][2] : frameUs);
        return `${width}x${height} [${fps.toFixed(2)} fps - (0, 0)/${camera.width}x${camera.height} crop]`;
      });
      text += `${lead}${lines.join(`\n${' '.repeat(lead.length)}`)}\n`;
    });
    if (verbose) text += controlsText(camera);
    text += '\n';
  });
  return text;
}

function controlsText({ width, height, sizes, focuses = false }) {
  const size = `${width}x${height}`;
  const title = `Available controls for ${size} SRGGB10_CSI2P mode:`;
  const controls = [
    ...(focuses ? ['AfMode : [0..2]', 'AfTrigger : [0..1]'] : []),
    'AnalogueGain : [1.000000..10.666667]',
    'ExposureTime : [75..11766829]',
    'FaceDetectMode : [0..0]',
    `FrameDurationLimits : [${sizes.at(-1)[2]}..${LONGEST_FRAME_US}]`,
    ...(focuses ? ['LensPosition : [0.000000..32.000000]'] : []),
    `ScalerCrop : [(0, 0)/64x64..(0, 0)/${size}]`,
  ];
  return `\n    ${title}\n    ${'-'.repeat(title.length)}\n${controls.map((c) => `    ${c}\n`).join('')}`;
}

/** A number as C++ streams print it: six significant digits, no trailing zeros. */
function general(number) {
  const [digits, exponent] = number.toPrecision(6).split('e');
  const short = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return exponent === undefined ? short : `${short}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** How far a sensor mode is from the wish; too small counts eight times as much as too big. */
function distance(wished, actual) {
  if (wished === actual) return 0;
  return 2 * (wished > actual ? wished - actual : (actual - wished) / 8);
}

/**
 * Chooses the sensor mode, as the real program explains it on stderr.
 *
 * @returns the mode, and the lines about it
 */
export function selectMode(camera, settings) {
  const { framerate } = settings;
  const wished = settings.mode ?? { width: settings.width, height: settings.height, bits: 12, packing: 'P' };
  const width = wished.width || settings.width;
  const height = wished.height || settings.height;
  const rate = framerate === undefined || framerate === 0 ? '' : `(${general(framerate)})`;
  const lines = [`Mode selection for ${width}:${height}:${wished.bits}:${wished.packing}${rate}`];
  let best = { mode: undefined, score: Number.POSITIVE_INFINITY };
  for (const mode of modesOf(camera)) {
    const score =
      distance(width, mode.width) +
      distance(height, mode.height) +
      1500 * distance(width / height, mode.width / mode.height) +
      (rate === '' ? 0 : 2000 * Math.abs(framerate - Math.min(mode.fps, framerate))) +
      500 * Math.abs(wished.bits - mode.format.bits);
    if (score <= best.score) best = { mode, score };
    const fps = framerate === undefined ? 0 : mode.fps;
    lines.push(`    ${mode.format.name},${mode.width}x${mode.height}/${general(fps)} - Score: ${general(score)}`);
  }
  return { mode: best.mode ?? modesOf(camera)[0], lines };
}

/** The size that comes out: even, and no larger than the sensor. Sizes are adjusted, not refused. */
export function streamSize(camera, { width, height }) {
  const within = (wished, most) => Math.max(2, Math.min(most, wished - (wished % 2)));
  return { width: within(width, camera.width), height: within(height, camera.height) };
}

/** Frames per second that the sensor gives in this mode. */
export function frameRate(mode, wished) {
  const rate = wished !== undefined && wished > 0 ? wished : 30;
  return Math.max(fpsOf(LONGEST_FRAME_US), Math.min(rate, mode.fps));
}
