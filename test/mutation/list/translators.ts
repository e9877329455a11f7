import { inFile, type Mutation } from '../mutation.js';

const folder = 'src/tasks/translate';
const [search, translator] = [`${folder}/beam-search.test.ts`, `${folder}/translator.test.ts`];

export const translatorMutations: readonly Mutation[] = [
  ...inFile(
    `${folder}/beam-search.ts`,
    [search],
    [
      ['beams keep the states of their rows', 'if (step > 1) stream.takeRows(rows);', ''],
      [
        'one head alone is attended with',
        'for (let head = 0; head < numHeads; head++)',
        'for (let head = 0; head < 1; head++)',
      ],
      ['one beam goes on behind the end', 'if (beams === 1 && found.length > 0) search.alive = [];\n  else if', 'if'],
      ['the end is not counted', 'ids.length + (isComplete ? 1 : 0)', 'ids.length'],
      [
        'what is unlikely is not written though it is told',
        'Math.max(next[start + id], Number.MIN_VALUE)',
        'next[start + id]',
      ],
      [
        'a search ends with the first complete targets',
        'lengthPenaltyOf(search.limit + 1, lengthPenalty) < least',
        'lengthPenaltyOf(search.limit + 1, lengthPenalty) < 0',
      ],
      [
        'what is covered twice makes up for what is not',
        'Math.min(Math.max(covered, Number.MIN_VALUE), 1)',
        'Math.max(covered, Number.MIN_VALUE)',
      ],
    ],
  ),
  ...inFile(
    `${folder}/pair-parts.ts`,
    [translator],
    [
      [
        'neighbours fall into one part',
        'evenly(fnv1a(`${options.splitSeed} ${pair.source.toLowerCase()}`))',
        'fnv1a(`${options.splitSeed} ${pair.source.toLowerCase()}`)',
      ],
      ['targets are not known again', '`${source}\\t${target}`', 'source'],
    ],
  ),
  ...inFile(
    `${folder}/translator-training.ts`,
    [`${folder}/initial-translator.test.ts`],
    [
      ['what an earlier translator learned from is forgotten', '.with(earlier)', ''],
      ['an earlier translator has other tokens', '(interrupted ?? initial)?.codecs', 'interrupted?.codecs'],
    ],
  ),
  ...inFile(
    `${folder}/scheduled-sampling.ts`,
    [`${folder}/scheduled-sampling.test.ts`],
    [
      ['a place reads what is said of itself', 'written[place - 1] : id', 'written[place] : id'],
      ['the end is read within a target', ' && written[place - 1] > specialIds.end', ''],
      ['later rounds go back to other shares', 'Math.min(step, numSteps)', 'step'],
    ],
  ),
  ...inFile(
    `${folder}/pair-batches.ts`,
    [translator],
    [['what is to be said is shown', '[begin, ...target])),\n    },', '[...target, end])),\n    },']],
  ),
  ...inFile(
    `${folder}/translator.ts`,
    [translator],
    [
      ['what is told is cut', '+ (constraint?.numTold ?? 0)', ''],
      [
        'unknown words are copied from the first of the source',
        'pieces[argMaxOf(shares[place], 0, pieces.length)]',
        'pieces[0]',
      ],
    ],
  ),
];
