import { type AppError, messageOf } from '../core/errors.ts';

/** How well something is: `skipped` where it could not be looked at, or does not matter here. */
export type Level = 'ok' | 'warning' | 'error' | 'skipped';

/** What a check found. */
export interface Result {
  readonly level: Level;
  /** One line: what was seen, or why nothing was looked at. */
  readonly seen: string;
  /** What to type or to do, where something is wrong. */
  readonly fix?: string;
}

/** One thing that is looked at. */
export interface Check {
  /** Stable name for scripts and docs/doctor.md: "disk-space". */
  readonly id: string;
  /** What it looks at, a few words. */
  readonly title: string;
  /** Longest that it may take, milliseconds; {@link CHECK_TIMEOUT_MS} where nothing is said. */
  readonly timeoutMs?: number;
  /** May throw, which is an error of this check alone. @param signal fires when its time is over, or nobody waits any more */
  run(signal: AbortSignal): Promise<Result> | Result;
}

/** Checks that are made one after the other; groups are made side by side, but for those that wait for others. */
export interface Group {
  readonly title: string;
  /** Made when all other groups are done, as what they do would disturb it. */
  readonly last?: boolean;
  readonly checks: readonly Check[];
}

/** Time for one check, milliseconds: tools of the system answer within three seconds, ten of them in a row within this. */
export const CHECK_TIMEOUT_MS = 15_000;

/** What was found is as it should be. @param seen for people, in a few words */
export const ok = (seen: string): Result => ({ level: 'ok', seen });
/** What was found will do, but not well. @param fix what to type or do */
export const warning = (seen: string, fix: string): Result => ({ level: 'warning', seen, fix });
/** What was found keeps the camera from working. @param fix what to type or do */
export const failure = (seen: string, fix: string): Result => ({ level: 'error', seen, fix });
/** The check was not made. @param seen why */
export const skipped = (seen: string): Result => ({ level: 'skipped', seen });

/** An error made for the user, as what a check found. */
export const fromError = ({ message, hint }: Pick<AppError, 'message' | 'hint'>, level: 'warning' | 'error' = 'error'): Result => ({
  level,
  seen: message,
  fix: hint,
});

/** What a check that threw something unforeseen is shown as. */
export const unforeseen = (error: unknown): Result =>
  failure(
    `this check itself failed: ${messageOf(error)}`,
    'The other checks hold. Please report it, with the file that `onvif-camera doctor --report FILE` writes.',
  );
