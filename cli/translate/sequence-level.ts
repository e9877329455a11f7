import {
  type SequenceLevelData,
  sequenceLevelData,
  type TranslatorData,
  type TranslatorOptions,
} from '../../src/index.js';
import type { Given, OptionSpecs } from '../options.js';
import { styleOf } from '../style.js';
import { ProgressLine } from '../terminal/progress.js';
import { counted } from '../text-table.js';
import { WrongUsage } from '../wrong-usage.js';

/** How a student learns from the sentences of its teacher. */
export const sequenceLevelOptions = {
  'sequence-level': {
    type: 'flag',
    ofData: true,
    about:
      'Learn what the teacher writes for each source, with 5 beams, in the place of the targets (Kim and Rush 2016). ' +
      'With --alpha 0 nothing else is asked of it. --resume has it written again.',
  },
} as const satisfies OptionSpecs;

/** @throws WrongUsage for sentences of a teacher without one */
export function requireSequenceTeacher(
  where: string,
  {
    'sequence-level': isAsked,
    teacher,
  }: Given<typeof sequenceLevelOptions> & { readonly teacher?: string | undefined },
): void {
  if (!isAsked || teacher !== undefined) return;
  throw new WrongUsage({
    where,
    what: '--sequence-level has no teacher.',
    expected: '--teacher MODEL --sequence-level',
    fix: 'add --teacher, or leave --sequence-level out.',
  });
}

/** The data as they are, or with targets that the teacher wrote where that is asked for. */
export async function taughtPairs(
  data: TranslatorData,
  own: TranslatorOptions,
  options: Given<typeof sequenceLevelOptions> & { readonly quiet: boolean; readonly json: boolean },
): Promise<TranslatorData | SequenceLevelData> {
  if (!options['sequence-level']) return data;
  const progress = new ProgressLine(process.stderr, { ascii: styleOf(process.stderr).ascii });
  try {
    return await sequenceLevelData(data, own, {
      onProgress: (done, total) => {
        if (!options.quiet && !options.json)
          progress.update({ label: 'the teacher translates', done, total, unit: 'sources' });
      },
    });
  } finally {
    progress.finish();
  }
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
