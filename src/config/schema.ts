import { isIP } from 'node:net';
import * as z from 'zod/mini';
import { DEFAULT_CAMERA_SETTINGS as PRESET } from '../camera/defaults.ts';
import {
  ANNOTATE_POSITIONS,
  AUTOFOCUS_MODES,
  DENOISES,
  EXPOSURES,
  HDR_MODES,
  MAX_ANNOTATE_LENGTH,
  METERINGS,
  ROTATIONS,
  WHITE_BALANCES,
} from '../camera/settings.ts';
import { HOST_PATTERNS, isHostPattern } from '../core/host-names.ts';
import { areMediaPorts, NOT_DISCOVERY } from '../core/media-ports.ts';
import { isNetwork, NETWORKS } from '../core/networks.ts';
import { AREAS, isArea } from '../frames/area.ts';
import { H264_PROFILES } from '../frames/h264-level.ts';
import { isMulticastGroup, MULTICAST_GROUPS } from '../platform/multicast.ts';
import {
  boolean,
  choice,
  even,
  infoOf,
  integer,
  number,
  numberOr,
  numbers,
  path,
  type SettingInfo,
  section,
  steps,
  text,
  words,
} from './settings.ts';

/** The check of `camera.source`. It is handed in: the sources know their forms, the configuration does not. */
export interface SourceCheck {
  /** The forms that there are, for the help and for messages. */
  readonly forms: string;
  /** Returns whether a text is a source. */
  readonly isSource: (text: string) => boolean;
}

/** Lowest bit rate of H.264, kbit/s: with less there is no picture. */
export const MIN_BITRATE = 64;
/** Highest bit rate of H.264, kbit/s: more does not fit a home network. */
export const MAX_BITRATE = 50_000;
/** Shortest time between key frames, seconds. */
export const MIN_KEYFRAME_INTERVAL = 0.1;
/** Longest time between key frames, seconds: after a lost packet, a viewer waits that long for a picture. */
export const MAX_KEYFRAME_INTERVAL = 60;

