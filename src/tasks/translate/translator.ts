import { bucketsByLength } from '../../data/length-buckets.js';
import { type BleuTokenizer, bleuTokenizerNames } from '../../data/scores/bleu-tokenizers.js';
import {
  RondoError,
  refuseUnknownOptions,
  requireBoolean,
  requireCount,
  requireNumber,
  unknownName,
} from '../../errors.js';
import { currentRandom, Random } from '../../random.js';
import type { Resolved } from '../../resolved.js';
import type { Functional } from '../../training/graph/functional.js';
import { argMaxOf } from '../../training/metrics/metric.js';
import { requireSignal } from '../../training/require-signal.js';
import {
  beamSearch,
  type Hypothesis,
  lengthPenaltyOf,
  requireBeams,
  type SearchedText,
} from '../decoding/beam-search.js';
import { requireSampling, type SamplingOptions, sampleToken, samplingOptionNames } from '../decoding/sample-token.js';
import { requireTexts } from '../require-texts.js';
import { type SavedSeenItems, SeenItems } from '../seen-items.js';
import type { TaskFields, TaskModel } from '../task.js';
import type { TrainingOutcome } from '../training-run.js';
import { type SentenceCodec, specialIds } from './sentence-codec.js';
import { cleanSentence, requirePairs, type SentencePair } from './sentence-pair.js';
import { constraintOf } from './target-constraint.js';
import { type TranslationReport, translationReport } from './translation-report.js';
import { TranslatorDecoder } from './translator-decoder.js';
import { withShares } from './translator-network.js';
import type { TranslatorOptions } from './translator-options.js';
import type { WordByWord } from './word-by-word.js';

/** What a translator remembers of its training pairs; plain JSON. */
export interface TrainedPairs {
  /** Pairs that were learned from, that chose the best epoch, and that were held out. */
  readonly numPairs: Readonly<Record<'train' | 'validation' | 'test', number>>;
  /** Target tokens for each of the source: the mean, and the most but for a thousandth of the pairs. */
  readonly lengthRatio: { readonly mean: number; readonly most: number };
  /** Tokens of the longest target but for a thousandth of the pairs. */
  readonly longestTarget: number;
  /** Whether both sides have the same tokens. */
  readonly isShared: boolean;
  /** Which sources were learned from and which chose the best epoch. */
  readonly seen: SavedSeenItems;
  /** Of the pairs that were learned from and that chose, to know them again. */
  readonly fingerprint: number;
  /** How the pairs were read, such as the names of their columns, for reading others in the same way. */
  readonly reading: Readonly<Record<string, string>>;
}

/** How {@link Translator.predict} searches. */
export interface TranslateOptions extends SamplingOptions {
  /**
   * Hypotheses that are followed, at most 1,000. Default 5; 1 takes the likeliest token at each step. Not with
   * `temperature`, `topK`, `topP`, `minP` or `seed`: with one of these translations are drawn.
   */
  beams?: number | undefined;
  /** The exponent of {@link lengthPenaltyOf}. Default 1. */
  lengthPenalty?: number | undefined;
  /** The factor of {@link coveragePenaltyOf}. Default 0. */
  coveragePenalty?: number | undefined;
  /** Translations of each text, the best first. Default 1, at most `beams`; of drawn ones at most 1,000. */
  nBest?: number | undefined;
  /** Makes drawn translations repeatable; by default they go on with the library's generator, see `setSeed`. */
  seed?: number | undefined;
  /** What translations begin with. */
  prefix?: string | undefined;
  /** The only translations there are, of all texts. */
  oneOf?: readonly string[] | undefined;
  /**
   * Whether unknown tokens may be written, each as the token of the source that it attends to most. Default false: they
   * are never written.
   */
  replaceUnknown?: boolean | undefined;
  /** Stops between batches. */
  signal?: AbortSignal | undefined;
}

/** How {@link Translator.evaluate} translates and measures. */
export interface TranslatorEvaluateOptions extends Omit<TranslateOptions, 'nBest'> {
  /** How BLEU cuts words. Default `zh` for Chinese, `char` for scripts without spaces, else `13a`. */
  tokenize?: BleuTokenizer | undefined;
}

/** One translation of a text. */
export interface Translation {
  readonly text: string;
  /** `ln P(text | source)`. */
  readonly logProbability: number;
  /** What translations are ranked by: `logProbability / length penalty + coverage penalty`. */
  readonly score: number;
  /** False where it was cut at the most tokens that a text of this length may have. */
  readonly isComplete: boolean;
  /** What it was translated from and what it is made of, as tokens. */
  readonly tokens: { readonly source: readonly string[]; readonly target: readonly string[] };
  /** By token of the target, and its end: how much it attended to each token of the source. */
  readonly attention: readonly Float32Array[];
}

/** What is searched for at once, beams included: targets, and tokens of their sources. */
const [rowsAtOnce, tokensAtOnce] = [160, 16_000];

