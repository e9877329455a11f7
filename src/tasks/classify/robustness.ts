import type { LabelledTexts } from '../../data/text-rows.js';
import { RondoError, refuseUnknownOptions, requireNumber, unknownName } from '../../errors.js';
import { Random } from '../../random.js';
import { likeliest } from './calibration.js';
import { classificationReport } from './classification-report.js';
import type { Classifier, MeasuredTexts } from './classifier.js';
import type { EmptyTexts } from './keep-texts.js';
import { type TextNoise, textNoises, withNoise } from './text-noise.js';

export interface RobustnessOptions {
  /** Shares of the words with a slip. Default 0.05, 0.1, 0.2, 0.4. */
  rates?: readonly number[] | undefined;
  /** Default all. */
  noises?: readonly TextNoise[] | undefined;
  /** Decides which words, and how. Default 0. */
  seed?: number | undefined;
  /** What to do about texts without a token; by default as in training. */
  empty?: EmptyTexts | undefined;
  signal?: AbortSignal | undefined;
}

/** How a classifier does on texts with one kind of slips at one rate. */
export interface RobustnessRow {
  readonly noise: TextNoise;
  readonly rate: number;
  /** Texts that the noise changed at all; of these alone the rest can differ from the clean texts. */
  readonly numChanged: number;
  /** Texts that get another class than without noise. */
  readonly numFlipped: number;
  readonly accuracy: number;
  readonly macroF1: number;
}

export interface RobustnessReport {
  readonly part: MeasuredTexts['part'];
  /** Texts among them that training has seen. */
  readonly numSeen: number;
  readonly numTexts: number;
  /** Without noise. */
  readonly clean: { readonly accuracy: number; readonly macroF1: number };
  readonly rows: readonly RobustnessRow[];
}

/**
 * Measures a classifier on texts with slips of a writer, at several rates. Equal seeds give equal slips. Of the texts
 * it was trained on, only the held-out part counts.
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME, DATA_FORMAT; ABORTED
 */
export async function robustness(
  classifier: Classifier,
  data: LabelledTexts,
  options: RobustnessOptions = {},
): Promise<RobustnessReport> {
  const where = 'robustness';
  refuseUnknownOptions(where, options, ['rates', 'noises', 'seed', 'empty', 'signal']);
  const {
    rates = [0.05, 0.1, 0.2, 0.4],
    noises = textNoises,
    seed = 0,
    empty = classifier.options.empty,
    signal,
  } = options;
  for (const rate of rates)
    requireNumber(where, 'a rate', rate, 'a number above 0, at most 1', (value) => value > 0 && value <= 1);
  for (const noise of noises)
    if (!textNoises.includes(noise)) throw unknownName(where, 'noise', String(noise), textNoises);
  if (rates.length === 0)
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'there is no rate.',
      expected: 'at least one rate',
      fix: 'give rates such as [0.1, 0.2].',
    });
  const { kept, part, seen } = classifier.measuredPart(classifier.encodeAll(data, empty).rows);
  const truth = classifier.classesOf(kept);
  const { labels, encoder } = classifier;
  const measure = async (texts: readonly string[]) => {
    // A slip can leave no token; the classifier then reads nothing.
    const probabilities = await classifier.probabilities(
      texts.map((text) => encoder.encode(text)),
      signal,
    );
    const { accuracy, macroF1 } = classificationReport(labels, truth, probabilities);
    return { accuracy, macroF1, decisions: texts.map((_, row) => likeliest(probabilities, row, labels.length)) };
  };
  const clean = await measure(kept.texts);
  const rows: RobustnessRow[] = [];
  for (const noise of noises) {
    for (const rate of rates) {
      const texts = kept.texts.map((text, i) =>
        withNoise(text, noise, rate, new Random(seed, `${noise} ${rate} ${i}`)),
      );
      const { accuracy, macroF1, decisions } = await measure(texts);
      const numChanged = texts.filter((text, i) => text !== kept.texts[i]).length;
      const numFlipped = decisions.filter((decision, i) => decision !== clean.decisions[i]).length;
      rows.push({ noise, rate, numChanged, numFlipped, accuracy, macroF1 });
    }
  }
  return {
    part,
    numSeen: seen.filter((own) => own !== undefined).length,
    numTexts: kept.texts.length,
    clean: { accuracy: clean.accuracy, macroF1: clean.macroF1 },
    rows,
  };
}
