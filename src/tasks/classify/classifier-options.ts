import { tokenKinds } from '../../data/token-spans.js';
import { RondoError, requireKind, requireNumber, unknownName } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import { choice, count, custom, flag, number, type OptionsOf, optionTable, rate } from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { resolvedOptions } from '../resolved-options.js';
import { vectorOptions } from '../vector-options.js';

/**
 * Which classes count how much in the loss: equally by text (`none`), equally by class (`balanced`), or as given by
 * label.
 */
export type ClassWeighting = 'none' | 'balanced' | Readonly<Record<string, number>>;

/**
 * Every option of a classifier. Defaults were chosen on validation parts (films, questions, hotel reviews in Chinese):
 * on questions maximum pooling was ahead of attention and of three summaries together by one to two points, and more
 * epochs overfit.
 */
export const classifierOptions = optionTable({
  /**
   * What a token is: `words` (default; a Chinese character is one), `characters` (default where texts are single words
   * that hardly ever occur again, as names are), or `segments` (words of the platform, also in Chinese, Japanese and
   * Thai). See {@link TokenKind}.
   */
  tokens: choice({ of: tokenKinds, default: 'words', value: 'KIND', ofInitial: 'decided' }),
  /** Lower-case the texts. Default true. */
  lower: flag({
    default: true,
    off: { flag: 'keep-case', about: 'Do not lower-case the texts.' },
    ofInitial: 'decided',
  }),
  /** For segments: the language, as a BCP 47 tag such as zh. Default und, which serves all. */
  locale: custom({ default: 'und', value: 'TAG', check: requireLanguageTag, ofInitial: 'decided' }),
  /** Most tokens in the vocabulary; rarer ones become one unknown token. Default 20,000. */
  maxTokens: count({ least: 3, default: 20_000, ofInitial: 'decided' }),
  /** How often a token must be seen to be in the vocabulary. Default 2: what is seen once trains the unknown token. */
  minCount: count({ default: 2, ofInitial: 'decided' }),
  /** Which end of texts that are too long is cut off. Default `post`, their end. */
  truncating: choice({ of: ['pre', 'post'], default: 'post', ofInitial: 'decided' }),
  /** Which end of shorter texts is filled; padding is masked and changes no result. Default `post`. */
  padding: choice({ of: ['pre', 'post'], default: 'post', ofInitial: 'decided' }),
  /** Width of the token embedding. Default 128, or that of given vectors. */
  embeddingUnits: count({ default: 128, ofInitial: 'decided', search: { choices: [64, 128, 256] } }),
  ...vectorOptions,
  /** Read each text in both directions. Default true. */
  bidirectional: flag({
    default: true,
    off: { flag: 'forward-only', about: 'Read the texts from left to right only.' },
    ofInitial: 'decided',
  }),
  /**
   * How the outputs of the recurrent layers become one vector: the `last` of each reader, the `max` (default) or `mean`
   * over all, these three next to each other (`concat`), or a learned weighting (`attention`).
   */
  pooling: choice({
    of: ['last', 'max', 'mean', 'concat', 'attention'],
    default: 'max',
    ofInitial: 'decided',
    search: { choices: ['max', 'concat', 'attention'] },
  }),
  /** Share of the tokens that become the unknown token while training. Default 0.1. */
  tokenDropout: rate({ default: 0.1, ofInitial: 'inherited', search: { low: 0, high: 0.3 } }),
  /**
   * How much each class counts in the loss: by its texts (`none`, default), all alike (`balanced`), or by weights of
   * labels, on a command line spam=3,ham=1.
   */
  classWeight: custom({
    default: 'none' as ClassWeighting,
    value: 'HOW',
    check: requireClassWeighting,
    ofLoss: true,
    changesScore: ['loss'],
  }),
  /** How much of each target is spread evenly over the classes. Default 0. */
  labelSmoothing: rate({ default: 0, value: 'SHARE', ofLoss: true, changesScore: ['loss'] }),
  /**
   * Share of the texts, in every class, that chooses the best epoch and calibrates, where no texts are given for it.
   * Default 0.1.
   */
  validation: number({
    above: 0,
    below: 1,
    default: 0.1,
    flag: 'dev-share',
    value: 'SHARE',
    changesScore: 'all',
  }),
  /**
   * Share of the texts, in every class, that is held out for the report, where no texts are given for it; 0 for none.
   * Default 0.1.
   */
  test: rate({ default: 0.1, flag: 'test-share', value: 'SHARE', changesScore: 'all' }),
  /** Decides the split, whatever the seed of the training. Default 0. */
  splitSeed: count({ least: 0, default: 0, changesScore: 'all' }),
  /** What to do about texts without a token: refuse them (`error`, default) or leave them out (`skip`). */
  empty: choice({ of: ['error', 'skip'], default: 'error', changesScore: 'all' }),
  ...recurrentOptions({
    cell: { default: 'gru' },
    units: { default: 64, search: { choices: [32, 64, 128] } },
    dropout: { default: 0.5, search: { low: 0.2, high: 0.7 } },
    batchSize: { default: 32 },
    learningRate: { default: 0.004, search: { low: 0.001, high: 0.016, scale: 'log' } },
  }),
  /** The longest text in tokens; longer ones are cut. Default 256. */
  timesteps: count({ default: 256, ofInitial: 'decided' }),
  /**
   * Epochs of the first round; longer ones follow while the best epoch is the last. Default 6, more where that is less
   * than 600 steps; fewer where the validation loss stops falling, see `patience`.
   */
  epochs: count({}),
  /**
   * Most epochs in all rounds. Default `epochs` where that is given, else three rounds, each twice as long as the one
   * before.
   */
  maxEpochs: count({}),
  /** Epochs without improvement after which the first round ends. Default half of `epochs`. */
  patience: count({}),
});

/** How a classifier is built and trained. */
export interface ClassifierOptions extends OptionsOf<typeof classifierOptions> {}

export type ClassifierPooling = Resolved<ClassifierOptions>['pooling'];

/** What decides the options of a training. */
export const classifierTask = {
  where: 'ClassifierTraining',
  table: classifierOptions,
  rounds: { epochs: 6, leastSteps: 600, mostEpochs: 60, numRounds: 3 },
};

/** All options, checked; how long training goes on as for texts of many steps. @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function resolveClassifierOptions(where: string, options: ClassifierOptions): Resolved<ClassifierOptions> {
  return requireLocaleOfSegments(where, resolvedOptions({ ...classifierTask, where }, options));
}

/** @throws USAGE for a locale where nothing is cut by it */
export function requireLocaleOfSegments(
  where: string,
  options: Resolved<ClassifierOptions>,
): Resolved<ClassifierOptions> {
  if (options.locale === 'und' || options.tokens === 'segments') return options;
  throw new RondoError('USAGE', {
    where,
    what: '`locale` says how segments are found, and the tokens are others.',
    expected: "tokens: 'segments'",
    received: options.tokens,
    fix: "leave `locale` out, or choose tokens: 'segments'.",
  });
}

function requireLanguageTag(where: string, locale: string): void {
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
  requireKind(weighting !== null && typeof weighting === 'object', weighting, {
    where,
    what: '`classWeight` is neither a name nor weights by label.',
    fix: 'write classWeight: { spam: 3, ham: 1 }.',
  });
  for (const [label, weight] of Object.entries(weighting))
    requireNumber(where, `classWeight of ${label}`, weight, 'a number above 0', (value) => value > 0);
}
