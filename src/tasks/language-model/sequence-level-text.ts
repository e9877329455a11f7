import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../../errors.js';
import { Random } from '../../random.js';
import { requireSignal } from '../../training/require-signal.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { sampleToken } from '../decoding/sample-token.js';
import { requireFields, requireTexts } from '../require-texts.js';
import { LanguageModel } from './language-model.js';
import type { LanguageModelData } from './language-model-data.js';
import type { LanguageModelOptions } from './language-model-options.js';
import { tokensOf } from './language-model-tokens.js';
import { resolvedLanguageModelOptions } from './resolved-language-model-options.js';

/** How a teacher writes the texts of {@link sequenceLevelText}. */
export interface SequenceLevelTextOptions {
  /** Whether the student learns from the given text too. Default false: what the teacher writes takes its place. */
  keepText?: boolean | undefined;
  /** Tokens that are written, all texts together. Default as many as there are to learn from. */
  length?: number | undefined;
  /** Divides the logits that tokens are drawn by. Default 1: as often as the teacher expects them. */
  temperature?: number | undefined;
  /** Makes the texts repeatable. Default 0. */
  seed?: number | undefined;
  /** Stops between two tokens. */
  signal?: AbortSignal | undefined;
  /** Is called after each token of all texts. */
  onProgress?: ((numDone: number, numTokens: number) => void) | undefined;
}

/** Texts that are written side by side. */
const mostTexts = 32;

/**
 * The data of a student that learns from texts which its teacher writes: drawn token by token from the distributions of the
 * teacher, so that it meets each text as often as the teacher would write it. Kim and Rush 2016, "Sequence-level knowledge
 * distillation", section 3.2; where they take the teacher's best translation of each source, a text without a source has
 * no best one, and is drawn.
 *
 * What chooses the best epoch stays real text: that which is given, or the end of the text that training would hold out. With
 * the distributions of {@link LanguageModelData.teacher} the student learns from both; with its `alpha` 0, from the texts
 * alone.
 *
 * A drawn text teaches less than a real one of its length (docs/decisions/0028-distillation.md has figures).
 *
 * @param options those of the training that is to follow.
 * @throws USAGE without a teacher; OUT_OF_RANGE, UNKNOWN_NAME; NOT_FINITE for a teacher without finite logits; ABORTED
 */
export async function sequenceLevelText(
  data: LanguageModelData,
  options: LanguageModelOptions = {},
  settings: SequenceLevelTextOptions = {},
): Promise<LanguageModelData> {
  const where = 'sequenceLevelText';
  refuseUnknownOptions(where, settings, ['keepText', 'length', 'temperature', 'seed', 'signal', 'onProgress']);
  const { keepText = false, temperature = 1, seed = 0, signal, onProgress } = settings;
  requireSignal(where, signal);
  requireNumber(where, 'temperature', temperature, 'a number above 0', (value) => value > 0);
  requireNumber(where, 'seed', seed, 'a whole number', Number.isInteger);
  requireFields(where, data, ['train'], '{ train, teacher: { model } }');
  const teacher = data.teacher?.model;
  if (!(teacher instanceof LanguageModel))
    throw new RondoError('USAGE', {
      where,
      what: 'there is nobody to write the texts.',
      expected: '`teacher` in the data',
      fix: 'give { train, teacher: { model } }.',
    });
  const { validation } = resolvedLanguageModelOptions(options, data);
  const train = typeof data.train === 'string' ? [data.train] : data.train;
  requireTexts(`${where}, train`, train, 'a text, or a list of texts');
  const { tokens, held } = tokensOf(teacher.codec, train, data.validation, validation);
  const { length = Math.max(2, tokens.length - held) } = settings;
  requireCount(where, 'length', length, 2);
  const texts = await written(teacher, length, {
    where,
    temperature,
    random: new Random(seed, where),
    signal,
    onProgress,
  });
  return { ...data, written: { texts, keepText } };
}

interface Writing {
  readonly where: string;
  readonly temperature: number;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: SequenceLevelTextOptions['onProgress'];
}

async function written(
  { model, codec, text }: LanguageModel,
  length: number,
  { where, temperature, random, signal, onProgress }: Writing,
): Promise<Int32Array[]> {
  // Few long texts show states of long texts, as those of a training are.
  const numTexts = Math.min(mostTexts, Math.ceil(length / 2));
  const start = text.start?.tokens ?? Array.from(codec.encode('\n'));
  const rows = Array.from({ length: numTexts }, () => [...start]);
  const width = codec.size;
  const stream = model.stream({ batchSize: numTexts });
  try {
    // Where nothing is known of beginnings, the first token of each is drawn evenly.
    let logits: Float32Array | Float64Array = new Float32Array(numTexts * width);
    for (const token of start) logits = await stream.stepAsync(new Int32Array(numTexts).fill(token));
    for (let numDone = 0; numDone < length; ) {
      if (signal?.aborted === true)
        throw new RondoError('ABORTED', { where, what: 'it was stopped before it was done.', fix: 'start it again.' });
      if (hostIsWaiting()) await yieldToHost();
      const drawn = Int32Array.from(rows, (_, row) =>
        sampleToken(logits.subarray(row * width, (row + 1) * width), random, { temperature }),
      );
      rows.slice(0, length - numDone).forEach((tokens, row) => tokens.push(drawn[row]));
      numDone = Math.min(length, numDone + numTexts);
      onProgress?.(numDone, length);
      if (numDone < length) logits = await stream.stepAsync(drawn);
    }
  } finally {
    stream.dispose();
  }
  // Texts that are documents each have behind them what stands before the next.
  const isFile = text.start?.kind === 'file';
  return isFile
    ? rows.map((tokens) => Int32Array.from([...tokens.slice(start.length), ...start]))
    : [Int32Array.from(rows.flat())];
}
