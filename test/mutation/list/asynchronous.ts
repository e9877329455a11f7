import { inFile, type Mutation } from '../mutation.js';

const [training, tasks, general] = [
  'test/conformance/asynchronous-training.test.ts',
  'test/conformance/asynchronous-tasks.test.ts',
  'test/conformance/asynchronous.test.ts',
];

/** What goes wrong only where the host cannot read at once. */
export const asynchronousMutations: readonly Mutation[] = [
  ...inFile(
    'src/training/optimizers/finite-guard.ts',
    [training],
    [
      ['a step after one that was not finite is taken', "mul(leaf('isFinite', 'row'), ", 'mul(1, '],
      ['a loss that is not finite is not seen', "isBelowInfinity('loss')", '1'],
      ['a gradient that is not finite is not seen', "isBelowInfinity('squaredNorm')", '1'],
      [
        'a constraint acts where nothing was changed',
        "leaf('weight'), leaf('before')",
        "leaf('weight'), leaf('weight')",
      ],
    ],
  ),
  ...inFile(
    'src/training/optimizers/update-program.ts',
    [training],
    [
      [
        'a weight changes in a step that is not finite',
        'isGuarded ? select(isFinite, expression, leaf(name))',
        'isGuarded ? expression',
      ],
      ['a gradient that is not finite is accumulated', 'isGuarded ? select(isFinite, next, sum)', 'isGuarded ? next'],
      ['gradients of before are lost in a step that is not finite', "select(isFinite, 0, leaf('sum'))", '0'],
    ],
  ),
  ...inFile(
    'src/training/late-reads.ts',
    [training, general],
    [
      ['readings are used from the last', 'this.#waiting.shift()!', 'this.#waiting.pop()!'],
      ['what was read together is parted wrongly', 'all.subarray(end, (end += size))', 'all.subarray(0, size)'],
    ],
  ),
  ...inFile(
    'src/training/train-step.ts',
    [training],
    [['steps that changed nothing are counted', 'this.#optimizer.rewind(before);', '']],
  ),
  ...inFile(
    'src/training/batch-loss.ts',
    [training],
    [['metrics see the targets of a later batch', 'readsLate() ? keptBatch(given) : given', 'given']],
  ),
  ...inFile(
    'src/training/fit-run.ts',
    [training, general],
    [
      [
        'an epoch ends before its sums are complete',
        'if (this.#step?.reads.isWaiting === true) await this.#step.reads.settle();',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/training/metrics/on-device.ts',
    [training],
    [
      ['what a weight of 0 hides is added up', 'weights === undefined ? plain : weighted', 'plain'],
      [
        'sums are divided by the number of values',
        'weights === undefined ? size : weights.reduce((sum, weight) => sum + weight, 0)',
        'size',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/reduce.ts',
    ['src/tensor/reduce.test.ts'],
    [
      [
        'the last of several largest is taken',
        'e.neg(e.rowMax(e.select(e.equal(x, e.rowMax(x)), e.neg(place), -Infinity)))',
        'e.rowMax(e.select(e.equal(x, e.rowMax(x)), place, -Infinity))',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/chain-loss-on-device.ts',
    [tasks],
    [
      ['masked steps are part of a chain', 'counts(b, t) ? steps[b][t] : -1', 't'],
      ['every chain ends at the last step of all', 't === steps[b].length - 1', 't === N - 1'],
      ['a transition is read backwards', 'label(b, t - 1) * K + label(b, t)', 'label(b, t) * K + label(b, t - 1)'],
    ],
  ),
];