/**
 * A trained model that turns texts into others, with everything needed to use it: translations, spellings into sounds,
 * dates into other forms. See {@link TranslatorTraining}.
 */
export class Translator implements TaskModel {
  readonly task = 'translate';

  constructor(
    /** Ids `source` and `target`, `[batch, time]` each, to probabilities of the next id, `[batch, time, ids]`. */
    readonly model: Functional,
    readonly codecs: { readonly source: SentenceCodec; readonly target: SentenceCodec },
    readonly pairs: TrainedPairs,
    /** The baseline, of the same pairs. */
    readonly wordByWord: WordByWord,
    /** Everything it was trained with. */
    readonly options: Readonly<Resolved<TranslatorOptions>>,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
  ) {}

  /**
   * The best translations of texts, the best first; an empty text has an empty one.
   *
   * @throws USAGE, DATA_FORMAT, OUT_OF_RANGE; ABORTED; NOT_FINITE where the weights are not
   */
  async predict(texts: readonly string[], options: TranslateOptions = {}): Promise<Translation[][]> {
    const where = 'Translator.predict';
    requireTexts(where, texts, 'texts, such as ["ein Haus"]');
    const { nBest, signal, prefix, oneOf, sampling, ...settings } = this.#settings(where, options);
    const seed = sampling && (settings.seed ?? currentRandom().uint32());
    const { source, target } = this.codecs;
    const sentences = texts.map(cleanSentence).map((text) => ({ text, ids: source.encode(text) }));
    const found: Translation[][] = texts.map(() => [nothing]);
    const places = [...sentences.keys()].filter((place) => sentences[place].ids.length > 0);
    const constraint = constraintOf({ prefix, oneOf }, target);
    const lengths = places.map((place) => sentences[place].ids.length);
    const never = { has: (id: number) => id < specialIds.end || (!settings.replaceUnknown && target.isUnknown(id)) };
    const search = {
      ...{ beams: settings.beams, coveragePenalty: settings.coveragePenalty, begin: specialIds.begin, never },
      lengthPenalty: (numTokens: number) => lengthPenaltyOf(numTokens, settings.lengthPenalty),
      isComplete: (ids: readonly number[]) => ids.at(-1) === specialIds.end,
    };
    const limits = {
      batchSize: Math.max(1, Math.floor(rowsAtOnce / settings.beams)),
      mostSteps: Math.ceil(tokensAtOnce / settings.beams),
    };
    for (const batch of bucketsByLength(lengths, limits)) {
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', {
          where,
          what: 'it was stopped before it was done.',
          fix: 'start it again for a result.',
        });
      const own = Array.from(batch, (i) => places[i]);
      const sources = own.map((place) => sentences[place].ids);
      const decoder = this.#decoder().begin(sources);
      const searched = own.map((place, i) => {
        const random = new Random(seed ?? 0, `translate ${place}`);
        return {
          limit: this.#limitOf(sources[i].length) + (constraint?.numTold ?? 0),
          constraint: constraint?.constraint,
          draw: sampling && ((scores, never) => sampleToken(scores, random, sampling, never)),
        } satisfies SearchedText;
      });
      const results = await beamSearch(searched, decoder, search).finally(() => decoder.end());
      own.forEach((place, i) => {
        const pieces = source.split(sentences[place].text);
        found[place] = results[i].slice(0, nBest).map((one) => this.#translation(one, pieces));
      });
    }
    return found;
  }

  /**
   * Compares the best translations with the pairs' targets, and with what needs no network. Pairs of one source are
   * measured once, with all their targets as references; sources that training has seen only where there are no others.
   *
   * @throws as {@link Translator.predict}; DATA_FORMAT; UNKNOWN_NAME for a tokenizer of BLEU that there is not
   */
  async evaluate(
    pairs: readonly SentencePair[],
    { tokenize, ...options }: TranslatorEvaluateOptions = {},
  ): Promise<TranslationReport> {
    const where = 'Translator.evaluate';
    if (tokenize !== undefined && !bleuTokenizerNames.includes(tokenize))
      throw unknownName(where, 'tokenizer', tokenize, bleuTokenizerNames);
    const clean = requirePairs(pairs, where);
    // A model that writes no capitals is not measured by them.
    const written = (text: string): string => (this.options.lower ? text.toLowerCase() : text);
    const references = referencesBySource(clean.map(({ source, target }) => ({ source, target: written(target) })));
    const seen = SeenItems.fromJSON(this.pairs.seen);
    const given = [...references.keys()];
    const unseen = given.filter((source) => seen.partOf(source) === undefined);
    const sources = unseen.length === 0 ? given : unseen;
    const translations = await this.predict(sources, options);
    const { source: codec, target } = this.codecs;
    const judged = sources.map((source, i) => ({
      source,
      output: translations[i][0].text,
      references: references.get(source)!,
      copied: written(source),
      wordByWord: target.decode(this.wordByWord.translate(codec.encode(source))),
    }));
    const ids = sources.flatMap((source) => [...codec.encode(source)]);
    const numUnknown = ids.filter((id) => codec.isUnknown(id)).length;
    return translationReport(judged, { given, seen, numTokens: ids.length, numUnknown }, tokenize);
  }

  /** What a model file keeps beside the weights, the options and the outcome. */
  toJSON(): TaskFields {
    const { source, target } = this.codecs;
    const { numPairs, lengthRatio, longestTarget, isShared, seen, fingerprint, reading } = this.pairs;
    return {
      codecs: isShared ? { both: source.toJSON() } : { source: source.toJSON(), target: target.toJSON() },
      pairs: {
        numPairs: { ...numPairs },
        lengthRatio: { ...lengthRatio },
        longestTarget,
        isShared,
        seen: { ...seen },
        fingerprint,
        reading,
      },
      wordByWord: this.wordByWord.toJSON(),
    };
  }

  /** @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE */
  #settings(where: string, options: TranslateOptions) {
    refuseUnknownOptions(where, options, translateOptionNames);
    const { lengthPenalty = 1, coveragePenalty = 0, nBest = 1, replaceUnknown = false, seed } = options;
    const { temperature, topK, topP, minP } = options;
    const given = { temperature, topK, topP, minP };
    requireSampling(where, given);
    const drawing = Object.entries({ ...given, seed }).find(([, value]) => value !== undefined);
    if (drawing !== undefined && options.beams !== undefined)
      throw new RondoError('USAGE', {
        where,
        what: 'a beam search draws nothing.',
        expected: `no \`beams\` with \`${drawing[0]}\``,
        received: `beams ${options.beams}, ${drawing[0]} ${drawing[1]}`,
        fix: 'leave out the one or the other.',
      });
    const beams = drawing === undefined ? (options.beams ?? 5) : Math.max(1, nBest);
    requireBeams(where, drawing === undefined ? 'beams' : 'nBest', beams);
    requireNumber(where, 'lengthPenalty', lengthPenalty, 'a number of at least 0', (v) => v >= 0);
    requireNumber(where, 'coveragePenalty', coveragePenalty, 'a number of at least 0', (v) => v >= 0);
    requireCount(where, 'nBest', nBest);
    requireNumber(where, 'nBest', nBest, `at most \`beams\`, ${beams}`, (v) => v <= beams);
    if (seed !== undefined) requireNumber(where, 'seed', seed, 'a whole number', Number.isInteger);
    requireBoolean(where, 'replaceUnknown', replaceUnknown);
    requireSignal(where, options.signal);
    return {
      ...{ beams, lengthPenalty, coveragePenalty, nBest, replaceUnknown, seed },
      ...{ prefix: options.prefix, oneOf: options.oneOf, signal: options.signal },
      sampling: drawing && given,
    };
  }

  #decoding: TranslatorDecoder | undefined;

  #decoder(): TranslatorDecoder {
    return (this.#decoding ??= new TranslatorDecoder(withShares(this.model)));
  }

  #translation({ tokens, shares, ...facts }: Hypothesis, pieces: readonly string[]): Translation {
    const ids = facts.isComplete ? tokens.slice(0, -1) : tokens;
    const { target } = this.codecs;
    const copied = (place: number): string => pieces[argMaxOf(shares[place], 0, pieces.length)];
    const texts = ids.map((id, place) => (target.isUnknown(id) ? copied(place) : undefined));
    return {
      text: target.decode(ids, texts),
      ...facts,
      tokens: { source: pieces, target: ids.map((id, place) => texts[place] ?? target.shown(id)) },
      attention: shares,
    };
  }

  /** Most tokens of a target: what training has shown, and half as much again. */
  #limitOf(numSourceTokens: number): number {
    const { longestTarget, lengthRatio } = this.pairs;
    const shown = Math.min(
      lengthRatio.most * numSourceTokens,
      Math.max(longestTarget, lengthRatio.mean * numSourceTokens),
    );
    return Math.ceil(1.5 * shown) + 10;
  }
}

const nothing: Translation = {
  text: '',
  logProbability: 0,
  score: 0,
  isComplete: true,
  tokens: { source: [], target: [] },
  attention: [],
};

const translateOptionNames = [
  'beams',
  'lengthPenalty',
  'coveragePenalty',
  'nBest',
  'prefix',
  'oneOf',
  'replaceUnknown',
  'seed',
  'signal',
  ...samplingOptionNames,
] as const satisfies readonly (keyof TranslateOptions)[];

/** Every source once, with all that it may become. */
export function referencesBySource(pairs: readonly SentencePair[]): Map<string, string[]> {
  const references = new Map<string, string[]>();
  for (const { source, target } of pairs) {
    const own = references.get(source);
    if (own === undefined) references.set(source, [target]);
    else if (!own.includes(target)) own.push(target);
  }
  return references;
}
