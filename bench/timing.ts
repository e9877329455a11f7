/** Times of repeated runs of one thing, in milliseconds. */
export interface Timing {
  readonly medianMs: number;
  readonly fastestMs: number;
  /** Nine tenths of the runs were faster. */
  readonly slowTenthMs: number;
  readonly runs: number;
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Between which values the middle half of them lies, as text. */
export function middleHalf(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const quantile = (share: number): string => sorted[Math.round((sorted.length - 1) * share)].toFixed(digits);
  return `${quantile(0.25)} to ${quantile(0.75)}`;
}

/** Runs `step` again and again for `forMs`, at least `leastRuns` times, and returns what each run took. */
export function timeRuns(step: () => void, forMs: number, leastRuns: number): number[] {
  const elapsedMs: number[] = [];
  const start = performance.now();
  let now = start;
  while (now - start < forMs || elapsedMs.length < leastRuns) {
    step();
    const after = performance.now();
    elapsedMs.push(after - now);
    now = after;
  }
  return elapsedMs;
}

const WARM_UP_MS = 250;
const MOST_WARM_UPS = 12;
/** A pass this much faster than the one before says that compiled code is still getting better. */
const STILL_GAINING = 0.95;

/**
 * Runs `step` until V8 has compiled it with its optimizing tiers: in passes of a quarter second, until one is no faster
 * than the one before.
 */
export function warmUp(step: () => void): void {
  let before = median(timeRuns(step, WARM_UP_MS, 3));
  for (let i = 0; i < MOST_WARM_UPS; i++) {
    const now = median(timeRuns(step, WARM_UP_MS, 3));
    if (now > before * STILL_GAINING) return;
    before = now;
  }
}

export function timingOf(elapsedMs: readonly number[]): Timing {
  const sorted = [...elapsedMs].sort((a, b) => a - b);
  return {
    medianMs: median(sorted),
    fastestMs: sorted[0],
    slowTenthMs: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.9))],
    runs: sorted.length,
  };
}
