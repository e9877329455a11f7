import type { TagScheme } from '../../data/tag-schemes.js';
import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { softmaxRows } from '../../exponential.js';
import type { VectorCoverage } from '../../io/word-vectors/coverage.js';
import { CRF, weightsOfChain } from '../../layers/crf.js';
import type { Resolved } from '../../resolved.js';
import { constrainedWeights } from '../../tensor/chain-decoding.js';
import type { ChainWeights } from '../../tensor/linear-chain.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { argMaxOf } from '../../training/metrics/metric.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { fingerprintOf } from '../fingerprint.js';
import type { ModuleCode, ModuleNets } from '../module-code.js';
import { requireTexts, wrongData } from '../require-texts.js';
import { type SavedSeenItems, SeenItems } from '../seen-items.js';
import type { TaskFields, TaskModel } from '../task.js';
import type { TrainingOutcome } from '../training-run.js';
import { padded, placesByLength } from './tag-batches.js';
import type { TagCodec } from './tag-codec.js';
import { numWordsOf, requireTagged, sentenceKey, type TaggedSentence } from './tagged-sentence.js';
import { taggerCode, taggerNets } from './tagger-code.js';
import type { TaggerOptions } from './tagger-options.js';
import { scoreOf, type TaggingReport, type TaggingScore, taggingReport } from './tagging-report.js';

/** What the baseline, a hidden Markov tagger of the same training sentences, reached on other sentences. */
export interface BaselineScore extends TaggingScore {
  /** What training used the sentences for. */
  readonly part: 'validation' | 'test';
  /** Of the sentences, to know them again. */
  readonly fingerprint: number;
}

/** What a tagger remembers of its training data; plain JSON. */
export interface TrainedSentences {
  readonly numSentences: number;
  readonly numWords: number;
  /** Sentences that chose the best epoch. */
  readonly numValidationSentences: number;
  readonly fingerprint: number;
  /** The column of the files it was trained on, as the command line names it; null where there was none. */
  readonly column: string | null;
  /** How the tags mark spans; null where they mark none. */
  readonly scheme: TagScheme | null;
  readonly baseline: readonly BaselineScore[];
  /** The tag that most words of training have; older files do not say, but tell it first of all tags. */
  readonly commonestTag?: string | undefined;
  /** How much of the training sentences the given vectors cover; null without vectors. */
  readonly vectors: VectorCoverage | null;
  /**
   * How the sentences were read, such as `format` and `wordColumn`, for reading others in the same way; older files do
   * not say.
   */
  readonly reading?: Readonly<Record<string, string>> | undefined;
  /** Which sentences were learned from and which chose the best epoch; older files do not say. */
  readonly seen?: SavedSeenItems | undefined;
}

/** What {@link Tagger.evaluate} finds. */
export interface TaggerReport extends TaggingReport {
  /** `validation`: all that is measured chose the best epoch. `trained on`: all was learned from or chose the epoch. */
  readonly part: 'all' | 'validation' | 'trained on';
  /** Sentences given. Of the list that training split, only those that chose the epoch are measured. */
  readonly numGiven: number;
  /** What the baseline reached on the same sentences; null where training did not see them. */
  readonly baseline: BaselineScore | null;
  /** Always the commonest tag of training, as a share of right words. */
  readonly commonest: { readonly tag: string; readonly accuracy: number };
  /** Words of the sentences that differ: one that comes again, whatever its case and digits, says nothing new. */
  readonly numDistinctWords: number;
  /** Sentences that training learned from, whatever their case and digits. */
  readonly numTrained: number;
  /** Sentences that chose its best epoch. */
  readonly numChosen: number;
  /** Figures of the others; null where there are none, or all are. */
  readonly unseen: TaggingScore | null;
}

/**
 * A trained model that gives every word of a sentence a tag, with everything needed to use it. See
 * {@link TaggerTraining}.
 */
export class Tagger implements TaskModel {
  readonly task = 'tag';

  constructor(
    /**
     * Indices of words and characters, `[batch, time, 1 + affixes + characters]`, to label scores
     * `[batch, time, tags]`.
     */
    readonly model: Sequential,
    readonly codec: TagCodec,
    readonly sentences: TrainedSentences,
    /** Everything it was trained with. */
    readonly options: Readonly<Resolved<TaggerOptions>>,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
  ) {}

