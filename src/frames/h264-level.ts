import type { Size } from './size.ts';

/** Profiles of H.264 that decoders everywhere know (H.264, A.2), by the names that encoders have for them. */
export const H264_PROFILES = ['baseline', 'main', 'high'] as const;

/** One of {@link H264_PROFILES}. */
export type H264Profile = (typeof H264_PROFILES)[number];

/** The profiles by profile_idc; Extended is taken for Main, and all above High for High. */
const PROFILE_NUMBERS: Readonly<Record<number, H264Profile>> = { 66: 'baseline', 77: 'main', 88: 'main' };

/** Returns the profile of a stream. @param profileLevelId six hexadecimal digits, of which the first two are profile_idc (RFC 6184, 8.1) */
export const h264Profile = (profileLevelId: string): H264Profile =>
  PROFILE_NUMBERS[Number.parseInt(profileLevelId.slice(0, 2), 16)] ?? 'high';

/** What a decoder of a level must be able to do (H.264, table A-1). */
interface LevelLimits {
  /** The level as encoders write it: "4" is level 4.0. */
  readonly level: string;
  /** Macroblocks per second (MaxMBPS). */
  readonly rate: number;
  /** Macroblocks in a picture (MaxFS). */
  readonly size: number;
  /** Bit rate, in units of {@link bitrateUnit} (MaxBR); the buffer (MaxCPB) holds no less than a second of it. */
  readonly bitrate: number;
}

/** The levels, without 1b, which is level 1 but for its bit rate and is signalled in another way. */
const LEVELS: readonly LevelLimits[] = [
  { level: '1', rate: 1485, size: 99, bitrate: 64 },
  { level: '1.1', rate: 3000, size: 396, bitrate: 192 },
  { level: '1.2', rate: 6000, size: 396, bitrate: 384 },
  { level: '1.3', rate: 11_880, size: 396, bitrate: 768 },
  { level: '2', rate: 11_880, size: 396, bitrate: 2000 },
  { level: '2.1', rate: 19_800, size: 792, bitrate: 4000 },
  { level: '2.2', rate: 20_250, size: 1620, bitrate: 4000 },
  { level: '3', rate: 40_500, size: 1620, bitrate: 10_000 },
  { level: '3.1', rate: 108_000, size: 3600, bitrate: 14_000 },
  { level: '3.2', rate: 216_000, size: 5120, bitrate: 20_000 },
  { level: '4', rate: 245_760, size: 8192, bitrate: 20_000 },
  { level: '4.1', rate: 245_760, size: 8192, bitrate: 50_000 },
  { level: '4.2', rate: 522_240, size: 8704, bitrate: 50_000 },
  { level: '5', rate: 589_824, size: 22_080, bitrate: 135_000 },
  { level: '5.1', rate: 983_040, size: 36_864, bitrate: 240_000 },
  { level: '5.2', rate: 2_073_600, size: 36_864, bitrate: 240_000 },
  { level: '6', rate: 4_177_920, size: 139_264, bitrate: 240_000 },
  { level: '6.1', rate: 8_355_840, size: 139_264, bitrate: 480_000 },
  { level: '6.2', rate: 16_711_680, size: 139_264, bitrate: 800_000 },
];

/** Side of a macroblock, pixels. */
const MACROBLOCK = 16;

/** Returns the unit of MaxBR in kbit/s (cpbBrVclFactor, table A-2). */
const bitrateUnit = (profile: H264Profile): number => (profile === 'high' ? 1.25 : 1);

/** A stream as far as its level is concerned. */
export interface LeveledStream extends Size {
  /** Most pictures per second. */
  readonly fps: number;
  /** Highest bit rate, kbit/s. */
  readonly bitrate: number;
  readonly profile: H264Profile;
}

/**
 * Returns the lowest level whose decoders can play the stream (H.264, A.3.1), "3.1"; the highest there is for one that is beyond
 * them all.
 */
export function h264Level({ width, height, fps, bitrate, profile }: LeveledStream): string {
  const columns = Math.ceil(width / MACROBLOCK);
  const rows = Math.ceil(height / MACROBLOCK);
  const size = columns * rows;
  const fits = (limits: LevelLimits) =>
    size <= limits.size &&
    // No side may be longer than this either.
    Math.max(columns, rows) <= Math.sqrt(8 * limits.size) &&
    size * fps <= limits.rate &&
    bitrate <= limits.bitrate * bitrateUnit(profile);
  return (LEVELS.find(fits) ?? LEVELS.at(-1)!).level;
}
