import { inFile, type Mutation } from '../mutation.js';

const recurrent = [
  'src/tensor/recurrent.test.ts',
  'src/tensor/recurrent-segments.test.ts',
  'test/conformance/laws.test.ts',
];

export const tensorMutations: readonly Mutation[] = [
  ...inFile(
    'src/tensor/dot-product-attention.ts',
    ['src/tensor/dot-product-attention.test.ts', 'test/conformance/attention.test.ts'],
    [
      ['gradients share a matrix', 'headStride: columns', 'headStride: 0'],
      ['a mask of keys is one of queries', "shape[3] === 1 ? 'row'", "shape[3] === 1 ? 'column'"],
      ['a mask moves with the batch', 'axis === 1 ? 0 : sizeOf', 'sizeOf'],
    ],
  ),
  ...inFile(
    'src/tensor/matrix-batches.ts',
    ['src/tensor/matmul.test.ts'],
    [
      ['calls of a sum of matrices overwrite each other', 'accumulate: written.has(start)', 'accumulate: false'],
      ['leading axes are joined though b is repeated', 'before.strideB === count * axis.strideB &&', ''],
      ['sums over no matrices are not written', 'if (c.size > 0) backend.fill', 'if (c.size < 0) backend.fill'],
    ],
  ),
  ...inFile(
    'src/tensor/packing.ts',
    ['src/tensor/packing.test.ts', ...recurrent],
    [
      ['reading backwards is reading forwards', 'reverse ? time - 1 - position : position', 'position'],
      [
        'masked steps show zeros where they should repeat',
        'outputAt[outputOrder',
        'if (counts(b, p)) outputAt[outputOrder',
      ],
      ['the shortest sequences come first', 'lengths[b] - lengths[a] || a - b', 'lengths[a] - lengths[b] || a - b'],
      [
        'a sequence without steps ends in a row of another',
        'last < 0 ? rankOf[b] : batch + last',
        'last < 0 ? b : batch + last',
      ],
      [
        'packings of both directions are remembered as one',
        '`${batch} ${time} ${options.reverse} ${options.outputOrder}`',
        '`${batch} ${time} ${options.outputOrder}`',
      ],
      [
        'a step counts one row too many',
        'lengths[order[active - 1]] <= t) active--',
        'lengths[order[active - 1]] < t) active--',
      ],
    ],
  ),
  ...inFile('src/tensor/recurrent-run.ts', recurrent, [
    [
      'final states come in the order of packing',
      'this.#states[state], width, this.#packing.finalStateOf',
      'this.#states[state], width, this.#packing.rankOf',
    ],
    ['the gradient of initial states keeps the order of packing', 'this.#unsorted(dStates[state])', 'dStates[state]'],
    ['the gradient of final states is not sorted', ': this.#sorted(dFinal[i])', ': dFinal[i]'],
    ['the mask of recurrent dropout is not sorted', 'isForWholeSequence(name) ? this.#sorted(mask) : mask', 'mask'],
  ]),
  ...inFile(
    'src/tensor/recurrent-segments.ts',
    ['src/tensor/recurrent-segments.test.ts', 'src/layers/recompute-steps.test.ts'],
    [
      ['weights of later segments replace those of earlier ones', 'addInto(sum, gradient)', 'copyInto(sum, gradient)'],
      [
        'a segment starts from the states of the segment before it',
        'starts[i].forEach((start, j) => copyInto(start, firstRows(states[j], segment.rows)));',
        'starts[i].forEach((start, j) => copyInto(start, firstRows(states[j], i === 0 ? segment.rows : 0)));',
      ],
      ['sequences that go on also get the gradient of a last step', 'row < rowsAfter ? -1 : sequence', 'sequence'],
    ],
  ),
  ...inFile(
    'src/tensor/segments.ts',
    ['src/tensor/recurrent-segments.test.ts'],
    [
      [
        'the last segment is as long as the others',
        'Math.min(steps, activeRows.length - start)',
        'Math.max(1, Math.min(steps, activeRows.length - start - 1))',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/tape.ts',
    ['src/tensor/tape.test.ts'],
    [['what depends on nothing watched is noted too', 'return this.#active.has(value);', 'return true;']],
  ),
  ...inFile(
    'src/tensor/gradients.ts',
    ['src/tensor/tape.test.ts', 'src/tensor/arithmetic.test.ts', 'src/tensor/checkpoint.test.ts'],
    [
      [
        'a sum that is shared is added to in place',
        'else if (this.#owned.has(of)) addGradientInto(sum, gradient);',
        'else if (!(sum instanceof RowGradient)) addGradientInto(sum, gradient);',
      ],
      [
        'a third gradient replaces the sum',
        'const total = addGradients(sum, gradient);',
        'const total = addGradients(gradient, gradient);',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/row-gradient.ts',
    ['src/tensor/row-gradient.test.ts', 'src/training/optimizers/row-update.test.ts'],
    [
      ['rows of padding are rows', 'filter((index) => index >= 0)', 'filter((index) => index >= -1)'],
      [
        'the rows of a second gradient are lost',
        'addedUp(indices, a.columns, [a, b])',
        'addedUp(indices, a.columns, [a])',
      ],
      ['rows added to a whole gradient change it', 'const sum = copyOf(all);', 'const sum = all;'],
    ],
  ),
  ...inFile(
    'src/tensor/reduce.ts',
    ['src/tensor/reduce.test.ts'],
    [
      ['a mean over one axis divides by all', "source.shape[axisOf('mean', source, axis)]", 'source.size'],
      [
        'the last of equally large values wins',
        'if (values[row * columns + column] > values[row * columns + best]) best = column;',
        'if (values[row * columns + column] >= values[row * columns + best]) best = column;',
      ],
      [
        'sums over a middle axis all lie in the first block',
        'asRows(target, inner, block * inner',
        'asRows(target, inner, 0 * inner',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/movement.ts',
    ['src/tensor/movement.test.ts'],
    [
      [
        'the derivative of a transpose is transposed the same way',
        'permuted(dOutput, axes.map((axis) => wanted.indexOf(axis)))',
        'permuted(dOutput, wanted)',
      ],
      [
        'a slice begins at the start',
        'const [row, part, first] = [length * inner, (to - from) * inner, from * inner];',
        'const [row, part, first] = [length * inner, (to - from) * inner, 0];',
      ],
      ['a slice to a negative end ends one later', 'end < 0 ? length + end : end', 'end < 0 ? length + end + 1 : end'],
      [
        'joined parts lie on each other',
        'widths.slice(0, i).reduce((sum, width) => sum + width, 0)',
        'widths.slice(0, i).reduce((sum, width) => Math.max(sum, width), 0)',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/matmul.ts',
    ['src/tensor/matmul.test.ts'],
    [
      [
        'the gradient of a transposed first operand is not transposed',
        'return multiplyMatrices(axes, { m: k, n: m, k: n, transposeA: transposeB, transposeB: true }, b, dC, dA);',
        'return multiplyMatrices(axes, { m: k, n: m, k: n, transposeA: !transposeB, transposeB: true }, b, dC, dA);',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/broadcast.ts',
    ['src/tensor/broadcast.test.ts', 'src/tensor/pointwise.test.ts'],
    [
      ['an axis of one is read on', 'if (operand[axis] !== 1) strides[rank', 'strides[rank'],
      [
        'a value per row is read as a value per column',
        "if (covers(0, split) && isOne(split, shape.length)) return { access: 'row', rowStride: 1, single: false };",
        "if (covers(0, split) && isOne(split, shape.length)) return { access: 'column', rowStride: 0, single: false };",
      ],
    ],
  ),
  ...inFile(
    'src/tensor/linear-chain.ts',
    ['src/tensor/linear-chain.test.ts', 'src/layers/crf.test.ts'],
    [
      [
        'the loss of a step forgets the transition',
        '(transitions[before * K + label] + scores[at] + later[at])',
        '(scores[at] + later[at])',
      ],
      [
        'transitions are read from the label after to the one before',
        'dTransitions[before * K + label] -= dLosses[t];',
        'dTransitions[label * K + before] -= dLosses[t];',
      ],
      ['the score of the start is left out', 'start[j] + scores[j] + later[j])', 'scores[j] + later[j])'],
      ['the end has no gradient', 'sums.end[j] += flow[j];', 'sums.end[j] += 0;'],
      [
        'sums far below one are lost',
        'sum > LEAST_SUM ? Math.log(sum) + largest[i] + most :',
        'true ? Math.log(sum) + largest[i] + most :',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/chain-decoding.ts',
    ['src/tensor/linear-chain.test.ts', 'src/layers/crf.test.ts'],
    [
      ['the best path ignores the end', 'if (best[j] + end[j] <= score) continue;', 'if (best[j] <= score) continue;'],
      [
        'labels are followed back from the wrong one',
        'labels[t - 1] = cameFrom[t * K + labels[t]]',
        'labels[t - 1] = cameFrom[t * K + labels[n - 1]]',
      ],
      [
        'forbidden transitions are read transposed',
        'constraints.next[Math.floor(at / K)][at % K]',
        'constraints.next[at % K][Math.floor(at / K)]',
      ],
      ['marginals forget the step itself', 'logSumExp(terms) + scores[t * K + j]', 'logSumExp(terms)'],
    ],
  ),
  ...inFile(
    'src/tensor/chain-loss.ts',
    ['src/tensor/linear-chain.test.ts', 'src/layers/crf.test.ts'],
    [
      [
        'masked steps count in a chain',
        'if (mask === undefined || mask[b * time + t] !== 0) steps[count++]',
        'steps[count++]',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/softmax-crossentropy.ts',
    ['src/tensor/softmax-crossentropy.test.ts'],
    [['every class has all that is smoothed', 'labelSmoothing / classes', 'labelSmoothing']],
  ),
  ...inFile(
    'src/tensor/softmax-crossentropy-programs.ts',
    ['src/tensor/softmax-crossentropy.test.ts'],
    [['a smoothed label keeps its derivative', "neg(mul(own, leaf('sum')))", "neg(leaf('sum'))"]],
  ),
  ...inFile(
    'src/tensor/sampled-crossentropy.ts',
    ['src/layers/sampled-softmax.test.ts'],
    [
      [
        'a candidate that is the own class counts twice',
        'select(equal(candidate, label), -Infinity, sub(x, logCount))',
        'sub(x, logCount)',
      ],
      ['logits are not corrected by how often a class is drawn', 'sub(x, logCount)', 'x'],
    ],
  ),
  ...inFile(
    'src/tensor/define-operation.ts',
    ['src/tensor/own-operations.test.ts', 'test/conformance/own-operations.test.ts'],
    [
      ['what a forward pass computes is differentiated', 'withoutTape(() => forward(...inputs))', 'forward(...inputs)'],
      ['an output that was given is not told from the input', '.map(ownTensor)', '.map((value) => value)'],
      [
        'an unused output has a gradient of ones',
        'constantTensor(outputs[i].shape, 0)',
        'constantTensor(outputs[i].shape, 1)',
      ],
    ],
  ),
  ...inFile(
    'src/tensor/check-gradients.ts',
    ['src/tensor/own-operations.test.ts'],
    [
      ['a gradient that is not finite passes', 'Number.isFinite(difference) ? difference : Infinity', 'difference'],
      ['a variable stays where it was moved', 'if (input instanceof Variable) input.assign(values);', ''],
    ],
  ),
];
