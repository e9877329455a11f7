import { RondoError, refuseUnknownOptions, requireCount } from '../../errors.js';
import { requireSignal } from '../../training/require-signal.js';
import { partsOf, type TranslatorData } from './pair-parts.js';
import type { SentencePair } from './sentence-pair.js';
import { resolvedTranslatorOptions, type TranslatorOptions } from './translator-options.js';

/** How a teacher writes the targets of {@link sequenceLevelData}. */
export interface SequenceLevelOptions {
  /** Of the search. Default 5. */
  beams?: number | undefined;
  /** Stops between batches. */
  signal?: AbortSignal | undefined;
  /** Is called after each batch of sources. */
  onProgress?: ((numDone: number, numSources: number) => void) | undefined;
}

/** Sources between two calls of `onProgress`. */
const sourcesAtOnce = 500;

/**
 * The data of a student that learns what its teacher writes: each source of the training pairs with the best translation
 * that the teacher finds, in the place of its targets. A student has less to tell apart then, since a teacher always says
 * alike what people say in many ways. Kim and Rush 2016, "Sequence-level knowledge distillation", section 3.2.
 *
 * Pairs that choose the best epoch and those that are held out stay as they are; those that training would cut from the
 * pairs are cut here. With the distributions of {@link TranslatorData.teacher} the student learns from both; with its
 * `alpha` 0, from the sentences alone.
 *
 * @param options those of the training that is to follow.
 * @throws USAGE without a teacher; OUT_OF_RANGE, UNKNOWN_NAME, DATA_FORMAT; ABORTED
 */
export async function sequenceLevelData(
  data: TranslatorData,
  options: TranslatorOptions = {},
  settings: SequenceLevelOptions = {},
): Promise<TranslatorData> {
  const where = 'sequenceLevelData';
  refuseUnknownOptions(where, settings, ['beams', 'signal', 'onProgress']);
  const { beams = 5, signal, onProgress } = settings;
  requireCount(where, 'beams', beams);
  requireSignal(where, signal);
  const teacher = data.teacher?.model;
  if (teacher === undefined)
    throw new RondoError('USAGE', {
      where,
      what: 'there is nobody to write the targets.',
      expected: '`teacher` in the data',
      fix: 'give { train, teacher: { model } }.',
    });
  const { parts } = partsOf(data, resolvedTranslatorOptions(options), where);
  const sources = [...new Set(parts.train.map(({ source }) => source))];
  const train: SentencePair[] = [];
  for (let start = 0; start < sources.length; start += sourcesAtOnce) {
    const some = sources.slice(start, start + sourcesAtOnce);
    const written = await teacher.predict(some, { beams, signal });
    some.forEach((source, i) => train.push({ source, target: written[i][0].text }));
    onProgress?.(start + some.length, sources.length);
  }
  return { ...data, ...parts, train };
}
