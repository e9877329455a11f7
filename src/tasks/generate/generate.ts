import { ByteCodec } from '../../data/tokens/byte-codec.js';
import { RondoError, refuseUnknownOptions, requireCount, requireKind, requireNumber } from '../../errors.js';
import { currentBackend } from '../../kernels/select.js';
import { currentRandom, Random } from '../../random.js';
import type { ModelStream } from '../../training/model-stream.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { beamSearch, requireBeams } from '../decoding/beam-search.js';
import { requireSampling, type SamplingOptions, sampleToken, samplingOptionNames } from '../decoding/sample-token.js';
import { spelledBytes } from '../decoding/spelled-bytes.js';
import type { TokenConstraint } from '../decoding/token-constraint.js';
import type { LanguageModel } from '../language-model/language-model.js';
import { PoemForm, type PoemFormOptions } from './poem-form.js';
import { penalised, type RepetitionOptions, requireRepetition } from './repetition.js';
import { StopTexts } from './stop-texts.js';
import { textDecoder } from './text-decoder.js';

export interface GenerateOptions extends SamplingOptions, RepetitionOptions {
  /**
   * What the text begins with; it is read, not written. Default nothing: a text begins as those of the training did.
   */
  prompt?: string | undefined;
  /** Most tokens to write. Default 500; a poem decides itself. */
  length?: number | undefined;
  /** Makes the text repeatable; by default it goes on with the library's generator, see `setSeed`. */
  seed?: number | undefined;
  /** Ends before this text, or the first of these, is written. */
  stop?: string | readonly string[] | undefined;
  /**
   * Searches the likeliest text among so many at a time instead of drawing; it is then yielded at once. See
   * `beamSearch`. At most 1,000.
   */
  beams?: number | undefined;
  /** Writes in a form that is never broken. */
  poem?: PoemFormOptions | undefined;
}

const ownNames = [
  'prompt',
  'length',
  'seed',
  'stop',
  'beams',
  'poem',
  'repetitionPenalty',
  'repetitionWindow',
] as const;

/**
 * Writes text, token by token: each yielded piece continues the text before it. A token costs one step of the model,
 * however long the text is. Texts that are written by turns do not disturb each other.
 *
 * @example
 * for await (const piece of generate(model, { prompt: 'To be', temperature: 0.8 })) process.stdout.write(piece);
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME, and USAGE for options that exclude each other, before anything is computed.
 */
export function generate(languageModel: LanguageModel, options: GenerateOptions = {}): AsyncGenerator<string> {
  const where = 'generate';
  refuseUnknownOptions(where, options, [...ownNames, ...samplingOptionNames]);
  requireKind(typeof languageModel?.codec === 'object', languageModel, {
    where,
    what: 'this is no language model.',
    fix: 'give training.languageModel, or the task of loadTask.',
  });
  const stops: unknown = stopsOf(options);
  requireKind(Array.isArray(stops) && stops.every((stop) => typeof stop === 'string'), options.stop, {
    where,
    what: '`stop` is neither a text nor a list of texts.',
    fix: "write stop: ['.'].",
  });
  requireSampling(where, options);
  requireRepetition(where, options);
  requireCount(where, 'length', options.length ?? 500, 0);
  if (options.seed !== undefined) requireNumber(where, 'seed', options.seed, 'a whole number', Number.isInteger);
  if (options.beams !== undefined) requireBeams(where, 'beams', options.beams);
  requireTogether(where, options);
  const form = options.poem && new PoemForm(languageModel.codec, options.poem, where);
  return options.beams === undefined
    ? drawn(languageModel, options, form)
    : searched(languageModel, { ...options, beams: options.beams }, form);
}

