/** How one run of a trial ended. */
export interface RunResult {
  /** From 0. */
  readonly trial: number;
  /** From 0. */
  readonly rung: number;
  /** Null where the run failed. */
  readonly score: number | null;
}

/** A run that is to be done. */
export type Run = Pick<RunResult, 'trial' | 'rung'>;

/** What of a rung decides: how many trials it has. */
export interface SearchRungs {
  readonly rungs: readonly { readonly numTrials: number }[];
  readonly better: 'lower' | 'higher';
}

/** Whether results are in the order of their trials, the better first; failed ones come last, equal ones by trial. */
function byScore(better: SearchRungs['better']): (a: RunResult, b: RunResult) => number {
  const sign = better === 'lower' ? 1 : -1;
  return (a, b) => {
    if (a.score === null || b.score === null)
      return Number(a.score === null) - Number(b.score === null) || a.trial - b.trial;
    return sign * (a.score - b.score) || a.trial - b.trial;
  };
}

/**
 * The runs that are still to be done before the next rung can begin; none when the search is over. It follows from the
 * results alone, so a search goes on after an interruption, and its course does not depend on the order in which runs
 * end.
 */
export function pendingRuns({ rungs, better }: SearchRungs, results: readonly RunResult[]): Run[] {
  let entrants = Array.from({ length: rungs[0].numTrials }, (_, trial) => trial);
  for (const [rung, { numTrials }] of rungs.entries()) {
    if (rung > 0) entrants = promoted(better, results, rung, numTrials);
    const pending = entrants.filter(
      (trial) => !results.some((result) => result.rung === rung && result.trial === trial),
    );
    if (pending.length > 0) return pending.map((trial) => ({ trial, rung }));
  }
  return [];
}

/** The best trials of the rung before, in their own order; those that failed are not among them. */
function promoted(
  better: SearchRungs['better'],
  results: readonly RunResult[],
  rung: number,
  numTrials: number,
): number[] {
  const before = results.filter((result) => result.rung === rung - 1 && result.score !== null).sort(byScore(better));
  return before
    .slice(0, numTrials)
    .map(({ trial }) => trial)
    .sort((a, b) => a - b);
}

/**
 * The last result of each trial, the best first: those of later rungs before those of earlier ones, failed ones at the
 * end.
 */
export function rankTrials<R extends RunResult>(better: SearchRungs['better'], results: readonly R[]): R[] {
  const last = new Map<number, R>();
  for (const result of results) {
    const known = last.get(result.trial);
    if (known === undefined || known.rung < result.rung) last.set(result.trial, result);
  }
  const compare = byScore(better);
  return [...last.values()].sort(
    (a, b) => Number(a.score === null) - Number(b.score === null) || b.rung - a.rung || compare(a, b),
  );
}
