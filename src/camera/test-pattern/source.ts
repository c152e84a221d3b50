import type { Sharp } from 'sharp';
import type { Clock } from '../../core/clock.ts';
import type { AppError } from '../../core/errors.ts';
import { allocateBuffer, HEADROOM } from '../../frames/frame.ts';
import { loadImageLibrary } from '../../platform/image-library.ts';
import { annotateNotice } from '../ascii.ts';
import { unsupportedSettings } from '../defaults.ts';
import { ANY_QUALITY, type SourceOffers, usualSizes } from '../offers.ts';
import { ANNOTATE_POSITIONS, type CameraSettings, type SettingName } from '../settings.ts';
import type { Capture, CaptureEvents, Source } from '../source.ts';
import { startTicker } from '../ticker.ts';
import { Scene } from './scene.ts';

const SUPPORTED: ReadonlySet<SettingName> = new Set<SettingName>([
  'width',
  'height',
  'fps',
  'quality',
  'rotation',
  'hflip',
  'vflip',
  'brightness',
  'contrast',
  'saturation',
  'annotate',
  'annotatePosition',
]);

/** Largest picture on offer, pixels, and below the highest rate, pictures per second: what a Pi can draw and encode without getting hot. */
const LARGEST = { width: 1920, height: 1080 };
const LARGEST_FPS = 30;
/** Range of contrast and saturation, as far as something can be made out in the picture. */
const FACTOR = { min: 0, max: 15.99 };

/** A moving picture that needs no camera: a clock, a frame number and a test card, to see latency, freezes and colours. */
export class TestPatternSource implements Source {
  readonly kind = 'test';
  readonly description = 'test pattern';
  readonly encoding = 'JPEG';
  readonly captureFps: number;
  readonly unsupported: readonly SettingName[];
  readonly notices: readonly AppError[];
  readonly offers: SourceOffers;

  constructor(
    private readonly settings: CameraSettings,
    private readonly clock: Clock,
  ) {
    this.captureFps = settings.fps;
    this.unsupported = unsupportedSettings(settings, SUPPORTED);
    const annotate = annotateNotice(settings.annotate);
    this.notices = annotate ? [annotate] : [];
    this.offers = {
      sizes: usualSizes(LARGEST, [{ width: settings.width, height: settings.height }]),
      fps: { min: 1, max: LARGEST_FPS },
      quality: ANY_QUALITY,
      imaging: { brightness: { min: -1, max: 1 }, contrast: FACTOR, saturation: FACTOR },
      annotate: { positions: ANNOTATE_POSITIONS },
    };
  }

  /** Starts to draw pictures, at the rate that is set. Without the image library the capture ends with ENCODER_MISSING. */
  start(events: CaptureEvents): Capture {
    const { settings, clock } = this;
    let running: { scene: Scene; encode: Encode } | undefined;
    let frame = 0;
    return startTicker(
      clock,
      settings.fps,
      async (signal) => {
        running ??= { encode: await loadEncoder(settings), scene: new Scene(settings) };
        const { scene, encode } = running;
        frame += 1;
        scene.draw(clock.now(), frame);
        const jpeg = await encode(scene);
        if (signal.aborted) return;
        const buffer = allocateBuffer(jpeg.length);
        jpeg.copy(buffer, HEADROOM);
        events.picture({ buffer, size: jpeg.length, width: scene.width, height: scene.height });
      },
      (error) => events.ended(error),
    );
  }
}

type Encode = (scene: Scene) => Promise<Buffer>;

/** Loads the image library at the first use: a server whose camera is a real one never pays for it. */
async function loadEncoder(settings: CameraSettings): Promise<Encode> {
  const sharp = await loadImageLibrary('The test pattern');
  // No picture comes twice, and one thread per picture leaves the other cores to those who watch.
  sharp.cache(false);
  sharp.concurrency(1);
  // RTP/JPEG carries only baseline pictures with the standard Huffman and quantisation tables: RFC 2435, 4.1 and 4.2.
  const options = { quality: settings.quality, progressive: false, optimiseCoding: false, chromaSubsampling: '4:2:0', mozjpeg: false };
  return ({ pixels, width, height }) =>
    adjust(sharp(pixels, { raw: { width, height, channels: 3 } }), settings)
      .jpeg(options)
      .toBuffer();
}

/** The middle of an 8 bit value, around which contrast spreads. */
const MIDDLE = 127.5;
/** The largest 8 bit value. */
const WHITE = 255;

/** Returns the picture with brightness, contrast and saturation as set, in the meaning they have for the Pi's camera. */
function adjust(picture: Sharp, { brightness, contrast, saturation }: CameraSettings): Sharp {
  const coloured = saturation === 1 ? picture : picture.modulate({ saturation });
  if (brightness === 0 && contrast === 1) return coloured;
  return coloured.linear(contrast, MIDDLE * (1 - contrast) + brightness * WHITE);
}
