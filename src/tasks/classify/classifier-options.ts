import { requireRate } from '../../cells/define-cell.js';
import { type TokenKind, tokenKinds } from '../../data/token-spans.js';
import { RondoError, refuseUnknownOptions, requireCount, requireNumber, unknownName } from '../../errors.js';
import { defaultVectorWords } from '../../io/word-vectors/form-vectors.js';
import type { Resolved } from '../../resolved.js';
import { type RecurrentTaskOptions, recurrentTaskOptionNames, requireRecurrentOptions } from '../recurrent-stack.js';
import { type TrainingBudget, trainingBudget } from '../training-rounds.js';
import type { EmptyTexts } from './keep-texts.js';
import type { TextSide } from './token-encoder.js';

const poolings = ['last', 'max', 'mean', 'concat', 'attention'] as const;
/**
 * How the outputs of the recurrent layers become one vector: the `last` of each reader, the `max` or `mean` over all,
 * these three next to each other (`concat`), or a learned weighting (`attention`).
 */
export type ClassifierPooling = (typeof poolings)[number];

/**
 * Which classes count how much in the loss: equally by text (`none`), equally by class (`balanced`), or as given by
 * label.
 */
export type ClassWeighting = 'none' | 'balanced' | Readonly<Record<string, number>>;

/** How a classifier is built and trained. `timesteps` is the longest text in tokens; longer ones are cut. */
export interface ClassifierOptions extends RecurrentTaskOptions {
  /**
   * What a token is. Default words; characters where the texts are single words that hardly ever occur again, as names
   * are.
   */
  tokens?: TokenKind | undefined;
  /** Lower-case the texts. Default true. */
  lower?: boolean | undefined;
  /** For `tokens: 'segments'`: the language, as a BCP 47 tag. Default `und`, which serves all. */
  locale?: string | undefined;
  /** Most tokens in the vocabulary; rarer ones become one unknown token. Default 20,000. */
  maxTokens?: number | undefined;
  /** How often a token must be seen to be in the vocabulary. Default 2: what is seen once trains the unknown token. */
  minCount?: number | undefined;
  /** Which end of a text that is too long is cut off. Default post, its end. */
  truncating?: TextSide | undefined;
  /** Which end of shorter texts of a batch is filled. Padding is masked, so it changes no result. Default post. */
  padding?: TextSide | undefined;
  /** Width of the token embedding; that of the vectors where they are given. Default 128. */
  embeddingUnits?: number | undefined;
  /** Keep given vectors as they are. Default false: they are trained on. */
  freezeVectors?: boolean | undefined;
  /**
   * So many of the first words of given vectors are in the vocabulary although the texts do not hold them. Default
   * 20,000.
   */
  vectorWords?: number | undefined;
  /** Read each text in both directions. Default true. */
  bidirectional?: boolean | undefined;
  /** Default max. */
  pooling?: ClassifierPooling | undefined;
  /** Share of the tokens that become the unknown token while training. Default 0.1. */
  tokenDropout?: number | undefined;
  /** Default none. */
  classWeight?: ClassWeighting | undefined;
  /** How much of each target is spread evenly over the classes, from 0 to below 1. Default 0. */
  labelSmoothing?: number | undefined;
  /**
   * Share of the texts that chooses the best epoch and calibrates, where no own texts are given for it. Default 0.1.
   */
  validation?: number | undefined;
  /** Share of the texts that is held out for the report, where no own texts are given for it. Default 0.1. */
  test?: number | undefined;
  /** Decides the split, whatever the seed of the training. Default 0. */
  splitSeed?: number | undefined;
  /** What to do about texts without a token: refuse them (`error`, default) or leave them out (`skip`). */
  empty?: EmptyTexts | undefined;
  /**
   * Epochs of the first round; longer ones follow while the best epoch is the last. Default 6, more where that is less
   * than 600 steps.
   */
  epochs?: number | undefined;
  /**
   * Most epochs in all rounds. Default `epochs` where that is given, else three rounds, each twice as long as the one
   * before.
   */
  maxEpochs?: number | undefined;
  /** Epochs without improvement after which the first round ends. Default half of `epochs`. */
  patience?: number | undefined;
}

/**
 * Chosen on validation parts (films, questions, hotel reviews in Chinese): on questions maximum pooling was ahead of
 * attention and of three summaries together by one to two points, and more epochs overfit.
 */
