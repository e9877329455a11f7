import { givenOptions } from '../../resolved.js';
import { refuseBesideTeacher, refuseSmoothedLabels, studentShape } from '../task-teacher.js';
import { refuseTokenOptions } from '../token-options.js';
import type { TranslatorData } from './pair-parts.js';
import type { TranslatorOptions } from './translator-options.js';

/** What decides the tokens of a translator. */
function tokenOptions({ sourceTokens, targetTokens, lower, maxTokens }: TranslatorOptions): TranslatorOptions {
  return { sourceTokens, targetTokens, lower, maxTokens };
}

/**
 * The options of a translator that learns from a larger one: the tokens of its teacher, and where nothing else is said its
 * cell, layers and attention, with half its widths.
 *
 * @throws USAGE for what the teacher decides, and for smoothed labels beside what it says
 */
export function studentOptions(
  where: string,
  { teacher, initial }: Pick<TranslatorData, 'teacher' | 'initial'>,
  options: TranslatorOptions,
): TranslatorOptions {
  refuseBesideTeacher(where, teacher, { initial });
  refuseTokenOptions(where, 'teacher', tokenOptions(options));
  const { model, alpha } = teacher!;
  refuseSmoothedLabels(where, options.labelSmoothing, alpha);
  const { units, ...net } = studentShape(model.options);
  const { attention, inputFeeding, encoder, pointerGenerator, embeddingUnits } = model.options;
  return {
    ...net,
    // Half of them read the source forwards, half backwards.
    units: 2 * Math.ceil(units! / 2),
    embeddingUnits: Math.ceil(embeddingUnits / 2),
    ...{ attention, inputFeeding, encoder, pointerGenerator },
    ...givenOptions(options),
    ...tokenOptions(model.options),
  };
}
