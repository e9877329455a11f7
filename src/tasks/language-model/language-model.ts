import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { numUnknownOf } from '../../data/vocabulary.js';
import { RondoError, refuseUnknownOptions, requireCount } from '../../errors.js';
import { logSumExp } from '../../exponential.js';
import type { Resolved } from '../../resolved.js';
import type { Sequential } from '../../training/sequential.js';
import { fingerprintOf } from '../fingerprint.js';
import type { ModuleCode } from '../module-code.js';
import type { TaskFields, TaskModel } from '../task.js';

import type { TrainingOutcome } from '../training-run.js';
import type { TextStart } from './document-starts.js';
import { type DynamicOptions, dynamicLogLikelihood, resolvedDynamic } from './dynamic-evaluation.js';
import { languageModelCode } from './language-model-code.js';
import type { LanguageModelOptions } from './language-model-options.js';
import { ngramOrder, type TextBaseline, textBaseline } from './text-baseline.js';
import { TextReader } from './text-reader.js';

/** How well a model knows a text. */
export interface TextScore {
  /** Whether the whole text was scored, or the end that was held out in training. */
  readonly part: 'all' | 'held out';
  /** Tokens that were predicted: all but the first. */
  readonly numTokens: number;
  /** Tokens of them that the vocabulary does not hold. */
  readonly numUnknown: number;
  /** Mean of `-ln P(token | tokens before)`, in nats a token. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** `loss / ln 2`, times tokens over code points: bits that a coder would need for each character of the text. */
  readonly bitsPerCharacter: number;
  /** Sum of `ln P` of all tokens. */
  readonly logLikelihood: number;
  /** What counting reaches on the same tokens; null of other texts than that of training, which alone was counted. */
  readonly baseline: TextBaseline | null;
}

/** A token that may come next. */
export interface NextToken {
  readonly token: string;
  readonly probability: number;
}

/** What a language model remembers of the text it was trained on; plain JSON. */
export interface TrainedText {
  readonly numTokens: number;
  /** Tokens that were learned from; those after them chose the best epoch. */
  readonly numTrainingTokens: number;
  /** Of all tokens, to know the text again. */
  readonly fingerprint: number;
  /** What is read before a text is written; undefined in files of earlier versions. */
  readonly start?: TextStart | undefined;
  /** What counting reaches on the tokens that chose the best epoch; undefined in files of earlier versions. */
  readonly baseline?: TextBaseline | undefined;
}

/** A trained model of text with everything needed to use it. See {@link LanguageModelTraining} and {@link generate}. */
export class LanguageModel implements TaskModel {
  readonly task = 'languageModel';

  constructor(
    /** `[batch, time]` token ids to logits `[batch, time, vocabulary]`, stateful. */
    readonly model: Sequential,
    readonly codec: TokenCodec,
    readonly text: TrainedText,
    /** Everything it was trained with. */
    readonly options: Readonly<Resolved<LanguageModelOptions>>,
    /** How training went; undefined before. */
    public outcome?: TrainingOutcome,
  ) {}

  /**
   * Scores a text, carrying the state through all of it. Of the text it was trained on only the held-out end is scored,
   * after reading nothing else.
   *
   * @param options.dynamic lets the model learn from what it has read, see `dynamicLogLikelihood`; it is unchanged
   * afterwards.
   * @throws OUT_OF_RANGE for a text of less than two tokens.
   */
  async evaluate(
    text: string,
    { signal, dynamic }: { signal?: AbortSignal | undefined; dynamic?: DynamicOptions | undefined } = {},
  ): Promise<TextScore> {
    const all = this.#tokensOf(text, 2, 'LanguageModel.evaluate');
    const isHeldOut = this.isTrainedOn(all);
    const tokens = isHeldOut ? all.subarray(this.text.numTrainingTokens) : all;
    const logLikelihood =
      dynamic === undefined
        ? await this.#logLikelihood(tokens, signal)
        : await dynamicLogLikelihood(this.model, tokens, resolvedDynamic('LanguageModel.evaluate', dynamic), signal);
    const numTokens = tokens.length - 1;
    const loss = -logLikelihood / numTokens;
    const tokensPerCharacter = this.codec.level === 'characters' ? 1 : all.length / Array.from(text).length;
    return {
      part: isHeldOut ? 'held out' : 'all',
      numTokens,
      numUnknown: numUnknownOf(tokens.subarray(1), this.codec.unknownId),
      loss,
      perplexity: Math.exp(loss),
      bitsPerCharacter: (loss / Math.LN2) * tokensPerCharacter,
      logLikelihood,
      baseline: isHeldOut
        ? textBaseline(
            all.subarray(0, this.text.numTrainingTokens),
            [tokens],
            this.codec.size,
            ngramOrder(this.codec.level),
          )
        : null,
    };
  }