function requireTogether(where: string, options: GenerateOptions): void {
  const given = (names: readonly (keyof GenerateOptions)[]): string[] =>
    names.filter((name) => options[name] !== undefined);
  const refuse = (reason: string, names: readonly string[]): void => {
    if (names.length > 0)
      throw new RondoError('USAGE', {
        where,
        what: `${reason}.`,
        expected: `no ${names.map((name) => `\`${name}\``).join(', ')}`,
        received: names.map((name) => `${name} ${JSON.stringify(options[name as keyof GenerateOptions])}`).join(', '),
        fix: 'leave out the one or the other.',
      });
  };
  if (options.beams !== undefined)
    refuse('a beam search draws nothing', given(['temperature', 'topK', 'topP', 'minP', 'seed']));
  if (options.poem !== undefined) refuse('the form of a poem decides where it ends', given(['length', 'stop']));
  if (options.repetitionPenalty === undefined) refuse('a window needs a penalty', given(['repetitionWindow']));
  if (stopsOf(options).includes(''))
    throw new RondoError('USAGE', {
      where,
      what: 'a text to stop at is empty.',
      expected: 'at least one character',
      received: JSON.stringify(options.stop),
      fix: 'leave it out.',
    });
}

function stopsOf({ stop = [] }: GenerateOptions): readonly string[] {
  return typeof stop === 'string' ? [stop] : stop;
}

/** How a text begins. */
interface Start {
  /** What is read before the first token is written. */
  readonly start: Int32Array;
  /** The token to the left of that, where it goes on from a prompt. */
  readonly before: number | undefined;
  /** The end of the prompt that is written once more, since byte pairs may join it with what follows; it is not shown. */
  readonly open: string;
  readonly spelling: TokenConstraint | undefined;
}

function startOf({ codec, text }: LanguageModel, { prompt = '', poem }: GenerateOptions): Start {
  // A file of an earlier version does not say how its texts begin.
  const beginning = text.start?.tokens ?? codec.encode('\n');
  // A poem begins a line of its own.
  if (codec instanceof ByteCodec && codec.level === 'bpe' && poem === undefined && beginning.length > 0) {
    const { ids, open } = codec.encodeOpen(prompt);
    const start = joined(beginning, ids);
    return {
      ...{ start, before: undefined },
      ...{ open: new TextDecoder().decode(open), spelling: spelledBytes(open, (token) => codec.pairs.bytesOf(token)) },
    };
  }
  const given = codec.encode(prompt);
  return {
    start: joined(beginning, given),
    before: given.length > 0 && poem === undefined ? given[given.length - 1] : undefined,
    ...{ open: '', spelling: undefined },
  };
}

/** Leaves so many characters out of the beginning of a text that comes in pieces. */
function without(count: number): (text: string) => string {
  let left = count;
  return (text) => {
    const rest = text.slice(left);
    left = Math.max(0, left - text.length);
    return rest;
  };
}

/**
 * The prompt behind what stands before a text's beginning; where the prompt begins with the end of that, it is not said
 * twice.
 */
function joined(beginning: ArrayLike<number>, prompt: Int32Array): Int32Array {
  let overlap = Math.min(beginning.length, prompt.length);
  const isOverlap = (size: number): boolean => {
    for (let i = 0; i < size; i++) if (beginning[beginning.length - size + i] !== prompt[i]) return false;
    return true;
  };
  while (!isOverlap(overlap)) overlap--;
  return Int32Array.from([...Array.from(beginning), ...prompt.subarray(overlap)]);
}

/** A poem is as long as its form; 10,000 tokens a line are beyond any. */
function mostTokens(length: number | undefined, form: PoemForm | undefined): number {
  return form === undefined ? (length ?? 500) : form.numLines * 10_000;
}

/** The logits of what comes after a token. Where they can be read at once nothing is waited for. */
function after(stream: ModelStream, token: number): ArrayLike<number> | Promise<ArrayLike<number>> {
  return currentBackend().readNow === undefined ? stream.stepAsync(token) : stream.step(token);
}

async function* drawn(
  languageModel: LanguageModel,
  options: GenerateOptions,
  form: PoemForm | undefined,
): AsyncGenerator<string> {
  const { model, codec } = languageModel;
  const { length, seed, temperature, topK, topP, minP } = options;
  const random = new Random(seed ?? currentRandom().uint32(), 'generate');
  const { start, before, open, spelling: first } = startOf(languageModel, options);
  const writer = codec.writer(before);
  const shown = without(open.length);
  const stops = new StopTexts(stopsOf(options));
  const recent = [...start];
  let constraint = form?.start();
  let spelling = first;
  const never = {
    has: (token: number): boolean =>
      token === codec.unknownId || constraint?.allows(token) === false || spelling?.allows(token) === false,
  };
  const most = mostTokens(length, form);
  const stream = model.stream();
  let logits: ArrayLike<number> = [];
  try {
    for (const token of start) {
      if (hostIsWaiting()) await yieldToHost();
      logits = await after(stream, token);
    }
    for (let count = 0; count < most; ) {
      const token = sampleToken(penalised(logits, recent, options), random, { temperature, topK, topP, minP }, never);
      const isWritten = constraint?.writes(token) ?? true;
      constraint = constraint?.after(token);
      const text = shown(isWritten ? writer.write(token) : '');
      // What only repeats the end of the prompt is not counted.
      if (spelling === undefined || text !== '') count++;
      spelling = spelling?.after(token);
      const { free, isStopped } = stops.push(text);
      if (free !== '') yield free;
      if (isStopped) return;
      if (constraint?.isDone === true) break;
      recent.push(token);
      if (hostIsWaiting()) await yieldToHost();
      if (count < most) logits = await after(stream, token);
    }
  } finally {
    stream.dispose();
  }
  const { free } = stops.push(shown(writer.end()));
  const rest = free + stops.rest();
  if (rest !== '') yield rest;
}

async function* searched(
  languageModel: LanguageModel,
  options: GenerateOptions & { beams: number },
  form: PoemForm | undefined,
): AsyncGenerator<string> {
  const { model, codec } = languageModel;
  const { start, before, open, spelling } = startOf(languageModel, options);
  const stops = stopsOf(options);
  const textOf = (tokens: readonly number[]): string => {
    const writer = codec.writer(before);
    let constraint = form?.start();
    let text = '';
    for (const token of tokens) {
      if (constraint?.writes(token) ?? true) text += writer.write(token);
      constraint = constraint?.after(token);
    }
    return (text + writer.end()).slice(open.length);
  };
  const { beams, repetitionPenalty, repetitionWindow } = options;
  const decoder = await textDecoder(model, start, { batchSize: beams, repetitionPenalty, repetitionWindow });
  const limit = mostTokens(options.length, form);
  const searchedText = {
    limit: limit === 0 ? 0 : limit + codec.encode(open).length,
    constraint: form?.start() ?? spelling,
  };
  const search = {
    beams,
    begin: start[start.length - 1],
    numComplete: 1,
    // The mean of ln P.
    lengthPenalty: (numTokens: number) => Math.max(1, numTokens),
    never: { has: (token: number) => token === codec.unknownId },
    isComplete: (found: readonly number[]) => stops.length > 0 && stops.some((stop) => textOf(found).includes(stop)),
  };
  const [[best]] = await beamSearch([searchedText], decoder, search).finally(() => decoder.end());
  const { tokens } = best;
  const { free } = new StopTexts(stops).push(textOf(tokens));
  const text = stops.some((stop) => textOf(tokens).includes(stop)) ? free : textOf(tokens);
  if (text !== '') yield text;
}