const defaults: Omit<Resolved<ClassifierOptions>, 'epochs' | 'maxEpochs' | 'patience'> = {
  tokens: 'words',
  lower: true,
  locale: 'und',
  maxTokens: 20_000,
  minCount: 2,
  truncating: 'post',
  padding: 'post',
  embeddingUnits: 128,
  freezeVectors: false,
  vectorWords: defaultVectorWords,
  bidirectional: true,
  pooling: 'max',
  tokenDropout: 0.1,
  classWeight: 'none',
  labelSmoothing: 0,
  validation: 0.1,
  test: 0.1,
  splitSeed: 0,
  empty: 'error',
  cell: 'gru',
  units: 64,
  layers: 1,
  dropout: 0.5,
  batchSize: 32,
  timesteps: 256,
  learningRate: 0.004,
};

/**
 * What decides the weights' shape and how texts are cut: options that a training takes from the model it begins with.
 */
export const decidedOptions = [
  'tokens',
  'lower',
  'locale',
  'maxTokens',
  'minCount',
  'truncating',
  'padding',
  'timesteps',
  'embeddingUnits',
  'vectorWords',
  'bidirectional',
  'pooling',
  'cell',
  'units',
  'layers',
] as const;

/** Options that are taken from that model where nothing else is said. */
export const inheritedOptions = ['dropout', 'tokenDropout', 'batchSize'] as const;

const usualRounds = { epochs: 6, leastSteps: 600, mostEpochs: 60, numRounds: 3 };

/** How long training goes on. @param numBatches steps of an epoch. */
export function budgetOf(options: ClassifierOptions, numBatches: number): TrainingBudget {
  return trainingBudget(options, numBatches, usualRounds);
}

/** All options, checked; how long training goes on as for texts of many steps. @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function resolveClassifierOptions(where: string, options: ClassifierOptions): Resolved<ClassifierOptions> {
  refuseUnknownOptions(where, options, [
    ...new Set([...recurrentTaskOptionNames, ...Object.keys(defaults), 'maxEpochs', 'patience']),
  ]);
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as ClassifierOptions;
  const all = { ...defaults, ...given, ...budgetOf(given, usualRounds.leastSteps) };
  requireRecurrentOptions(where, all);
  const choices = {
    tokens: tokenKinds,
    truncating: ['pre', 'post'],
    padding: ['pre', 'post'],
    pooling: poolings,
    empty: ['error', 'skip'],
  } as const;
  for (const [name, known] of Object.entries(choices)) {
    const choice = all[name as keyof typeof choices];
    if (!(known as readonly string[]).includes(choice))
      throw unknownName(where, `choice of \`${name}\``, String(choice), known);
  }
  requireCount(where, 'maxTokens', all.maxTokens, 3);
  for (const name of ['minCount', 'embeddingUnits', 'patience'] as const) requireCount(where, name, all[name]);
  requireCount(where, 'maxEpochs', all.maxEpochs, all.epochs);
  for (const name of ['splitSeed', 'vectorWords'] as const) requireCount(where, name, all[name], 0);
  for (const name of ['tokenDropout', 'labelSmoothing'] as const) requireRate(where, name, all[name]);
  requireNumber(where, 'validation', all.validation, 'a number between 0 and 1', (share) => share > 0 && share < 1);
  requireNumber(where, 'test', all.test, 'a number from 0 to below 1', (share) => share >= 0 && share < 1);
  requireLocale(where, all);
  requireClassWeighting(where, all.classWeight);
  return all;
}

function requireLocale(where: string, { locale, tokens }: Resolved<ClassifierOptions>): void {
  if (locale !== defaults.locale && tokens !== 'segments') {
    throw new RondoError('USAGE', {
      where,
      what: '`locale` says how segments are found, and the tokens are others.',
      expected: "tokens: 'segments'",
      received: tokens,
      fix: "leave `locale` out, or choose tokens: 'segments'.",
    });
  }
  try {
    Intl.getCanonicalLocales(locale);
  } catch (cause) {
    throw new RondoError('UNKNOWN_NAME', {
      where,
      what: '`locale` is no language tag.',
      expected: 'a BCP 47 tag such as zh, ja or th',
      received: locale,
      fix: 'correct it, or leave it out.',
      cause,
    });
  }
}

function requireClassWeighting(where: string, weighting: ClassWeighting): void {
  if (typeof weighting === 'string') {
    if (weighting !== 'none' && weighting !== 'balanced')
      throw unknownName(where, 'choice of `classWeight`', weighting, ['none', 'balanced']);
    return;
  }
  for (const [label, weight] of Object.entries(weighting))
    requireNumber(where, `classWeight of ${label}`, weight, 'a number above 0', (value) => value > 0);
}
