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
import { adjust } from './adjust.ts';
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

/** What a Pi can draw and encode without getting hot over it. */
const LARGEST = { width: 1920, height: 1080 };
const LARGEST_FPS = 30;
/** As far as a picture can still be told. */
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
    private readonly deps: { clock: Clock },
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

  start(events: CaptureEvents): Capture {
    const { settings } = this;
    const { clock } = this.deps;
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
