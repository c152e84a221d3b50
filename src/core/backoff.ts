/** The lengths of the waits between tries. */
export interface BackoffPolicy {
  /** Wait before the first retry, milliseconds. */
  readonly firstMs: number;
  /** Longest wait before the jitter, milliseconds. */
  readonly maxMs: number;
}

/** Share of the wait that is random, so that programs that failed together do not retry together. */
const JITTER = 0.2;

/**
 * Returns the wait before retry number `attempt` (1 is the first), milliseconds: doubling, with ±20 % jitter, which may go beyond
 * {@link BackoffPolicy.maxMs}.
 *
 * @param random gives a number in [0, 1), like Math.random
 */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: () => number = Math.random): number {
  const base = Math.min(policy.maxMs, policy.firstMs * 2 ** (attempt - 1));
  return base * (1 + JITTER * (2 * random() - 1));
}
