import { inFile, type Mutation } from '../mutation.js';

export const commandLineMutations: readonly Mutation[] = [
  ...inFile(
    'src/tuning/successive-halving.ts',
    ['src/tuning'],
    [
      ['a step of halving is lost', '{ length: numSteps + 1 }', '{ length: numSteps }'],
      ['trials grow as epochs do', 'Math.floor(trials / eta ** i)', 'Math.floor(trials / eta ** (numSteps - i))'],
    ],
  ),
  ...inFile(
    'src/tuning/search-space.ts',
    ['src/tuning'],
    [
      ['the ends of whole numbers are half as likely', '[low - 0.5, high + 0.5]', '[low, high]'],
      [
        'a logarithmic scale is even',
        "scale === 'log' ? from * (to / from) ** share :",
        "scale === 'log' ? from + share * (to - from) :",
      ],
      [
        'the last choice is never drawn',
        'Math.floor(share * dimension.choices.length)',
        'Math.floor(share * (dimension.choices.length - 1))',
      ],
    ],
  ),
  ...inFile(
    'cli/parse-arguments.ts',
    ['cli/parse-arguments.test.ts'],
    [
      ['an option that is forgotten takes the next option', '(!isInline && /^--?[a-z]/i.test(text))', 'false'],
      ['an empty number is zero', "text.trim() === '' ? NaN : Number(text)", 'Number(text)'],
      [
        'a repeated option keeps its last text',
        '[...((options[name] as readonly string[] | undefined) ?? []), String(value)]',
        '[String(value)]',
      ],
    ],
  ),
  ...inFile(
    'cli/command-words.ts',
    ['cli/command-words.test.ts'],
    [
      ['a quote in a word ends it', "word.replaceAll(\"'\", `'\\\\''`)", 'word'],
      ['a word that begins with a dash is taken for an option', "text.startsWith('-') ? [`--${name}=${text}`] :", ''],
    ],
  ),
  ...inFile(
    'cli/terminal/display-width.ts',
    ['cli/terminal', 'cli/classify/confusion-matrix.test.ts'],
    [
      ['wide characters have one column', 'wide.test(character) ? 2 : 1', '1'],
      ['a text is clipped one column late', 'if (width > columns) break;', 'if (width > columns + 1) break;'],
    ],
  ),
  ...inFile(
    'cli/terminal/plot-ticks.ts',
    ['cli/terminal/plot.test.ts'],
    [
      ['ticks are more than fit', '([1, 2, 5].find', '([1].find'],
      [
        'labels lack the digits that tell them apart',
        'Math.max(0, exponent - stepExponent)',
        'Math.max(0, exponent - stepExponent - 1)',
      ],
    ],
  ),
  ...inFile(
    'src/long-memory/copy-memory.ts',
    ['src/long-memory/problems.test.ts'],
    [
      ['the mark comes one step late', 'step === asked - 1 ? mark', 'step === asked ? mark'],
      ['only the ten answers count in guessing', 'Math.log(numSymbols)) / timesteps', 'Math.log(numSymbols)) / length'],
    ],
  ),
  ...inFile(
    'src/long-memory/keeping-gates.ts',
    ['src/long-memory/keeping-gates.test.ts'],
    [['what keeps and what replaces are exchanged', 'change > leastChange', 'change < -2 * leastChange']],
  ),
  ...inFile(
    'src/long-memory/memory-model.ts',
    ['src/long-memory/memory-model.test.ts'],
    [
      ['answers see what comes later', 'useCausalMask: answerSteps === timesteps', 'useCausalMask: false'],
      ['padding stands at the end', '[scoredSteps - answerSteps, 0]', '[0, scoredSteps - answerSteps]'],
      ['nothing is attended to', 'if (attention) {', 'if (false as boolean) {'],
    ],
  ),
  ...inFile(
    'src/long-memory/solve-problem.ts',
    ['src/long-memory/solve-problem.test.ts'],
    [
      ['blanks count as right answers', 'place % scoredSteps < scoredSteps - answerSteps', 'place < 0'],
      ['it is checked on what it was trained on', "new Random(seed, 'held out')", 'shown'],
      [
        'weights follow the program',
        'withRandom(new Random(seed), () =>',
        'withRandom(new Random(performance.now()), () =>',
      ],
      ['it goes on when it is solved', 'check.loss < problem.solvedAt', 'check.loss < 0'],
    ],
  ),
  ...inFile(
    'cli/long-memory/results-folder.ts',
    ['test/system/cli-tasks.test.ts'],
    [['a run counts for any seed', 'record[key] === run[key]', "key === 'seed' || record[key] === run[key]"]],
  ),
  ...inFile(
    'cli/long-memory/comparison.ts',
    ['cli/long-memory/comparison.test.ts'],
    [['a run counts for any backend', "backend: options.backend ?? 'wasm'", "backend: 'wasm'"]],
  ),
];
