import {
  type SequenceLevelData,
  sequenceLevelData,
  type TranslatorData,
  type TranslatorOptions,
} from '../../src/index.js';
import type { Given } from '../options.js';
import { sequenceLevelOption, writtenByTeacher } from '../sequence-level.js';
import { counted } from '../text-table.js';

/** How a student learns from the sentences of its teacher. */
export const sequenceLevelOptions = sequenceLevelOption(
  'Learn what the teacher writes for each source, with 5 beams, in the place of the targets (Kim and Rush 2016). ' +
    'With --alpha 0 nothing else is asked of it. --resume has it written again.',
);

/** The data as they are, or with targets that the teacher wrote where that is asked for. */
export async function taughtPairs(
  data: TranslatorData,
  own: TranslatorOptions,
  options: Given<typeof sequenceLevelOptions> & { readonly quiet: boolean; readonly json: boolean },
): Promise<TranslatorData | SequenceLevelData> {
  if (!options['sequence-level']) return data;
  return writtenByTeacher(options, { label: 'the teacher translates', unit: 'sources' }, (onProgress) =>
    sequenceLevelData(data, own, { onProgress }),
  );
}

/** What of the pairs is not learned from, where a teacher wrote the targets. */
export function aboutTaughtPairs(data: TranslatorData | SequenceLevelData): string[] {
  if (!('numUnfinished' in data)) return [];
  const { train, numEmpty, numUnfinished } = data;
  return [
    `the teacher wrote ${counted(train.length, 'target')}` +
      (numUnfinished === 0 ? '' : `; ${counted(numUnfinished, 'source')} left out, for which it found no end`),
    ...(numEmpty === 0 ? [] : [`${counted(numEmpty, 'pair')} with an empty side left out`]),
  ];
}