  /** Whether these are the tokens it was trained on. */
  isTrainedOn(tokens: Int32Array): boolean {
    return tokens.length === this.text.numTokens && fingerprintOf(tokens) === this.text.fingerprint;
  }

  /** `ln P` of each token of a text after the first, given all before it. */
  async tokenScores(text: string): Promise<{ readonly token: string; readonly logProbability: number }[]> {
    const scores = [];
    const tokens = this.#tokensOf(text, 2, 'LanguageModel.tokenScores');
    for await (const { token, logProbability } of this.#logProbabilities(tokens))
      scores.push({ token: this.codec.shown(token), logProbability });
    return scores;
  }

  /**
   * The likeliest tokens after a text, best first.
   *
   * @param options.count how many. Default 10.
   * @throws OUT_OF_RANGE for a text of no token, or no count; UNKNOWN_NAME, USAGE
   */
  async predict(text: string, options: { count?: number | undefined } = {}): Promise<NextToken[]> {
    const where = 'LanguageModel.predict';
    refuseUnknownOptions(where, options, ['count']);
    const { count = 10 } = options;
    requireCount(where, 'count', count);
    const logits = await new TextReader(this.model).next(this.#tokensOf(text, 1, where));
    const logSum = logSumExp(logits, 0, logits.length);
    return Array.from(logits, (logit, id) => ({ token: this.codec.shown(id), probability: Math.exp(logit - logSum) }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, count);
  }

  /** `createLanguageModel().generate(options)` of a module of `standaloneCode`. @throws USAGE for bytes and tokenizers of others */
  moduleCode(): ModuleCode {
    return languageModelCode(this);
  }

  /** What a model file keeps beside the weights, the options and the outcome. */
  toJSON(): TaskFields {
    const { start, baseline, ...facts } = this.text;
    const text = { ...facts, ...(start && { start: { ...start } }), ...(baseline && { baseline: { ...baseline } }) };
    return { codec: this.codec.toJSON(), text };
  }

  #tokensOf(text: string, least: number, where: string): Int32Array {
    const tokens = this.codec.encode(text);
    if (tokens.length >= least) return tokens;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the text is too short.',
      expected: `at least ${least} ${this.codec.level}`,
      received: `${tokens.length} ${this.codec.level}`,
      fix: 'give a longer text.',
    });
  }

  async #logLikelihood(tokens: Int32Array, signal: AbortSignal | undefined): Promise<number> {
    let sum = 0;
    for await (const { logProbability } of this.#logProbabilities(tokens)) {
      sum += logProbability;
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', {
          where: 'LanguageModel.evaluate',
          what: 'it was stopped before it was done.',
          fix: 'start it again for a result.',
        });
    }
    return sum;
  }

  async *#logProbabilities(tokens: Int32Array): AsyncGenerator<{ token: number; logProbability: number }> {
    for await (const { start, length, logits } of new TextReader(this.model).logits(tokens.subarray(0, -1))) {
      const width = logits.length / length;
      for (let i = 0; i < length; i++) {
        const token = tokens[start + i + 1];
        yield { token, logProbability: logits[i * width + token] - logSumExp(logits, i * width, width) };
      }
    }
  }
}
