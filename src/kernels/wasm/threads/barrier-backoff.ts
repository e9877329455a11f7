/** So many late barriers in one run are no accident: the first of a run may wait for a worker to wake. */
const mostLate = 2;
const shortestPauseMs = 100;
const longestPauseMs = 5000;

/**
 * Decides whether splitting a run with barriers is worth it. On a busy machine a thread may be put aside for
 * milliseconds between two barriers, and the others wait for it each time, so that two threads are many times slower
 * than one. After a run with late barriers, runs stay on one thread for a while, longer each time that nothing has
 * changed.
 */
export class BarrierBackoff {
  #pauseMs = shortestPauseMs;
  #pausedUntilMs = 0;

  /** Whether barriers are worth trying at a time. */
  isGood(nowMs: number): boolean {
    return nowMs >= this.#pausedUntilMs;
  }

  /** Notes how often threads were late in a run that ended now, and how often they may be without consequence. */
  note(numLate: number, nowMs: number, tolerated = mostLate): void {
    if (numLate <= tolerated) {
      this.#pauseMs = shortestPauseMs;
      return;
    }
    this.#pausedUntilMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
  }
}
