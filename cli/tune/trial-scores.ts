import type { TrainingOutcome } from '../../src/index.js';

/** What `rondo train ... --json` prints, as far as scores need it. */
export interface TrainDocument {
  readonly outcome: TrainingOutcome;
  /** Of a classifier. */
  readonly validation?: { readonly accuracy: number } | undefined;
}

/** A measure of the validation data; never of what is held out for the end. */
export interface TrialScore {
  readonly about: string;
  readonly better: 'lower' | 'higher';
  of(document: TrainDocument): number | undefined;
}

/** By name, the default first. */
export type TrialScores = Readonly<Record<string, TrialScore>>;

const lossOfBestEpoch: TrialScore = {
  about: 'validation loss',
  better: 'lower',
  of: ({ outcome }) => outcome.valLoss[outcome.bestEpoch],
};

/** By the second word of the command. */
export const trialScores: Readonly<Record<string, TrialScores>> = {
  classify: {
    loss: lossOfBestEpoch,
    accuracy: { about: 'validation accuracy', better: 'higher', of: ({ validation }) => validation?.accuracy },
  },
  tag: {
    score: {
      about: 'validation score',
      better: 'higher',
      of: ({ outcome }) => outcome.valScore?.[outcome.bestEpoch],
    },
  },
  'language-model': { loss: lossOfBestEpoch },
  forecast: { loss: lossOfBestEpoch },
};
