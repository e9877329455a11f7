/** How sparsity grows: along a cubic, or at once. */
export const pruningSchedules = ['cubic', 'oneShot'] as const;

export type PruningSchedule = (typeof pruningSchedules)[number];

/** When is pruned, in steps. */
export interface PruningSteps {
  readonly schedule: PruningSchedule;
  readonly from: number;
  readonly to: number;
  readonly every: number;
}

/** Whether a step changes what is pruned: every so many steps from the first on, and at the last. */
export function isPruningStep(step: number, { schedule, from, to, every }: PruningSteps): boolean {
  if (schedule === 'oneShot') return step === from;
  return step === to || (step >= from && step < to && (step - from) % every === 0);
}

/**
 * The share of the final sparsity at a step: `1 - (1 - (t - from) / (to - from))^3`, fast at first, while there is much
 * that is not needed. Zhu and Gupta 2017, "To prune, or not to prune", eq. 1 with an initial sparsity of 0.
 */
export function sparsityShare(step: number, { schedule, from, to }: PruningSteps): number {
  if (step < from) return 0;
  if (schedule === 'oneShot' || step >= to) return 1;
  return 1 - (1 - (step - from) / (to - from)) ** 3;
}