  /** The tags of sentences, one for each word. A sentence without words has none. @throws ABORTED */
  async predict(
    sentences: readonly (readonly string[])[],
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<string[][]> {
    refuseUnknownOptions('Tagger.predict', options, ['signal']);
    requireWords('Tagger.predict', sentences);
    const tags: string[][] = sentences.map(() => []);
    const labels = this.#labelsOf(sentences, options.signal);
    for await (const { place, labels: own } of labels) tags[place] = own.map((label) => this.codec.tags[label]);
    return tags;
  }

  /**
   * How sure the model is: for each word `P(tag | sentence)` of every tag, in the order of `codec.tags`; with a CRF,
   * summed over all tags of the other words.
   */
  async probabilities(words: readonly string[]): Promise<Float64Array[]> {
    if (words.length === 0) return [];
    const K = this.codec.tags.length;
    const scores = this.#scoresOf([words]);
    const crf = crfOf(this.model);
    const all =
      crf === undefined
        ? softmaxRows(await scores.data(), K)
        : crf.marginals({ scores: await onHost(scores), weights: await crf.readWeights() })[0];
    return words.map((_, t) => all.slice(t * K, (t + 1) * K));
  }

  #seenItems: SeenItems | undefined;

  /**
   * Compares its tags with the true ones, with the baseline's figures where training measured it on the same sentences.
   * Of the list that training split, only the sentences that were held out and chose the best epoch are measured.
   *
   * @throws as `taggedSentences`; ABORTED
   */
  async evaluate(
    sentences: readonly TaggedSentence[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<TaggerReport> {
    const given = requireTagged(sentences, 'Tagger.evaluate');
    const truth = this.#heldOutOf(given) ?? given;
    const predicted = await this.predict(
      truth.map(({ words }) => words),
      { signal },
    );
    const options = {
      scheme: this.sentences.scheme ?? undefined,
      isUnknown: (word: string) => this.codec.isUnknown(word),
      tags: this.codec.tags,
    };
    const report = taggingReport(truth, predicted, options);
    const fingerprint = fingerprintOfSentences(truth);
    const seen = this.#partsOf(truth);
    const places = seen.flatMap((part, s) => (part === undefined ? [s] : []));
    const tag = this.sentences.commonestTag ?? this.codec.tags[0];
    const lengths = new Map(truth.map(({ words }) => [sentenceKey(words), words.length]));
    const isMixed = places.length > 0 && places.length < truth.length;
    const part = seen.every((own) => own === 'validation') ? 'validation' : places.length === 0 ? 'trained on' : 'all';
    return {
      ...report,
      part,
      numGiven: given.length,
      baseline: this.sentences.baseline.find((score) => score.fingerprint === fingerprint) ?? null,
      commonest: { tag, accuracy: (report.byTag[tag]?.numTrue ?? 0) / report.numWords },
      numDistinctWords: [...lengths.values()].reduce((sum, length) => sum + length, 0),
      numTrained: seen.filter((part) => part === 'train').length,
      numChosen: seen.filter((part) => part === 'validation').length,
      unseen: isMixed
        ? scoreOf(
            taggingReport(
              places.map((s) => truth[s]),
              places.map((s) => predicted[s]),
              options,
            ),
          )
        : null,
    };
  }

  /**
   * The sentences that chose the best epoch, where these are the list that training split into them and those it
   * learned from.
   */
  #heldOutOf(sentences: readonly TaggedSentence[]): readonly TaggedSentence[] | undefined {
    const parts = this.#partsOf(sentences);
    const [learned, chosen] = (['train', 'validation'] as const).map((part) =>
      sentences.filter((_, s) => parts[s] === part),
    );
    const chosenOn = this.sentences.baseline.find(({ part }) => part === 'validation');
    if (chosen.length === 0 || learned.length + chosen.length < sentences.length || !this.isTrainedOn(learned))
      return undefined;
    return chosenOn?.fingerprint === fingerprintOfSentences(chosen) ? chosen : undefined;
  }

  /** What training used each sentence for; undefined where it has not seen it. */
  #partsOf(sentences: readonly TaggedSentence[]): readonly ('train' | 'validation' | undefined)[] {
    const { seen } = this.sentences;
    if (seen === undefined) return sentences.map(() => (this.isTrainedOn(sentences) ? 'train' : undefined));
    const items = (this.#seenItems ??= SeenItems.fromJSON(seen));
    return sentences.map(({ words }) => items.partOf(sentenceKey(words)));
  }

  /** Whether these are the sentences it was trained on. */
  isTrainedOn(sentences: readonly TaggedSentence[]): boolean {
    return (
      sentences.length === this.sentences.numSentences &&
      numWordsOf(sentences) === this.sentences.numWords &&
      fingerprintOfSentences(sentences) === this.sentences.fingerprint
    );
  }

  #nets: ModuleNets | undefined;

  /** @internal Of a module of `standaloneCode`. */
  moduleNets(): ModuleNets {
    return (this.#nets ??= taggerNets(this.model));
  }

  /** `createTagger().predict(words)` of a module of `standaloneCode`. */
  moduleCode(): ModuleCode {
    const crf = crfOf(this.model);
    const weights = crf && weightsOfChain(crf.chainVariables.map((one) => one.hostNumbers()));
    return taggerCode(this.codec, this.moduleNets(), weights && constrainedWeights(weights, crf.constraints));
  }

  /** What a model file keeps beside the weights, the options and the outcome. */
  toJSON(): TaskFields {
    const baseline = this.sentences.baseline.map(({ spans, ...score }) => ({ ...score, spans: spans && { ...spans } }));
    const { vectors, seen, reading } = this.sentences;
    return {
      codec: this.codec.toJSON(),
      sentences: {
        ...this.sentences,
        baseline,
        vectors: vectors && { ...vectors },
        seen: seen && { ...seen },
        reading: reading && { ...reading },
      },
    };
  }

  async *#labelsOf(
    sentences: readonly (readonly string[])[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ place: number; labels: number[] }> {
    const places = [...sentences.keys()].filter((place) => sentences[place].length > 0);
    for (const batch of placesByLength(places.map((place) => sentences[place].length))) {
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', {
          where: 'Tagger',
          what: 'it was stopped before it was done.',
          fix: 'start it again for a result.',
        });
      const own = Array.from(batch, (i) => places[i]);
      const scores = this.#scoresOf(own.map((place) => sentences[place]));
      const labels = decodeScores(
        this.model,
        await onHost(scores),
        own.map((place) => sentences[place].length),
        await crfOf(this.model)?.readWeights(),
      );
      for (const [i, place] of own.entries()) yield { place, labels: labels[i] };
      if (hostIsWaiting()) await yieldToHost();
    }
  }

  #scoresOf(sentences: readonly (readonly string[])[]): Tensor {
    const { x } = padded(sentences.map((words) => this.codec.encode({ words })));
    return scope(() => this.model.apply(tensor(x.data, x.shape)));
  }
}

