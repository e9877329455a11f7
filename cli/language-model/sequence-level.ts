import { type LanguageModelData, type LanguageModelOptions, sequenceLevelText } from '../../src/index.js';
import type { Given, OptionSpecs } from '../options.js';
import { requireSequenceTeacher, sequenceLevelOption, writtenByTeacher } from '../sequence-level.js';
import { WrongUsage } from '../wrong-usage.js';

/** How a student learns from the text of its teacher. */
export const sequenceLevelOptions = {
  ...sequenceLevelOption(
    'Learn from a text that the teacher writes, as long as the one to learn from, in its place (Kim and Rush 2016). With ' +
      '--alpha 0 nothing else is asked of it. --resume has it written again.',
  ),
  'keep-text': { type: 'flag', ofData: true, about: 'Of --sequence-level: learn from the text too, besides.' },
} as const satisfies OptionSpecs;

type Options = Given<typeof sequenceLevelOptions> & {
  readonly teacher?: string | undefined;
  readonly seed?: number | undefined;
  readonly quiet: boolean;
  readonly json: boolean;
};

/** @throws WrongUsage for a text of a teacher without one, and for what is kept beside none */
export function requireSequenceLevel(where: string, options: Options): void {
  requireSequenceTeacher(where, options);
  if (!options['keep-text'] || options['sequence-level']) return;
  throw new WrongUsage({
    where,
    what: '--keep-text belongs to --sequence-level.',
    expected: '--teacher MODEL --sequence-level --keep-text',
    fix: 'add --sequence-level, or leave --keep-text out.',
  });
}

/** The data as they are, or with a text that the teacher wrote where that is asked for. */
export async function taughtText(
  data: LanguageModelData,
  own: LanguageModelOptions,
  options: Options,
): Promise<LanguageModelData> {
  if (!options['sequence-level']) return data;
  const { 'keep-text': keepText, seed } = options;
  return writtenByTeacher(options, { label: 'the teacher writes', unit: 'tokens' }, (onProgress) =>
    sequenceLevelText(data, own, { keepText, seed, onProgress }),
  );
}
