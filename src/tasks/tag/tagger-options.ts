import { tagSchemes } from '../../data/tag-schemes.js';
import { choice, count, flag, number, type OptionsOf, optionTable, rate } from '../option-table.js';
import { recurrentOptions } from '../recurrent-options.js';
import { vectorOptions } from '../vector-options.js';
import { tagCodecOptions } from './tag-codec.js';

/** Every option of a tagger. */
export const taggerOptions = optionTable({
  /**
   * Score neighbouring tags together by a conditional random field; without it every tag is chosen by itself. Default
   * true.
   */
  crf: flag({
    default: true,
    flag: 'crf',
    off: { flag: 'no-crf', about: 'Choose every tag by itself.' },
    ofInitial: 'decided',
  }),
  /** How tags mark spans, such as B-PER I-PER, for the span scores and the field. Default `auto`: by the tags. */
  scheme: choice({ of: ['auto', 'none', ...tagSchemes], default: 'auto', value: 'SCHEME', changesScore: 'all' }),
  /** Width of a word's vector. Default 100, or that of given vectors. */
  wordUnits: count({ default: 100, ofInitial: 'decided', search: { choices: [50, 100, 200] } }),
  ...vectorOptions,
  /**
   * What reads the characters of words: a recurrent layer in both directions (`rnn`, default), a convolution (`conv`),
   * or nothing (`none`). See {@link WordFeatures}.
   */
  characterEncoder: choice({
    of: ['rnn', 'conv', 'none'],
    default: 'rnn',
    flag: 'characters',
    value: 'HOW',
    ofInitial: 'decided',
  }),
  /** Width of a character's vector. Default 32. */
  characterUnits: count({ default: 32, flag: false, ofInitial: 'decided' }),
  /** Width of what the characters add to a word's vector. Default 96. */
  characterFeatures: count({ default: 96, flag: 'character-units', ofInitial: 'decided' }),
  ...tagCodecOptions,
  /** Share of words that training shows as unknown. Default 0.1. */
  wordDropout: rate({ default: 0.1, ofInitial: 'inherited', search: { low: 0, high: 0.3 } }),
  /** Share of the sentences that chooses the best epoch where no others are given: every n-th. Default 0.1. */
  validation: number({ above: 0, atMost: 0.5, default: 0.1, value: 'SHARE', changesScore: 'all' }),
  ...recurrentOptions({
    cell: { default: 'lstm' },
    units: { default: 128, search: { choices: [64, 128, 256] } },
    dropout: { default: 0.4, search: { low: 0.2, high: 0.6 } },
    batchSize: { default: 32 },
    learningRate: { default: 0.006, search: { low: 0.0015, high: 0.024, scale: 'log' } },
  }),
  /** Most words of a training sentence; longer ones are cut. Default 150. */
  timesteps: count({ default: 150, ofInitial: 'inherited' }),
  /**
   * Epochs of the first round; a longer one follows while the best epoch is the last. Default 20, more where that is
   * less than 1,500 steps; fewer where the score stops rising, see `patience`.
   */
  epochs: count({}),
  /**
   * Most epochs in all rounds. Default `epochs` where that is given, else two rounds, the second twice as long as the
   * first.
   */
  maxEpochs: count({}),
  /** Epochs without a better score on the validation sentences after which the first round ends. Default half of `epochs`. */
  patience: count({}),
});

/** How a tagger is built and trained. */
export interface TaggerOptions extends OptionsOf<typeof taggerOptions> {}

/** @internal What decides the options of a training. */
export const taggerTask = {
  where: 'TaggerTraining',
  table: taggerOptions,
  rounds: { epochs: 20, leastSteps: 1500, mostEpochs: 100, numRounds: 2 },
};
