import type { TrainingOutcome } from '../../src/index.js';

/** What `rondo train ... --json` prints: how training went, and what the task adds. */
export interface TrainDocument {
  readonly outcome: TrainingOutcome;
  readonly [fact: string]: unknown;
}

/** A measure of the validation data; never of what is held out for the end. */
export interface TrialScore {
  readonly about: string;
  readonly better: 'lower' | 'higher';
  of(document: TrainDocument): number | undefined;
}

/** By name, the default first. */
export type TrialScores = Readonly<Record<string, TrialScore>>;

/** Of a task whose best epoch is the one of the lowest validation loss. */
export const lossOfBestEpoch: TrialScore = {
  about: 'validation loss',
  better: 'lower',
  of: ({ outcome }) => outcome.valLoss[outcome.bestEpoch],
};

/** Of a task whose best epoch is the one of the highest score. */
export const scoreOfBestEpoch: TrialScore = {
  about: 'validation score',
  better: 'higher',
  of: ({ outcome }) => outcome.valScore?.[outcome.bestEpoch],
};
