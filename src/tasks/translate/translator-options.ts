import { RondoError } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import { choice, count, flag, number, type OptionsOf, optionTable, rate } from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { resolvedOptions } from '../resolved-options.js';
import { samplingSchedules } from './scheduled-sampling.js';
import { sentenceTokens } from './sentence-codec.js';

/** How a decoder's state is compared with those of the source. */
export const attentionScores = ['general', 'dot', 'additive', 'multiHead'] as const;

const tokensFacts = { value: 'KIND', default: 'auto', ofInitial: 'decided', changesScore: 'all' } as const;

/** Every option of a translator. */
export const translatorOptions = optionTable({
  /**
   * What a token of the source is: `characters`, `words` (signs apart), `whitespace` (cut at white space alone, as for
   * phonemes or texts that are cut already), or `bpe`, byte pairs, which spell any text. Default `auto`: by the data.
   */
  sourceTokens: choice({ ...tokensFacts, of: ['auto', ...sentenceTokens] }),
  /** What a token of the target is, as `sourceTokens`. Where both are `bpe`, they share their pairs. */
  targetTokens: choice({ ...tokensFacts, of: ['auto', ...sentenceTokens] }),
  /** Lower-case both sides. Default false. */
  lower: flag({ ofInitial: 'decided', changesScore: 'all' }),
  /** Most tokens in a vocabulary; rarer words become one unknown token. Default 8,000. */
  maxTokens: count({ least: 260, default: 8000, flag: 'vocabulary', ofInitial: 'decided', changesScore: 'all' }),
  /**
   * How a state of the decoder is compared with those of the source: `general` (default) and `dot` products (Luong et
   * al. 2015), `additive` (Bahdanau et al. 2015), or `multiHead` products (Vaswani et al. 2017).
   */
  attention: choice({ of: attentionScores, default: 'general', ofInitial: 'decided' }),
  /**
   * Whether the decoder's first layer attends inside of its recurrence: what a step attended to goes into the next one beside
   * its input (Luong et al. 2015, section 3.3), not only into the layers above. Not with `multiHead`. Default false.
   */
  inputFeeding: flag({ ofInitial: 'decided' }),
  /**
   * How the source is read: `recurrent` in both directions (default), or `hybrid`, with self-attention of several heads
   * above that, as suits `multiHead` attention (Chen et al. 2018).
   */
  encoder: choice({ of: ['recurrent', 'hybrid'], default: 'recurrent', ofInitial: 'decided' }),
  /** Width of a token's vector. Default 256. */
  embeddingUnits: count({ default: 256, ofInitial: 'decided', search: { choices: [128, 256, 512] } }),
  /** Share of the pairs that chooses the best epoch where no others are given. Default 0.05, and at most 2,000 pairs. */
  validation: number({ atLeast: 0, atMost: 0.5, default: 0.05, value: 'SHARE', changesScore: 'all' }),
  /** Share of the pairs that is held out for the report where no others are given. Default 0.05, and at most 10,000 pairs. */
  test: number({ atLeast: 0, atMost: 0.5, default: 0.05, value: 'SHARE', flag: 'test-share', changesScore: 'all' }),
  /** Seed of the split. Pairs with the same source stay together. Default 1. */
  splitSeed: count({ least: 0, default: 1, changesScore: 'all' }),
  /** Pairs with a side of more tokens are not learned from. Default 100. */
  timesteps: count({ least: 2, default: 100, ofInitial: 'inherited' }),
  ...recurrentOptions({
    cell: { default: 'lstm' },
    units: { default: 256, search: { choices: [128, 256, 512] } },
    layers: { default: 2 },
    dropout: { default: 0.3, search: { low: 0.1, high: 0.5 } },
    batchSize: { default: 512 },
    learningRate: { default: 0.002, search: { low: 0.0005, high: 0.008, scale: 'log' } },
  }),
  /**
   * Whether the decoder may also copy tokens of the source, as names and numbers want (pointer-generator, See et al. 2017);
   * both sides then have tokens of the same kind, and share them. Not with `multiHead` attention. Default false.
   */
  pointerGenerator: flag({ ofInitial: 'decided' }),
  /**
   * How much of each token's weight in the loss is spread evenly over the vocabulary, as no translation is the only
   * right one (Szegedy et al. 2016). The loss of the validation pairs is without it. Default 0.
   */
  labelSmoothing: rate({ default: 0, value: 'SHARE', ofLoss: true, search: { choices: [0, 0.1, 0.2] } }),
  /**
   * Share of the target's tokens that the decoder reads as it would write them at the end of training; it grows from
   * none. A first pass over each batch says what the model would write (Bengio et al. 2015; Mihaylova and Martins 2019).
   * Default 0: it reads the true ones.
   */
  scheduledSampling: number({ atLeast: 0, atMost: 1, default: 0, value: 'SHARE' }),
  /** How the share of `scheduledSampling` grows. Default inverseSigmoid. */
  samplingSchedule: choice({ of: samplingSchedules, default: 'inverseSigmoid' }),
  /**
   * Epochs whose weights are averaged, the latest ones, for the validation and the model that is kept; training goes on
   * with its own. See {@link AverageCheckpoints}. Default 1: none.
   */
  averageCheckpoints: count({ default: 1 }),
  /**
   * Most tokens of a batch on its longer side, padding included; `batchSize` is its most pairs. Default 3,000, fewer where
   * an epoch would have less than 200 steps, and at least 300.
   */
  batchTokens: count({ ofInitial: 'inherited' }),
  /** Epochs of the first round. Default 16, more where that is less than 3,000 steps, and at most 60. */
  epochs: count({}),
  /**
   * Most epochs in all rounds: while the best epoch is the last, a round of twice as many follows. Default `epochs`: there
   * is one round.
   */
  maxEpochs: count({}),
  /** Epochs without a better loss of the validation pairs after which training ends. Default half of `epochs`. */
  patience: count({}),
});

