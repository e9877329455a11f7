import { requireCount, requireNumber } from '../../errors.js';

/** Makes a model say again less often what it has just said. */
export interface RepetitionOptions {
  /**
   * Divides the logits above 0 of tokens that were read or written lately, and multiplies those below 0: 1 (default)
   * changes nothing, 1.2 is usual for words. Keskar et al. 2019, "CTRL: a conditional transformer language model for
   * controllable generation", section 4.1.
   */
  repetitionPenalty?: number | undefined;
  /** How many tokens back that reaches. Default 64. */
  repetitionWindow?: number | undefined;
}

/** @throws OUT_OF_RANGE */
export function requireRepetition(where: string, { repetitionPenalty, repetitionWindow }: RepetitionOptions): void {
  if (repetitionPenalty !== undefined)
    requireNumber(where, 'repetitionPenalty', repetitionPenalty, 'a number of at least 1', (value) => value >= 1);
  if (repetitionWindow !== undefined) requireCount(where, 'repetitionWindow', repetitionWindow);
}

/** The logits with those of recent tokens lowered; the same array where nothing is to change. */
export function penalised(
  logits: ArrayLike<number>,
  recent: readonly number[],
  { repetitionPenalty = 1, repetitionWindow = 64 }: RepetitionOptions,
): ArrayLike<number> {
  if (repetitionPenalty === 1) return logits;
  const changed = Float64Array.from(logits);
  for (const token of new Set(recent.slice(-repetitionWindow)))
    changed[token] = logits[token] > 0 ? logits[token] / repetitionPenalty : logits[token] * repetitionPenalty;
  return changed;
}
