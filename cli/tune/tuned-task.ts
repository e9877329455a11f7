import type { TrainingOutcome } from '../../src/index.js';
import type { OptionValues } from '../command-words.js';

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

/** What a search needs to know of a task. */
export interface TunedTask {
  /** By name, the default first. */
  readonly scores: Readonly<Record<string, TrialScore>>;
  /** What is searched unless the user says; options given on the command line are left out. */
  space(options: OptionValues): readonly string[];
  /**
   * Options that change what a score measures, so that trials could not be compared: with every score, or with those
   * named.
   */
  readonly incomparable: Readonly<Record<string, readonly string[] | 'all'>>;
}

const lossOfBestEpoch: TrialScore = {
  about: 'validation loss',
  better: 'lower',
  of: ({ outcome }) => outcome.valLoss[outcome.bestEpoch],
};

const all = (...names: readonly string[]): Readonly<Record<string, 'all'>> =>
  Object.fromEntries(names.map((name) => [name, 'all' as const]));

/** By the second word of the command. */
export const tunedTasks: Readonly<Record<string, TunedTask>> = {
  classify: {
    scores: {
      loss: lossOfBestEpoch,
      accuracy: { about: 'validation accuracy', better: 'higher', of: ({ validation }) => validation?.accuracy },
    },
    space: () => [
      'learning-rate=0.001..0.016:log',
      'units=32,64,128',
      'dropout=0.2..0.7',
      'embedding-units=64,128,256',
      'token-dropout=0..0.3',
      'pooling=max,concat,attention',
    ],
    incomparable: {
      ...all(
        'text',
        'label',
        'label-until',
        'format',
        'encoding',
        'empty',
        'dev',
        'dev-share',
        'test',
        'test-share',
        'split-seed',
      ),
      'label-smoothing': ['loss'],
      'class-weight': ['loss'],
    },
  },
  tag: {
    scores: {
      score: {
        about: 'validation score',
        better: 'higher',
        of: ({ outcome }) => outcome.valScore?.[outcome.bestEpoch],
      },
    },
    space: () => [
      'learning-rate=0.0015..0.024:log',
      'units=64,128,256',
      'dropout=0.2..0.6',
      'word-dropout=0..0.3',
      'word-units=50,100,200',
    ],
    incomparable: all('column', 'word-column', 'format', 'encoding', 'scheme', 'dev', 'test', 'validation'),
  },
  'language-model': {
    scores: { loss: lossOfBestEpoch },
    space: ({ optimizer = 'adam', preset = 'none' }) => [
      ...languageModelRates(optimizer, preset),
      'units=128,256,512',
      'layers=1,2',
      'dropout=0..0.5',
    ],
    incomparable: all(
      'encoding',
      'tokens',
      'tokenizer',
      'lower',
      'vocabulary',
      'punctuation',
      'dev',
      'test',
      'validation',
    ),
  },
  forecast: {
    scores: { loss: lossOfBestEpoch },
    space: () => ['learning-rate=0.001..0.02:log', 'units=16,32,64,128', 'dropout=0..0.4', 'layers=1,2'],
    incomparable: all(
      'columns',
      'decimal',
      'encoding',
      'target',
      'horizon',
      'base',
      'season',
      'missing',
      'validation',
      'test',
    ),
  },
};

/** A preset may bring its own optimizer, whose rates are of another size. */
function languageModelRates(optimizer: unknown, preset: unknown): readonly string[] {
  if (optimizer !== 'adam') return ['learning-rate=5..60:log'];
  return preset === 'none' ? ['learning-rate=0.001..0.02:log'] : [];
}
