import { type BenchCase, caseNamed, headlineCase } from '../cases.js';

/** A case as every peer is given it. */
export interface ComparedCase extends BenchCase {
  /** Training steps whose losses are compared before anything is timed. */
  readonly checkedSteps: number;
  /** So small that it changes no digit: the libraries add it at different places of Adam's formula. */
  readonly adamEpsilon: number;
}

/** What is compared by default, the headline first. */
export const comparedNames: readonly string[] = [
  headlineCase,
  'lstm-infer',
  'lstm-step',
  'gru-train',
  'gruResetBefore-train',
  'simple-train',
  'lstm-ptb-small-train',
  'lstm-narrow-train',
  'gru-step',
];

export function comparedCase(name: string): ComparedCase {
  return { ...caseNamed(name, 'compare'), checkedSteps: 4, adamEpsilon: 1e-12 };
}
