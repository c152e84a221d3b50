import { type AppError, messageOf } from '../core/errors.ts';

/** What a finding means: `error` keeps the camera from working; `skipped` could not be looked at, or does not matter here. */
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
  /** Longest time that it may take, ms; left out: {@link CHECK_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /**
   * Makes the check. May throw, which is an error of this check alone.
   * @param signal fires when its time is over, or nobody waits any more
   */
  run(signal: AbortSignal): Promise<Result> | Result;
}

/** Checks that are made one after the other. The groups themselves are made side by side, but for those that are `last`. */
export interface Group {
  readonly title: string;
  /** Whether it is made when all other groups are done, as those would disturb it; left out: false. */
  readonly last?: boolean;
  readonly checks: readonly Check[];
}

/** Longest time that a check may take unless it says otherwise: tools of the system answer within some seconds. */
export const CHECK_TIMEOUT_MS = 15_000;

/** Returns the result that all is as it should be. @param seen what was found, in a few words */
export const ok = (seen: string): Result => ({ level: 'ok', seen });
/** Returns the result that something will do, but not well. @param seen what was found @param fix what to type or do */
export const warning = (seen: string, fix: string): Result => ({ level: 'warning', seen, fix });
/** Returns the result that something keeps the camera from working. @param seen what was found @param fix what to type or do */
export const failure = (seen: string, fix: string): Result => ({ level: 'error', seen, fix });
/** Returns the result that nothing was looked at. @param seen why */
export const skipped = (seen: string): Result => ({ level: 'skipped', seen });

/** Returns an AppError as the result of a check. */
export const fromError = ({ message, hint }: Pick<AppError, 'message' | 'hint'>, level: 'warning' | 'error' = 'error'): Result => ({
  level,
  seen: message,
  fix: hint,
});

/** Returns the result of a check that threw anything but an AppError. */
export const unforeseen = (error: unknown): Result =>
  failure(
    `this check itself failed: ${messageOf(error)}`,
    'The other checks hold. Please report it, with the file that `onvif-camera doctor --report FILE` writes.',
  );