/** Returns the schema of all settings: key, default, what is allowed, and the line in the help of each. */
export const makeSchema = (source: SourceCheck) =>
  z.strictObject({
    name: text('Pi Camera', 64, 'TEXT', 'Name that viewers and recorders see', {
      allowed: 'a text of 1 to 64 characters',
      test: (name) => name.trim() !== '',
    }),
    dataDir: path('DIR', 'Where users and state are kept, if not in ~/.local/state/onvif-camera'),
    bind: text('0.0.0.0', 64, 'ADDR', 'Address to listen on', {
      allowed: 'an IP address of this machine, or localhost',
      test: (addr) => isIP(addr) !== 0 || addr === 'localhost',
    }),
    camera: section({
      source: text('auto', 4096, 'SPEC', `Where pictures come from: ${source.forms}`, { allowed: source.forms, test: source.isSource }),
      encoding: choice(
        'mjpeg',
        ['mjpeg', 'h264'],
        'What the camera itself compresses to; h264 saves work where a recorder watches H.264 all day',
      ),
      width: integer(PRESET.width, 64, 8192, 'PIXELS', 'Width of the picture'),
      height: integer(PRESET.height, 64, 8192, 'PIXELS', 'Height of the picture'),
      fps: number(PRESET.fps, 0.1, 120, 'N', 'Pictures per second'),
      quality: integer(PRESET.quality, 1, 100, 'N', 'JPEG quality'),
      rotation: steps(PRESET.rotation, ROTATIONS, 'DEGREES', 'Clockwise rotation: 0, 90, 180 or 270'),
      hflip: boolean(PRESET.hflip, 'Mirror left and right'),
      vflip: boolean(PRESET.vflip, 'Mirror top and bottom'),
      idleTimeout: numberOr(30, ['always'], 0, 86_400, 'SECONDS', 'Camera off this long after the last viewer; `always` keeps it on'),
      rpicamPath: path('FILE', 'The capture program, if it is not in PATH'),
      exposure: choice(
        PRESET.exposure,
        EXPOSURES,
        'Exposure mode; night: long ones, 8 pictures per second or less; auto-night: that when it is dark',
      ),
      awb: choice(PRESET.awb, WHITE_BALANCES, 'White balance'),
      awbGains: numbers(2, 0, 32, 'RED,BLUE', 'Fixed white balance gains'),
      metering: choice(PRESET.metering, METERINGS, 'Exposure metering'),
      ev: number(PRESET.ev, -10, 10, 'STOPS', 'Exposure compensation'),
      shutter: integer(PRESET.shutter, 0, 120_000_000, 'MICROSECONDS', 'Fixed exposure time, 0 is automatic'),
      gain: number(PRESET.gain, 0, 64, 'N', 'Fixed analogue gain, 0 is automatic'),
      brightness: number(PRESET.brightness, -1, 1, 'N', 'Brightness'),
      contrast: number(PRESET.contrast, 0, 15.99, 'N', 'Contrast'),
      saturation: number(PRESET.saturation, 0, 15.99, 'N', 'Colour saturation'),
      sharpness: number(PRESET.sharpness, 0, 15.99, 'N', 'Sharpness'),
      denoise: choice(PRESET.denoise, DENOISES, 'Noise reduction'),
      hdr: choice(PRESET.hdr, HDR_MODES, 'High dynamic range'),
      autofocus: choice(PRESET.autofocus, AUTOFOCUS_MODES, 'Autofocus mode (Camera Module 3)'),
      lensPosition: numberOr(PRESET.lensPosition, ['default', ''], 0, 32, 'DIOPTRES', 'Focus: 0 is infinity, 1/metres otherwise'),
      roi: numbers(4, 0, 1, 'X,Y,W,H', 'Digital zoom, as shares of the picture'),
      tuningFile: path('FILE', 'libcamera tuning file'),
      annotate: text(PRESET.annotate, MAX_ANNOTATE_LENGTH, 'TEXT', 'Text in the picture with strftime codes, for example "%F %T"'),
      annotatePosition: choice(PRESET.annotatePosition, ANNOTATE_POSITIONS, 'The corner in which the text stands'),
      extraArgs: words('"ARGS"', 'Further options for the capture program: --extra-args="--mode 1640:1232"'),
    }),
    http: section({
      port: integer(8080, 0, 65_535, 'PORT', 'Port of page, stream and snapshot; 0 picks a free one'),
      hosts: words('"NAMES"', 'Names under which the page may be opened, besides addresses and names of the home network', {
        allowed: HOST_PATTERNS,
        test: isHostPattern,
      }),
      trustedProxies: words('"ADDRS"', 'Reverse proxies whose X-Forwarded-For, -Proto and -Host count', {
        allowed: NETWORKS,
        test: isNetwork,
      }),
    }),
    rtsp: section({
      enabled: boolean(true, 'Serve the streams by RTSP, which recorders want'),
      port: integer(8554, 0, 65_535, 'PORT', 'Port of the RTSP server; 0 picks a free one'),
      metadata: boolean(true, 'Send events beside the picture, as ONVIF metadata, to clients that ask for them'),
      basic: boolean(false, 'Accept Basic authentication by RTSP besides Digest: the password then crosses the network in clear text'),
      multicast: section({
        enabled: boolean(false, 'Let clients have the streams sent by multicast'),
        address: text('', 15, 'ADDR', "Where to: a multicast address, or empty for one of the camera's own", {
          allowed: `${MULTICAST_GROUPS}, or empty`,
          test: (address) => address === '' || isMulticastGroup(address),
        }),
        port: even(5004, 1024, 65_528, 'PORT', 'UDP port of the MJPEG stream; 2 above is H.264, 4 the small one, 6 the events', {
          allowed: NOT_DISCOVERY,
          // RTP and RTCP of each of the four.
          test: (port) => areMediaPorts(...Array.from({ length: 8 }, (_, index) => port + index)),
        }),
        ttl: integer(1, 1, 255, 'HOPS', 'How many networks multicast may cross at most; 1 stays in this one'),
      }),
    }),
    h264: section({
      enabled: boolean(true, 'Offer H.264 besides MJPEG, where ffmpeg can encode it'),
      encoder: choice('auto', ['auto', 'libx264', 'h264_v4l2m2m'], 'The encoder of ffmpeg; auto: hardware where it works, else libx264'),
      width: integer(0, 0, 8192, 'PIXELS', 'Width of the H.264 picture, 0 is as captured'),
      height: integer(0, 0, 8192, 'PIXELS', 'Height of the H.264 picture, 0 is as captured'),
      fps: number(0, 0, 120, 'N', 'H.264 pictures per second, 0 is as captured'),
      bitrate: integer(2000, MIN_BITRATE, MAX_BITRATE, 'KBIT', 'Bit rate of H.264 in kbit/s'),
      keyframeInterval: number(2, MIN_KEYFRAME_INTERVAL, MAX_KEYFRAME_INTERVAL, 'SECONDS', 'Time between two H.264 key frames'),
      profile: choice('baseline', H264_PROFILES, 'Profile of H.264: baseline plays everywhere, high looks best at the same bit rate'),
      ffmpegPath: path('FILE', 'The ffmpeg program that encodes, if it is not in PATH'),
    }),
    sub: section({
      enabled: boolean(true, 'Offer a second, smaller H.264, on which recorders look for movement'),
      width: integer(0, 0, 8192, 'PIXELS', 'Width of the small picture, 0 follows from the height'),
      height: integer(360, 0, 8192, 'PIXELS', 'Height of the small picture, 0 follows from the width'),
      fps: number(10, 0, 120, 'N', 'Small pictures per second, 0 is as captured'),
      bitrate: integer(512, MIN_BITRATE, MAX_BITRATE, 'KBIT', 'Bit rate of the small stream in kbit/s'),
      keyframeInterval: number(
        2,
        MIN_KEYFRAME_INTERVAL,
        MAX_KEYFRAME_INTERVAL,
        'SECONDS',
        'Time between two key frames of the small stream',
      ),
      profile: choice('baseline', H264_PROFILES, 'Profile of the small stream'),
    }),
    motion: section({
      enabled: boolean(false, 'Look for motion and tell recorders; keeps the camera on'),
      detector: choice(
        'auto',
        ['auto', 'camera', 'pictures'],
        'What looks for it; auto: the pictures, where the camera says that it is worth it',
      ),
      sensitivity: integer(50, 1, 100, 'N', 'From 1, what stands out, to 100, the faintest change'),
      smallestArea: number(0.3, 0.05, 50, 'PERCENT', 'Smallest thing that counts as motion, in percent of the picture'),
      holdTime: number(10, 1, 600, 'SECONDS', 'Motion is over this long after the last movement'),
      zones: words('"X,Y,W,H …"', 'Where motion counts, as shares of the picture; none is everywhere', { allowed: AREAS, test: isArea }),
      masks: words('"X,Y,W,H …"', 'Where motion does not count, as shares of the picture', { allowed: AREAS, test: isArea }),
    }),
    imageHealth: section({
      enabled: boolean(false, 'Tell when the picture is too dark, bright or blurry, or shows another scene, while the camera is on'),
    }),
    auth: section({
      enabled: boolean(true, 'Ask for a password; off: everybody may watch, changes still need one'),
      clockWindow: integer(600, 5, 86_400, 'SECONDS', 'How far the clock of an ONVIF client may be off, either way'),
    }),
    discovery: section({ enabled: boolean(true, 'Let recorders and Home Assistant find the camera (WS-Discovery, mDNS)') }),
    system: section({
      manage: boolean(false, 'Let ONVIF administrators change host name, network, clock and time zone, and reboot the machine'),
    }),
    log: section({
      level: choice('info', ['debug', 'info', 'warn', 'error', 'silent'], 'How much to log'),
      format: choice('auto', ['auto', 'pretty', 'json'], 'Log lines for people or programs; auto: pretty on a terminal'),
    }),
  });

