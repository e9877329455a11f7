import { requireRate } from '../../cells/define-cell.js';
import { tagSchemes } from '../../data/tag-schemes.js';
import { refuseUnknownOptions, requireCount, requireNumber, unknownName } from '../../errors.js';
import { defaultVectorWords } from '../../io/word-vectors/form-vectors.js';
import type { CharacterEncoder } from '../../layers/word-features.js';
import type { Resolved } from '../../resolved.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { type TrainingBudget, trainingBudget } from '../training-rounds.js';
import { type TagCodecOptions, tagCodecOptionNames } from './tag-codec.js';
import { requireAffixLength } from './word-affixes.js';

const schemeChoices = ['auto', 'none', ...tagSchemes] as const;
const encoderChoices: readonly CharacterEncoder[] = ['rnn', 'conv', 'none'];

/** How a tagger is built and trained. `timesteps` is the most words of a training sentence; longer ones are cut. */
export interface TaggerOptions extends TagCodecOptions, RecurrentTaskOptions {
  /**
   * Whether a conditional random field scores neighbouring tags together; without it every tag is chosen by itself.
   * Default true.
   */
  crf?: boolean | undefined;
  /** How tags mark spans, for the span scores and the CRF's constraints. Default `auto`: by the tags. */
  scheme?: (typeof schemeChoices)[number] | undefined;
  /** Width of a word's vector. Default 100, or that of the given vectors. */
  wordUnits?: number | undefined;
  /** Keep given vectors as they are. Default false: they are trained on. */
  freezeVectors?: boolean | undefined;
  /**
   * So many of the first words of given vectors have vectors of their own although training does not show them. Default
   * 20,000.
   */
  vectorWords?: number | undefined;
  /** What reads the characters of a word: see {@link WordFeatures}. Default rnn. */
  characterEncoder?: CharacterEncoder | undefined;
  /** Width of a character's vector. Default 32. */
  characterUnits?: number | undefined;
  /** Width of what the characters add to a word's vector. Default 96. */
  characterFeatures?: number | undefined;
  /** Share of words that training shows as unknown. Default 0.1. */
  wordDropout?: number | undefined;
  /** Share of the sentences that chooses the best epoch where no others are given: every n-th. Default 0.1. */
  validation?: number | undefined;
  /**
   * Epochs of the first round; a longer one follows while the best epoch is the last. Default 20, more where that is
   * less than 1,500 steps.
   */
  epochs?: number | undefined;
  /**
   * Most epochs in all rounds. Default `epochs` where that is given, else two rounds, the second twice as long as the
   * first.
   */
  maxEpochs?: number | undefined;
  /**
   * The first round ends after so many epochs without a better score on the validation sentences. Default half of
   * `epochs`.
   */
  patience?: number | undefined;
}

const defaults: Omit<Resolved<TaggerOptions>, 'epochs' | 'maxEpochs' | 'patience'> = {
  crf: true,
  scheme: 'auto',
  wordUnits: 100,
  freezeVectors: false,
  vectorWords: defaultVectorWords,
  characterEncoder: 'rnn',
  characterUnits: 32,
  characterFeatures: 96,
  wordDropout: 0.1,
  validation: 0.1,
  lower: true,
  digits: true,
  minCount: 2,
  maxCharacters: 24,
  longestAffix: 4,
  cell: 'lstm',
  units: 128,
  layers: 1,
  dropout: 0.4,
  batchSize: 32,
  timesteps: 150,
  learningRate: 0.006,
};

/**
 * What decides the weights' shape and how words are looked up: options that a training takes from the model it begins
 * with.
 */
export const decidedOptions = [
  ...tagCodecOptionNames,
  'vectorWords',
  'wordUnits',
  'characterEncoder',
  'characterUnits',
  'characterFeatures',
  'cell',
  'units',
  'layers',
  'crf',
] as const;

/** Options that are taken from that model where nothing else is said. */
export const inheritedOptions = ['dropout', 'wordDropout', 'batchSize', 'timesteps'] as const;

const usualRounds = { epochs: 20, leastSteps: 1500, mostEpochs: 100, numRounds: 2 };

/** @internal How long training goes on. @param numBatches steps of an epoch. */
export function taggerBudget(options: TaggerOptions, numBatches: number): TrainingBudget {
  return trainingBudget(options, numBatches, usualRounds);
}

/**
 * @internal Every option; how long training goes on as for sentences of many steps. @throws UNKNOWN_NAME, OUT_OF_RANGE
 */
export function resolvedTaggerOptions(options: TaggerOptions): Resolved<TaggerOptions> {
  const where = 'TaggerTraining';
  refuseUnknownOptions(where, options, [
    ...recurrentTaskOptionNames,
    ...tagCodecOptionNames,
    'crf',
    'scheme',
    'wordUnits',
    'freezeVectors',
    'vectorWords',
    'characterEncoder',
    'characterUnits',
    'characterFeatures',
    'wordDropout',
    'validation',
    'maxEpochs',
    'patience',
  ]);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as TaggerOptions;
  const all = { ...defaults, ...given, ...taggerBudget(given, usualRounds.leastSteps) };
  requireRecurrentOptions(where, all);
  if (!schemeChoices.includes(all.scheme)) throw unknownName(where, 'scheme', all.scheme, schemeChoices);
  if (!encoderChoices.includes(all.characterEncoder))
    throw unknownName(where, 'characterEncoder', all.characterEncoder, encoderChoices);
  for (const name of [
    'wordUnits',
    'characterUnits',
    'characterFeatures',
    'patience',
    'minCount',
    'maxCharacters',
  ] as const)
    requireCount(where, name, all[name]);
  requireCount(where, 'vectorWords', all.vectorWords, 0);
  requireAffixLength(where, all.longestAffix);
  requireCount(where, 'maxEpochs', all.maxEpochs, all.epochs);
  requireRate(where, 'wordDropout', all.wordDropout);
  requireNumber(
    where,
    'validation',
    all.validation,
    'a number above 0 and at most 0.5',
    (value) => value > 0 && value <= 0.5,
  );
  return all;
}
