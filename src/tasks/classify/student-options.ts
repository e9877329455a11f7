import type { PretrainedVectors } from '../../io/word-vectors/pretrained-vectors.js';
import { givenOptions, type Resolved } from '../../resolved.js';
import { resolvedOptions } from '../resolved-options.js';
import { refuseBesideTeacher, refuseSmoothedLabels, studentShape, type TaskTeacher } from '../task-teacher.js';
import { refuseTokenOptions } from '../token-options.js';
import type { Classifier } from './classifier.js';
import { type ClassifierOptions, classifierTask } from './classifier-options.js';

/** What decides how a classifier reads texts. */
function tokenOptions(options: ClassifierOptions): ClassifierOptions {
  const { tokens, lower, locale, maxTokens, minCount, truncating, padding, timesteps } = options;
  return { tokens, lower, locale, maxTokens, minCount, truncating, padding, timesteps };
}

/**
 * The options of a classifier that learns from a larger one: the tokens of its teacher, and where nothing else is said its
 * cell, layers, directions and pooling, with half its widths.
 *
 * @throws USAGE for what the teacher decides, and for smoothed labels beside what it says
 */
export function studentOptions(
  where: string,
  {
    teacher,
    initial,
  }: { readonly teacher?: TaskTeacher<Classifier> | undefined; readonly initial?: object | undefined },
  options: ClassifierOptions,
  vectors: PretrainedVectors | undefined,
): Resolved<ClassifierOptions> {
  refuseBesideTeacher(where, teacher, { initial, vectors });
  refuseTokenOptions(where, 'teacher', tokenOptions(options));
  const { model, alpha } = teacher!;
  refuseSmoothedLabels(where, options.labelSmoothing, alpha);
  const { bidirectional, pooling, embeddingUnits } = model.options;
  return resolvedOptions(
    { ...classifierTask, where },
    {
      ...studentShape(model.options),
      ...{ bidirectional, pooling, embeddingUnits: Math.ceil(embeddingUnits / 2) },
      ...givenOptions(options),
      ...tokenOptions(model.options),
    },
  );
}
