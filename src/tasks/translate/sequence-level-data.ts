import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { requireSignal } from '../../training/require-signal.js';
import { requireBeams } from '../decoding/beam-search.js';
import { requireFields } from '../require-texts.js';
import { partsOf, type TranslatorData } from './pair-parts.js';
import type { SentencePair } from './sentence-pair.js';
import { studentOptions } from './student-options.js';
import { Translator } from './translator.js';
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

/** Pairs of which a teacher wrote the targets to learn from. */
export interface SequenceLevelData extends TranslatorData {
  /** Training pairs with an empty side, which are left out. */
  readonly numEmpty: number;
  /** Sources that are left out because what the teacher wrote has no end within what a text may have, or is empty. */
  readonly numUnfinished: number;
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
 * @throws USAGE without a teacher, for what a student may not say, and for a teacher that ends no sentence;
 * OUT_OF_RANGE, UNKNOWN_NAME, DATA_FORMAT; ABORTED
 */
export async function sequenceLevelData(
  data: TranslatorData,
  options: TranslatorOptions = {},
  settings: SequenceLevelOptions = {},
): Promise<SequenceLevelData> {
  const where = 'sequenceLevelData';
  refuseUnknownOptions(where, settings, ['beams', 'signal', 'onProgress']);
  const { beams = 5, signal, onProgress } = settings;
  requireBeams(where, 'beams', beams);
  requireSignal(where, signal);
  requireFields(where, data, ['train'], '{ train, teacher: { model } }');
  const teacher = data.teacher?.model;
  if (!(teacher instanceof Translator))
    throw new RondoError('USAGE', {
      where,
      what: 'there is nobody to write the targets.',
      expected: '`teacher` in the data',
      fix: 'give { train, teacher: { model } }.',
    });
  const { parts, numEmpty } = partsOf(data, resolvedTranslatorOptions(studentOptions(where, data, options)), where);
  const sources = [...new Set(parts.train.map(({ source }) => source))];
  const train: SentencePair[] = [];
  for (let start = 0; start < sources.length; start += sourcesAtOnce) {
    const some = sources.slice(start, start + sourcesAtOnce);
    const written = await teacher.predict(some, { beams, signal });
    some.forEach((source, i) => {
      const [{ text, isComplete }] = written[i];
      if (isComplete && text !== '') train.push({ source, target: text });
    });
    onProgress?.(start + some.length, sources.length);
  }
  if (train.length > 0) return { ...data, ...parts, train, numEmpty, numUnfinished: sources.length - train.length };
  throw new RondoError('USAGE', {
    where,
    what: 'the teacher has written no target to its end.',
    received: `${sources.length} sources`,
    fix: 'train the teacher for longer.',
  });
}
