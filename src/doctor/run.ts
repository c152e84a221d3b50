import { AppError } from '../core/errors.ts';
import { CHECK_TIMEOUT_MS, type Check, failure, fromError, type Group, type Level, type Result, unforeseen } from './check.ts';

/** Time for a check that is stopped to end; a camera needs half a second. */
const CLEAN_UP_MS = 2000;

/** A check with what it found. */
export interface Finding extends Result {
  readonly id: string;
  readonly title: string;
  /** Title of the group. */
  readonly group: string;
  /** Time that it took, ms. */
  readonly ms: number;
}

/** Called while checks are made. */
export interface RunEvents {
  /** Called when a check begins. */
  started(check: Pick<Check, 'id' | 'title'>): void;
  /** Called when a check is done, in the order in which they end. */
  done(finding: Finding): void;
}

/**
 * Makes the checks: the groups side by side, those that are `last` after all others, and the checks of a group one after the other.
 * A check that throws or hangs is a finding of its own. Never rejects.
 * @param signal ends it early: the checks that were not made are left out
 * @returns the findings in the order of the groups
 */
export async function runChecks(groups: readonly Group[], events: RunEvents, signal: AbortSignal): Promise<Finding[]> {
  const findings = new Map<Group, Finding[]>();
  const runGroup = async (group: Group) => {
    const list: Finding[] = [];
    findings.set(group, list);
    for (const check of group.checks) {
      if (signal.aborted) return;
      events.started(check);
      const startedAt = performance.now();
      const { level, seen, fix } = await bounded(check, signal);
      if (signal.aborted) return;
      const finding: Finding = {
        ...{ id: check.id, title: check.title, group: group.title, level, seen: oneLine(seen) },
        ...(fix === undefined ? {} : { fix }),
        ms: Math.round(performance.now() - startedAt),
      };
      list.push(finding);
      events.done(finding);
    }
  };
  await Promise.all(groups.filter(({ last }) => !last).map(runGroup));
  for (const group of groups.filter(({ last }) => last)) await runGroup(group);
  return groups.flatMap((group) => findings.get(group) ?? []);
}

async function bounded(check: Check, signal: AbortSignal): Promise<Result> {
  const { timeoutMs = CHECK_TIMEOUT_MS } = check;
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(
          failure(
            `no answer within ${timeoutMs / 1000} s`,
            'Is the machine very busy (`top`), or the SD card failing (`dmesg`)? Try again: `onvif-camera doctor`.',
          ),
        ),
      timeoutMs,
    );
    signal.addEventListener('abort', () => resolve(failure('stopped', '')), { once: true, signal: stop.signal });
  });
  // Begun only here, as a check may stop everything at once.
  const attempted = attempt(check, stop.signal);
  try {
    const result = await Promise.race([attempted, late]);
    // A check that is stopped gets time to clean up: to stop a camera, to remove a folder.
    if (signal.aborted) {
      stop.abort();
      const patience = new Promise((resolve) => {
        clearTimeout(timer);
        timer = setTimeout(resolve, CLEAN_UP_MS);
      });
      await Promise.race([attempted, patience]);
    }
    return result;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

async function attempt(check: Check, signal: AbortSignal): Promise<Result> {
  try {
    return await check.run(signal);
  } catch (error) {
    return error instanceof AppError ? fromError(error) : unforeseen(error);
  }
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ').trim();

const RANK: Readonly<Record<Level, number>> = { skipped: 0, ok: 1, warning: 2, error: 3 };

/** Returns the worst level of findings; `ok` where there are none. */
export const worst = (findings: readonly Pick<Result, 'level'>[]): Level =>
  findings.reduce<Level>((level, finding) => (RANK[finding.level] > RANK[level] ? finding.level : level), 'ok');
