import { RondoError } from '../../errors.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import { type CodecOptions, codecOptions, tokenLevels } from '../codec-of-text.js';
import { optionsOfInitial, refuseBesideInitial } from '../initial-model.js';
import { checkOptions, pickOptions, withDefaults } from '../option-table.js';
import { refuseBesideTeacher, studentShape } from '../task-teacher.js';
import { refuseTokenOptions } from '../token-options.js';
import type { LanguageModelData } from './language-model-data.js';
import { type LanguageModelOptions, languageModelOptions } from './language-model-options.js';
import { languageModelPresets } from './language-model-presets.js';

const where = 'LanguageModelTraining';

/**
 * All options of a training, with defaults for those that are not given.
 *
 * @param numTokens that are learned from; while it is not known, the text counts as a long one.
 * @throws UNKNOWN_NAME, OUT_OF_RANGE, USAGE
 */
export function resolvedLanguageModelOptions(
  options: LanguageModelOptions,
  data: LanguageModelData,
  numTokens = Infinity,
): Resolved<LanguageModelOptions> {
  const { vectors, initial, teacher } = data;
  const codec = data.codec ?? teacher?.model.codec;
  checkOptions(where, languageModelOptions, options);
  const given = givenOptions(options);
  requireFittingData(given, data);
  const said = { ...languageModelPresets[given.preset ?? 'none'], ...given };
  const before = initial && optionsOfInitial(where, languageModelOptions, said, initial.options);
  const ofCodec = codec && { level: codec.level, maxTokens: codec.size };
  const taught = teacher && {
    shape: studentShape(teacher.model.options),
    tokens: pickOptions(codecOptions, teacher.model.options),
  };
  const all = withDefaults(
    languageModelOptions,
    { ...taught?.shape, ...said, ...before, ...taught?.tokens, ...ofCodec },
    { numTokens, vectors },
  );
  // Vectors that were read for no word have no width.
  if (vectors !== undefined && all.level !== 'words' && all.level !== 'characters') throw noWordsForVectors(all.level);
  requireFittingVectors(all, data);
  refuseWithoutEffect(given, all);
  return all;
}

/** Which options make the codec of a text. @throws USAGE for a level that has none */
export function codecOptionsOf(options: Resolved<LanguageModelOptions>): CodecOptions {
  const { level, ...others } = pickOptions(codecOptions, options);
  if (level !== 'file') return { level, ...others };
  throw new RondoError('USAGE', {
    where,
    what: 'level `file` is that of a given codec.',
    expected: tokenLevels.join(', '),
    received: 'file',
    fix: 'give `codec`, or another level.',
  });
}

/**
 * Options that were given and that the others leave without effect; those of presets may be. @throws USAGE naming them
 */
function refuseWithoutEffect(given: LanguageModelOptions, all: Resolved<LanguageModelOptions>): void {
  const rules = [
    { names: ['fullRateEpochs', 'rateDecay'], holds: all.optimizer === 'sgd', needs: '`optimizer` sgd' },
    { names: ['punctuation'], holds: all.level === 'words', needs: '`level` words' },
    {
      names: ['variational'],
      holds: given.variational !== true || all.dropout > 0 || all.inputDropout > 0,
      needs: '`dropout` or `inputDropout` above 0',
    },
  ] as const;
  for (const { names, holds, needs } of rules) {
    const idle = holds ? [] : names.filter((name) => given[name] !== undefined);
    if (idle.length === 0) continue;
    throw new RondoError('USAGE', {
      where,
      what: `${idle.map((name) => `\`${name}\``).join(' and ')} would change nothing.`,
      expected: needs,
      received: idle.map((name) => `${name} ${given[name]}`).join(', '),
      fix: `leave ${idle.length === 1 ? 'it' : 'them'} out, or give ${needs}.`,
    });
  }
}

/** @throws USAGE for data that exclude each other, or an option */
function requireFittingData(
  given: LanguageModelOptions,
  { validation, vectors, codec, initial, teacher }: LanguageModelData,
): void {
  if (validation !== undefined && given.validation !== undefined) {
    throw new RondoError('USAGE', {
      where,
      what: 'a share of validation and a text of validation cannot be given together.',
      expected: 'one of them',
      fix: 'leave the share out: the given text chooses the best epoch.',
    });
  }
  if (codec !== undefined || teacher !== undefined)
    refuseTokenOptions(where, teacher === undefined ? 'given codec' : 'teacher', pickOptions(codecOptions, given));
  refuseBesideInitial(where, initial, { vectors, codec });
  refuseBesideTeacher(where, teacher, { initial, codec });
}

export function noWordsForVectors(level: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: '`vectors` of words have none for such tokens.',
    expected: '`level` words or characters',
    received: `level ${level}`,
    fix: 'set `level` to words, or leave `vectors` out.',
  });
}

function requireFittingVectors(all: Resolved<LanguageModelOptions>, { vectors }: LanguageModelData): void {
  const fault = (
    what: string,
    facts: { expected?: string | undefined; received?: string | undefined; fix: string },
  ): RondoError => new RondoError('USAGE', { where, what, ...facts });
  if (vectors === undefined) {
    if (all.freezeVectors)
      throw fault('`freezeVectors` has no vectors to keep.', { fix: 'give vectors, or leave it out.' });
    return;
  }
  if (all.embeddingDropout > 0)
    throw fault('`embeddingDropout` does not go with given vectors.', {
      received: `embeddingDropout ${all.embeddingDropout}`,
      fix: 'use inputDropout.',
    });
  if (all.embeddingUnits === vectors.dimension) return;
  throw fault('the vectors decide how wide the embedding is.', {
    expected: `embeddingUnits ${vectors.dimension}, or none`,
    received: String(all.embeddingUnits),
    fix: 'leave embeddingUnits out.',
  });
}
