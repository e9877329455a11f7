import { inFile, type Mutation } from '../mutation.js';

const folder = 'src/tasks/translate';
const translator = `${folder}/translator.test.ts`;

export const translatorMutations: readonly Mutation[] = [
  ...inFile(
    `${folder}/translator-decoder.ts`,
    [`${folder}/translator-decoder.test.ts`],
    [
      [
        'one head alone is attended with',
        'for (let head = 0; head < numHeads; head++)',
        'for (let head = 0; head < 1; head++)',
      ],
      ['streams in use are given to others', 'this.#kept.delete(key);\n    return stream;', 'return stream;'],
      ['beams keep the states of their rows', 'if (!isOther) return current.takeRows(from);', 'if (!isOther) return;'],
    ],
  ),
  ...inFile(
    `${folder}/translator-network.ts`,
    [translator],
    [
      [
        'with input feeding the decoder begins with zeros',
        'layer.apply([written, encoded, ...keys], { initialState })',
        'layer.apply([written, encoded, ...keys])',
      ],
      ['input feeding is not asked for', 'if (inputFeeding) {', 'if (false as boolean) {'],
      ['nothing is copied', 'if (options.pointerGenerator) {', 'if (false as boolean) {'],
    ],
  ),
  ...inFile(
    'src/layers/pointer-generator.ts',
    ['src/layers/pointer-generator.test.ts'],
    [
      [
        'the gate chooses the other way',
        'add(copied, mul(gate, sub(generated, copied)))',
        'add(generated, mul(gate, sub(copied, generated)))',
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