/** The same numbers where they can be read at once. */
async function onHost(values: Tensor): Promise<Tensor> {
  return tensor(await values.readNumbers(), values.shape);
}

/** @throws USAGE, DATA_FORMAT for what are no lists of words */
function requireWords(where: string, sentences: unknown): void {
  const example = 'lists of words, such as [["They", "sleep", "."]]';
  if (!Array.isArray(sentences)) throw wrongData(where, 'a list of sentences', sentences, example);
  for (const [s, words] of sentences.entries()) requireTexts(`${where}, sentence ${s + 1}`, words, example);
}

/** The CRF that a model ends with, if any. */
export function crfOf(model: Sequential): CRF | undefined {
  const last: unknown = model.layers.at(-1);
  return last instanceof CRF ? last : undefined;
}

/**
 * @internal By sequence: the best labels of the first `lengths[i]` steps; without a CRF the best of each step by
 * itself.
 *
 * @param weights of the CRF, where there is one.
 */
export function decodeScores(
  model: Sequential,
  scores: Tensor,
  lengths: readonly number[],
  weights?: ChainWeights,
): number[][] {
  const [batch, time, K] = scores.shape;
  const crf = crfOf(model);
  if (crf !== undefined) {
    const mask = Uint8Array.from({ length: batch * time }, (_, at) =>
      at % time < lengths[Math.floor(at / time)] ? 1 : 0,
    );
    return crf.decode({ scores, mask, weights }).map((labels) => [...labels]);
  }
  const values = scores.hostNumbers();
  return lengths.map((length, b) => Array.from({ length }, (_, t) => argMaxOf(values, (b * time + t) * K, K)));
}

/** @internal To know sentences again. */
export function fingerprintOfSentences(sentences: readonly TaggedSentence[]): number {
  const text = sentences.map(({ words, tags }) => `${words.join('\n')}\t${tags.join('\n')}`).join('\t');
  return fingerprintOf(Int32Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}