/** How a translator is built and trained. */
export interface TranslatorOptions extends OptionsOf<typeof translatorOptions> {}

/** @internal What decides the options of a training. */
export const translatorTask = {
  where: 'TranslatorTraining',
  table: translatorOptions,
  rounds: { epochs: 16, leastSteps: 3000, mostEpochs: 60, numRounds: 1 },
};

/** @internal How many tokens a batch has by default. @param numTokens of an epoch, on the longer sides. */
export function defaultBatchTokens(numTokens: number): number {
  return Math.min(3000, Math.max(300, Math.ceil(numTokens / 200)));
}

/** @internal Every option; how long training goes on as for many steps. @throws UNKNOWN_NAME, OUT_OF_RANGE */
export function resolvedTranslatorOptions(options: TranslatorOptions): Resolved<TranslatorOptions> {
  if (options.samplingSchedule !== undefined && !options.scheduledSampling)
    throw new RondoError('USAGE', {
      where: translatorTask.where,
      what: '`samplingSchedule` says how a share grows that is 0.',
      fix: 'give `scheduledSampling`, such as 0.25, or leave `samplingSchedule` out.',
      option: 'scheduledSampling',
    });
  for (const option of ['inputFeeding', 'pointerGenerator'] as const)
    if (options[option] === true && options.attention === 'multiHead')
      throw new RondoError('USAGE', {
        where: translatorTask.where,
        what: `\`${option}\` has one head.`,
        received: 'attention multiHead',
        fix: `choose another \`attention\`, or leave \`${option}\` out.`,
        option,
      });
  const all = resolvedOptions<TranslatorOptions>(translatorTask, {
    ...options,
    batchTokens: options.batchTokens ?? defaultBatchTokens(Infinity),
  });
  if (all.units % 2 === 0) return all;
  throw new RondoError('OUT_OF_RANGE', {
    where: translatorTask.where,
    what: '`units` is odd.',
    expected: 'an even number: half of them read the source forwards, half backwards',
    received: String(all.units),
    fix: `give ${all.units + 1}.`,
  });
}