/** The schema of all settings. */
export type ConfigSchema = ReturnType<typeof makeSchema>;
/** The values of all settings: what was set, else the default. Their units are in the schema. */
export type Config = z.infer<ConfigSchema>;

/** A setting, with its name in each place where it can be set. */
export interface Setting extends SettingInfo {
  /** In the file: "camera.width". */
  readonly key: string;
  /** {@link key} in its parts: ["camera", "width"]. */
  readonly path: readonly string[];
  /** On the command line: "width", without dashes in front. */
  readonly flag: string;
  /** In the environment: "ONVIF_CAMERA_CAMERA_WIDTH". */
  readonly variable: string;
  /** The default. */
  readonly preset: unknown;
}

/** The beginning of every variable's name. */
export const VARIABLE_PREFIX = 'ONVIF_CAMERA_';

const kebab = (word: string) => word.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Returns the settings of the schema as a flat list, in its order. */
export function listSettings(schema: ConfigSchema): Setting[] {
  const settings: Setting[] = [];
  const walk = (shape: Record<string, z.core.$ZodType>, path: string[]) => {
    for (const [key, each] of Object.entries(shape)) {
      const here = [...path, key];
      if (each instanceof z.ZodMiniPrefault) walk((each.def.innerType as z.ZodMiniObject).shape, here);
      else {
        const short = here.filter((word, at) => !(at === 0 && word === 'camera') && !(at > 0 && word === 'enabled'));
        settings.push({
          ...infoOf(each),
          key: here.join('.'),
          path: here,
          flag: short.map(kebab).join('-'),
          variable: `${VARIABLE_PREFIX}${here.map((word) => kebab(word).replaceAll('-', '_').toUpperCase()).join('_')}`,
          preset: (each as z.ZodMiniDefault).def.defaultValue,
        });
      }
    }
  };
  walk(schema.shape, []);
  return settings;
}
