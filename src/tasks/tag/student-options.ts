import { givenOptions, type Resolved } from '../../resolved.js';
import { pickOptions } from '../option-table.js';
import { resolvedOptions } from '../resolved-options.js';
import { refuseBesideTeacher, studentShape, type TaskTeacher } from '../task-teacher.js';
import { refuseTokenOptions } from '../token-options.js';
import { tagCodecOptions } from './tag-codec.js';
import type { Tagger } from './tagger.js';
import { type TaggerOptions, taggerTask } from './tagger-options.js';

/**
 * The options of a tagger that learns from a larger one: the words, characters and tags of its teacher, and where nothing
 * else is said its cell, layers, encoder of characters and random field, with half its widths.
 *
 * @throws USAGE for what the teacher decides
 */
export function studentOptions(
  where: string,
  {
    teacher,
    ...others
  }: {
    readonly teacher?: TaskTeacher<Tagger> | undefined;
    readonly initial?: object | undefined;
    readonly vectors?: object | undefined;
  },
  options: TaggerOptions,
): Resolved<TaggerOptions> {
  const { initial, vectors } = others;
  refuseBesideTeacher(where, teacher, { initial, vectors });
  refuseTokenOptions(where, 'teacher', pickOptions(tagCodecOptions, options));
  const theirs = teacher!.model.options;
  const { crf, characterEncoder, characterUnits, characterFeatures, wordUnits } = theirs;
  return resolvedOptions(
    { ...taggerTask, where },
    {
      ...studentShape(theirs),
      ...{ crf, characterEncoder, characterUnits },
      // A layer in both directions has an even number of them.
      ...{ characterFeatures: 2 * Math.ceil(characterFeatures / 4), wordUnits: Math.ceil(wordUnits / 2) },
      ...givenOptions(options),
      ...pickOptions(tagCodecOptions, theirs),
    },
  );
}
