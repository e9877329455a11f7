import { inFile, type Mutation } from '../mutation.js';

const programs = ['src/kernels/x64/pointwise'];

/** Bugs of kernels of machine code; they are seen where the processor has the instructions. */
export const machineCodeMutations: readonly Mutation[] = [
  ...inFile('src/kernels/x64/body-writer.ts', programs, [
    [
      'a multiply-add writes over an operand that it still reads',
      'target = this.#takeFor(result!, values, i);\n      this.#release(values, i);',
      'this.#release(values, i);\n      target = this.#takeFor(result!, values, i);',
    ],
    [
      'a factor in memory is added',
      '([231, ...(inMemory === 0 ? [1, 0] : [0, 1])] as const)',
      '([231, ...(inMemory === 0 ? [0, 1] : [0, 1])] as const)',
    ],
    ['spilled values share a place', 'this.#frame.spill(this.#spilled.size)', 'this.#frame.spill(0)'],
    [
      'the operands of a difference are exchanged',
      'if (commutes !== true) return sources;',
      'if (sources.length !== 2) return sources;',
    ],
  ]),
  ...inFile('src/kernels/x64/body-uses.ts', programs, [
    [
      'a load waits until its place has been written',
      'return this.#stores[this.#places.get(result)![0]] === this.#stores[i];',
      'return this.#stores[i] === 0;',
    ],
  ]),
  ...inFile('src/kernels/x64/column-walk.ts', programs, [
    [
      'what stays in a register is handed out as well',
      'this.#hoisted.set(value, free.pop()!)',
      'this.#hoisted.set(value, free[free.length - 1])',
    ],
    [
      'a sum stays in its register',
      'code.bind(done);\n    for (const variable of this.#variables) variable.end(code);',
      'code.bind(done);',
    ],
  ]),
  ...inFile('src/kernels/x64/accumulators.ts', programs, [
    [
      'a sum counts what lies behind a row',
      'const counted = lanes === undefined ? values : code.keepWhere(lanes, values);',
      'const counted = values;',
    ],
    [
      'the largest of numbers forgets a NaN',
      "code.op('vorps', xmm(0), xmm(0), xmm(2));",
      "code.op('vorps', xmm(0), xmm(0), xmm(0));",
    ],
  ]),
  ...inFile('src/kernels/x64/row-sums.ts', programs, [
    ['a block of rows is added to the block before', 'this.#fill(this.#block, 1);', ''],
  ]),
  ...inFile('src/kernels/x64/row-addresses.ts', programs, [
    ['a stride is never negative', 'code.load32Signed(rax, stride.argument);', 'code.load32(rax, stride.argument);'],
    [
      'addresses on the stack stay at the first row',
      'code.store64(slot!, rax);\n      }\n    }\n  }\n}',
      '}\n    }\n  }\n}',
    ],
  ]),
  ...inFile(
    'src/kernels/x64/element-access.ts',
    ['src/kernels/x64/element-types.test.ts'],
    [
      [
        'doubles of a last part all count by the lanes of the lower half',
        'upper ? lanes?.upper : lanes?.mask',
        'lanes?.mask',
      ],
      ['NaN becomes the least byte', 'code.dropWhere(isNaNIn(code, numbers), numbers)', 'numbers'],
    ],
  ),
  ...inFile(
    'src/kernels/x64/kernel-context.ts',
    ['src/kernels/x64/element-types.test.ts'],
    [
      [
        'one element more passes through the stack',
        "code.jumpIf('below', again);\n    code.load64(columnIndex, this.endOf(1));",
        "code.jumpIf('belowEqual', again);\n    code.load64(columnIndex, this.endOf(1));",
      ],
    ],
  ),
  ...inFile(
    'src/kernels/x64/item-runner.ts',
    ['src/kernels/x64/item-runner.test.ts'],
    [
      [
        'a processor is asked by instructions that it may not have',
        "'words', () => emitDescribe",
        "'vectors', () => emitDescribe",
      ],
    ],
  ),
];
