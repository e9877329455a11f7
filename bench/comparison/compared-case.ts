import { type BenchCase, benchCases, caseNamed, headlineCase, isStreaming } from '../cases.js';

/** A case as every peer is given it. */
export interface ComparedCase extends BenchCase {
  /** Training steps whose losses are compared before anything is timed. */
  readonly checkedSteps: number;
  /** So small that it changes no digit: the libraries add it at different places of Adam's formula. */
  readonly adamEpsilon: number;
}

/** Cells that peers have a layer for, or that stand for cells which a user writes. */
const comparedCells = ['lstm', 'gru', 'gruResetBefore', 'simple', 'coupledLSTM', 'minGRU'];

/** What is compared by default, the headline first. */
export const comparedNames: readonly string[] = [
  headlineCase,
  ...benchCases
    .filter(({ name, cell }) => name !== headlineCase && comparedCells.includes(cell))
    .map(({ name }) => name),
];

export function comparedCase(name: string): ComparedCase {
  return { ...caseNamed(name, 'compare'), checkedSteps: 4, adamEpsilon: 1e-12 };
}

/**
 * Cases whose ratios are averaged: libraries have fast code for the plain LSTM first, and for everything else later or
 * never.
 */
export function groupOf(benchCase: BenchCase): string {
  if (isStreaming(benchCase)) return 'streaming step';
  const mode = benchCase.mode === 'train' ? 'training' : 'inference';
  const isPlainLSTM = benchCase.cell === 'lstm' && benchCase.shortestLength === undefined;
  return `${isPlainLSTM ? 'LSTM' : 'GRU, SimpleRNN, packed, custom and minGRU'} ${mode}`;
}
