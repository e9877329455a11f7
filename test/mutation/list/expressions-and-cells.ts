import { inFile, type Mutation } from '../mutation.js';

const [cells, laws, gradients] = [
  'test/conformance/cells.test.ts',
  'test/conformance/laws.test.ts',
  'test/conformance/gradients.test.ts',
];
const derive = ['src/expression', cells];

export const expressionAndCellMutations: readonly Mutation[] = [
  ...inFile('src/expression/derive.ts', derive, [
    [
      'a value of a row gets the derivative of one column',
      'usedPerElement && isRowValued(node, memo) ? rowSum(term) : term',
      'term',
    ],
    [
      'a second use of a value replaces the derivative of the first',
      'before === undefined ? matched : add(before, matched)',
      'matched',
    ],
    [
      'the derivative of a choice ignores the condition',
      'accumulate(node.b, select(node.condition, 0, adjoint));',
      'accumulate(node.b, adjoint);',
    ],
  ]),
  ...inFile(
    'src/expression/operations.ts',
    ['src/expression', 'src/tensor/pointwise.test.ts', 'src/tensor/arithmetic.test.ts', cells],
    [
      [
        'the derivative of a difference by what is taken away has the wrong sign',
        '(dy) => [dy, neg(dy)]',
        '(dy) => [dy, dy]',
      ],
      [
        'the derivative of a quotient by its divisor has the wrong sign',
        'neg(div(mul(dy, y), b))',
        'div(mul(dy, y), b)',
      ],
      ['the derivative of tanh is 1 - tanh', 'sub(1, mul(y, y))', 'sub(1, y)'],
      ['the derivative of sigmoid lacks 1 - s', 'mul(dy, mul(y, sub(1, y)))', 'mul(dy, y)'],
      ['the derivative of a root is twice too large', 'div(mul(dy, 0.5), y)', 'div(dy, y)'],
      ['the derivative of erf lacks its factor', 'mul(2 / Math.sqrt(Math.PI), exp', 'mul(1, exp'],
      [
        'equal largest values all receive the whole derivative',
        'div(mul(dy, isLargest), rowSum(isLargest))',
        'mul(dy, isLargest)',
      ],
      [
        'where two values are compared, both receive the derivative',
        '[select(isSecond, 0, dy), select(isSecond, dy, 0)]',
        '[dy, select(isSecond, dy, 0)]',
      ],
      ['differences are taken for sums in any order', 'sub: { ...pair,', 'sub: { ...pair, isCommutative: true,'],
      [
        'sigmoid overflows far below zero',
        'a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a))',
        'Math.exp(a) / (1 + Math.exp(a))',
      ],
      [
        'softplus overflows far above zero',
        'Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)))',
        'Math.log1p(Math.exp(a))',
      ],
      ['relu hides a NaN', 'a > 0 || Number.isNaN(a) ? a : 0', 'a > 0 ? a : 0'],
      ['erf is cut off early', 'if (size > 6) return Math.sign(x);', 'if (size > 2.5) return Math.sign(x);'],
    ],
  ),
  ...inFile(
    'src/expression/simplify.ts',
    ['src/expression', cells],
    [
      [
        '0 - b becomes b',
        "if (isConstant(a, 0)) return { kind: 'unary', operation: 'neg', a: b };",
        'if (isConstant(a, 0)) return b;',
      ],
      ['a + (-b) becomes b - a', "operation: 'sub', a, b: b.a }", "operation: 'sub', a: b.a, b: a }"],
      [
        '1 / b becomes b',
        'if (isConstant(b, 1)) return a;\n      return node;\n    default',
        'if (isConstant(a, 1)) return b;\n      return node;\n    default',
      ],
      [
        'leaves of one name and another access are one',
        'return `leaf ${node.access} ${node.name}`;',
        'return `leaf ${node.name}`;',
      ],
      ['minus zero is zero', "Object.is(node.value, -0) ? '-0' : node.value", 'node.value + 0'],
    ],
  ),
  ...inFile(
    'src/expression/interpret.ts',
    ['src/expression', 'src/tensor/pointwise.test.ts', 'src/tensor/arithmetic.test.ts'],
    [['values of a row are kept for the next row', 'this.#rowValues.clear();\n', '']],
  ),
  ...inFile(
    'src/cells/lstm.ts',
    [cells, 'src/layers/forget-bias.test.ts'],
    [
      [
        'the gates stand in another order',
        "gates: ['input', 'forget', 'candidate', 'output']",
        "gates: ['input', 'candidate', 'forget', 'output']",
      ],
      ['the output is not squashed', 'hidden: mul(output, activation(cell))', 'hidden: mul(output, cell)'],
      [
        'the forget gate acts on the new value',
        'add(mul(forget, states.cell), mul(input, activation(gates.candidate)))',
        'mul(forget, add(states.cell, mul(input, activation(gates.candidate))))',
      ],
      ['the forget bias stands on another gate', "forgetGates: ['forget']", "forgetGates: ['input']"],
    ],
  ),
  ...inFile(
    'src/layers/cell-along-time.ts',
    ['src/layers/forget-bias.test.ts', 'test/conformance/regularisation-laws.test.ts', laws],
    [
      [
        'the forget bias is put on the gate before',
        'values.fill(1, cell.gates.indexOf(gate) * units, (cell.gates.indexOf(gate) + 1) * units)',
        'values.fill(1, (cell.gates.indexOf(gate) - 1) * units, cell.gates.indexOf(gate) * units)',
      ],
      [
        'the forget bias is there where it was switched off',
        '(this.#options.unitForgetBias ?? true) ? cell.forgetGates : []',
        'cell.forgetGates',
      ],
      [
        'dropout of the input is drawn for each step',
        'dropoutMask([batch, 1, features], dropout)',
        'dropoutMask([batch, time, features], dropout)',
      ],
      [
        'recurrent dropout is drawn outside of training',
        'const recurrentDropout = training ? (options.recurrentDropout ?? 0) : 0;',
        'const recurrentDropout = options.recurrentDropout ?? 0;',
      ],
      ['both biases are the first', 'return [row(0), row(1)];', 'return [row(0), row(0)];'],
      ['zoneout keeps what it should renew', 'bernoulli(shape, rate, 1)', 'bernoulli(shape, 1 - rate, 1)'],
    ],
  ),
  ...inFile(
    'src/cells/gru.ts',
    [cells, 'test/conformance/layers.test.ts'],
    [
      [
        'the update gate keeps the candidate',
        'add(mul(update, states.hidden), mul(sub(1, update), candidate))',
        'add(mul(sub(1, update), states.hidden), mul(update, candidate))',
      ],
      [
        'the reset gate acts on the input',
        'add(input.candidate, mul(reset, recurrent.candidate))',
        'add(mul(reset, input.candidate), recurrent.candidate)',
      ],
    ],
  ),
  ...inFile(
    'src/cells/gru-reset-before.ts',
    [cells, gradients],
    [
      [
        'the reset gate is left out',
        "product('candidate', mul(reset, states.hidden))",
        "product('candidate', states.hidden)",
      ],
    ],
  ),
  ...inFile(
    'src/cells/peephole-lstm.ts',
    [cells],
    [
      [
        'the output gate sees the old cell',
        'mul(vectors.outputPeephole, cell)',
        'mul(vectors.outputPeephole, states.cell)',
      ],
      [
        'the forget gate sees through the input peephole',
        'mul(vectors.forgetPeephole, states.cell)',
        'mul(vectors.inputPeephole, states.cell)',
      ],
    ],
  ),
  ...inFile(
    'src/cells/janet.ts',
    [cells],
    [['as much is written as is forgotten', 'sub(gates.forget, writingLead)', 'gates.forget']],
  ),
  ...inFile(
    'src/cells/fast-grnn.ts',
    [cells],
    [['one share stands for both', 'sigmoid(vectors.nu)', 'sigmoid(vectors.zeta)']],
  ),
  ...inFile(
    'src/cells/min-lstm.ts',
    [cells],
    [['the two gates are not shared out', 'mul(div(forget, total), states.hidden)', 'mul(forget, states.hidden)']],
  ),
  ...inFile(
    'src/cells/sru.ts',
    [cells],
    [
      [
        'the output mixes the old cell',
        'add(mul(reset, cell), mul(sub(1, reset), gates.highway))',
        'add(mul(reset, states.cell), mul(sub(1, reset), gates.highway))',
      ],
    ],
  ),
  ...inFile(
    'src/cells/saved.ts',
    ['src/cells', cells],
    [
      ['what a product gave is recomputed', 'isProduct(node.name) ? Infinity : 0;', 'isProduct(node.name) ? 0 : 0;'],
      ['the number of columns is saved', 'leavesOf([node]).length > 0 ? Infinity : 0;', 'Infinity;'],
    ],
  ),
  ...inFile(
    'src/cells/plan.ts',
    ['src/cells', cells],
    [
      [
        'gates of one operand that are not neighbours share a product',
        'last.node === node && last.firstGate + last.numGates === index',
        'last.node === node',
      ],
      ['gradients are cut to nothing far too early', 'const flushThreshold = 1e-30;', 'const flushThreshold = 1e-3;'],
    ],
  ),
  ...inFile(
    'src/random.ts',
    ['src/random.test.ts', 'src/layers/initializers.test.ts'],
    [
      [
        "a stream's name does not count",
        'for (let i = 0; i < stream.length; i++) mixed =',
        'for (let i = 0; i < 0; i++) mixed =',
      ],
      ['the last item is never drawn by a shuffle', 'const j = this.integer(i + 1);', 'const j = this.integer(i);'],
      [
        'a second normal number is the first again',
        'this.#spareNormal = radius * Math.sin(angle);',
        'this.#spareNormal = radius * Math.cos(angle);',
      ],
      ['the spare normal number is not saved', 'spareNormal: this.#spareNormal ?? null };', 'spareNormal: null };'],
      [
        'words are rotated by another number of bits',
        '(this.#d << 11) | (this.#d >>> 21)',
        '(this.#d << 10) | (this.#d >>> 22)',
      ],
    ],
  ),
];
