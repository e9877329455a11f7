import { inFile, type Mutation } from '../mutation.js';

const [matmul, batches, large, cells, threads] = [
  'src/kernels/wasm/matmul.test.ts',
  'test/conformance/matmul-batches.test.ts',
  'test/conformance/large-kernels.test.ts',
  'test/conformance/cells.test.ts',
  'test/conformance/threads.test.ts',
];
const pointwise = ['src/kernels/wasm/pointwise'];

const attention = ['src/kernels/attention', 'test/conformance/attention.test.ts'];

export const kernelMutations: readonly Mutation[] = [
  ...inFile('src/kernels/attention/attention.ts', attention, [
    ['every block overwrites the gradients of keys', 'accumulate: !block.isFirst', 'accumulate: false'],
    ['a causal mask counts from the first query of the block', 'offset: block.firstQuery', 'offset: 0'],
    [
      'dropped weights meet values in the forward pass alone',
      'a: weight, b: dScaled, c: block.keys(dValue)',
      'a: exponential, b: dScaled, c: block.keys(dValue)',
    ],
    ['sums leave out the last key', 'm: 1, n: m, k: n, a: ones', 'm: 1, n: m, k: n - 1, a: ones'],
  ]),
  ...inFile('src/kernels/attention/programs.ts', attention, [
    ['a query that sees no key divides by 0', 'select(greater(sum, 0), div(1, sum), 0)', 'div(1, sum)'],
    [
      'the largest of no key is infinite',
      "max(mul(leaf('largest', 'row'), scale), lowest)",
      "mul(leaf('largest', 'row'), scale)",
    ],
    ['scores are not shifted', 'add(mul(product, scale), neg(shift))', 'mul(product, scale)'],
    [
      'a query does not see the key of its own',
      "greater(leaf('keyIndex', 'column')",
      "greater(add(leaf('keyIndex', 'column'), 1)",
    ],
    [
      'derivatives are not scaled',
      "mul(sub(dWeight, leaf('mean', 'row')), scale)",
      "sub(dWeight, leaf('mean', 'row'))",
    ],
  ]),
  ...inFile('src/kernels/attention/heads.ts', attention, [
    ['blocks write over each other', "'isOfBlock' in matrices ? 0 : block.firstQuery", '0'],
    [
      'the last matrices of a thread are lost',
      'Math.floor((j * total) / numItems)',
      'j * Math.floor(total / numItems)',
    ],
    ['a block sees the keys before it alone', 'Math.min(numKeys, end)', 'Math.min(numKeys, firstQuery)'],
    ['all loops run over the first sequence', 'offset + loop * loopStride', 'offset'],
  ]),
  ...inFile(
    'src/kernels/wasm/batched-matmul.ts',
    [batches],
    [
      ['a sum of products is shared by ranges of matrices', 'call.c.stepStride === 0 || !isEven', '!isEven'],
      ['every product of a sum overwrites those before', 'call.accumulate !== true && count > 1', 'count < 1'],
      ['all threads begin at the first matrix', 'call: matrixAt(call, i * each)', 'call'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-blocks.ts',
    [matmul],
    [
      [
        'a packed product overwrites where k needs several blocks',
        'const adds = f.let(i32.or(accumulate, i32.ne(k0, 0)));\n      const panel = f.local',
        'const adds = f.let(accumulate);\n      const panel = f.local',
      ],
      [
        'a product overwrites where k needs several blocks',
        'const adds = f.let(i32.or(accumulate, i32.ne(k0, 0)));\n        forBlocks(f, m, blockM',
        'const adds = f.let(accumulate);\n        forBlocks(f, m, blockM',
      ],
      ['a packed product goes on with the first block of k', 'f.set(packed, panel);\n', ''],
      [
        'panels of b are laid out as if the last were cut',
        'return i32.mul(i32.div_u(i32.add(width, columns - 1), columns), columns);',
        'return i32.mul(i32.div_u(width, columns), columns);',
      ],
      [
        'b is packed only where all strips share one place',
        'i32.or(i32.eqz(m0), i32.eqz(stripStep))',
        'i32.eqz(stripStep)',
      ],
      [
        'the tile of an edge always overwrites',
        'f.if(accumulate, () => f.set(value, f32.add(f32.load(target), value)));',
        '',
      ],
      ['transposed blocks of a are read with the stride of rows', 'f.set(stride, 0);\n', ''],
      ['the next tile of a transposed a lies behind all of its steps', 'select(i32.const(1), k, strideA)', 'k'],
      [
        'four last columns overwrite',
        'narrowTile(height, c, strideC, accumulate)',
        'narrowTile(height, c, strideC, 0)',
      ],
      [
        'a strip of b is read beside its place',
        'f.set(b, i32.add(b, i32.mul(strideColumn, columns)));',
        'f.set(b, i32.add(b, 4 * columns));',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-tiles.ts',
    [matmul],
    [
      ['unrolled tiles lose the rest of k', 'f.if(k, () => turns(k, 1));', ''],
      [
        'unrolled tiles take the rest of k from the front',
        'f.set(k, i32.rem_u(k, unroll));',
        'f.set(k, i32.and(k, 1));',
      ],
      [
        'a tile read by rows moves by one step a turn',
        'f.set(row, i32.add(row, 4 * steps));',
        'f.set(row, i32.add(row, 4));',
      ],
      ['a plain multiply-add takes the difference', 'f32x4.add(c, f32x4.mul(a, b))', 'f32x4.sub(c, f32x4.mul(a, b))'],
      [
        'a tile overwrites where it should add',
        '() => storeTile(f, sums, vectors, c, strideC, true)',
        '() => storeTile(f, sums, vectors, c, strideC, false)',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-loops.ts',
    [matmul],
    [
      [
        'the last block is as long as the others',
        'f.if(i32.gt_s(size, block), () => f.set(size, block));',
        'f.set(size, block);',
      ],
      ['tiles are all low', 'i32.add(low, i32.gt_s(numHigher, 0))', 'low'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-pack.ts',
    [matmul],
    [
      [
        'the last steps of a transposed panel are lost',
        'const rest = f.let(i32.and(range.k, 3));',
        'const rest = f.let(i32.and(range.k, 1));',
      ],
      ['three rows of a block lose the third', 'if (count === 3) f.storeLane(address, vector, 2, offset + 8);', ''],
      [
        'a second panel begins where the first does',
        'outs.push(f.let(i32.add(outs[outs.length - 1], panelBytes)))',
        'outs.push(f.let(outs[outs.length - 1]))',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-rows.ts',
    [matmul],
    [
      ['dot products overwrite where k needs several blocks', 'i32.or(accumulate, i32.ne(k0, 0))', 'accumulate'],
      [
        'dot products lose the last three steps',
        'f.set(count, i32.and(k, 3));\n    repeat(f, count, () => step(v128.load32_zero, 4));',
        '',
      ],
      [
        'few rows are not cleared where they need several passes',
        'f.fillMemory(row, 0, i32.shl(numColumns, 2));',
        'f.fillMemory(row, 0, numColumns);',
      ],
      [
        'few rows lose the last columns',
        'f.set(count, i32.and(n, 3));\n    repeat(f, count, () => columns(1, 1));',
        '',
      ],
      ['few rows lose four columns', 'f.if(i32.and(n, 4), () => columns(1, 4));', ''],
      ['few rows take the wrong numbers of a', 'pointers(f, row, stepA, depth)', 'pointers(f, row, strideA, depth)'],
      ['four sums of lanes lose one', 'f32x4.add(f32x4.add(a, b), f32x4.add(c, d))', 'f32x4.add(f32x4.add(a, b), c)'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul.ts',
    [matmul, 'src/kernels/wasm/backend.test.ts'],
    [
      [
        'a product of a transposed matrix is cut by rows as if it were not',
        'a: moved(a, transposeA ? first : first * a.rowStride)',
        'a: moved(a, first * a.rowStride)',
      ],
      [
        'a product of a transposed second matrix is cut by columns as if it were not',
        'b: moved(b, transposeB ? first * b.rowStride : first)',
        'b: moved(b, first)',
      ],
      [
        'the last part of a cut product is lost where it has one row',
        'for (let first = 0; first < total; first += size) {',
        'for (let first = 0; first < total - 1; first += size) {',
      ],
      [
        'the last part of a cut product is as long as the others',
        'const length = Math.min(size, total - first);',
        'const length = size;',
      ],
      [
        'a product of one column is taken for one of one row',
        'transposeA: !transposeB, b: a, transposeB: !transposeA',
        'transposeA: transposeB, b: a, transposeB: transposeA',
      ],
      [
        'blocks of a packed product are one row short',
        'return Math.ceil(total / count / step) * step;\n}',
        'return Math.floor(total / count / step) * step;\n}',
      ],
      [
        'columns of c that lie apart are taken for a row',
        'call.n === 1 && m > 1 && call.c.rowStride === 1',
        'call.n === 1 && m > 1',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/matmul-choice.ts',
    ['src/kernels/wasm/backend.test.ts', matmul],
    [
      [
        'a deterministic backend takes relaxed tiles',
        "deterministic || !hasRelaxedSimd() ? 'plain' : 'relaxed'",
        "!hasRelaxedSimd() ? 'plain' : 'relaxed'",
      ],
    ],
  ),
  ...inFile(
    'src/kernels/vector/bfloat16-words.ts',
    ['test/conformance/element-types.test.ts'],
    [['bfloat16 is cut off instead of rounded', 'code.addWhole(isOdd, code.bits(0x7fff))', 'code.bits(0)']],
  ),
  ...inFile(
    'src/kernels/wasm/element-access.ts',
    ['test/conformance/element-types.test.ts'],
    [
      ['ties of halves go up', 'code.addWhole(rebased, isOdd)', 'code.addWhole(rebased, code.bits(1))'],
      [
        'halves without a leading bit become zero',
        'code.choose(isSmall, small, normal)',
        'code.choose(isSmall, code.bits(0), normal)',
      ],
      ['uint8 is read with a sign', 'i16x8.extend_low_i8x16_u(x)', 'i16x8.extend_low_i8x16_s(x)'],
      ['the third of three doubles is lost', 'if (lanes <= 2) return lower;', 'if (lanes <= 3) return lower;'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/products.ts',
    ['src/kernels/wasm/backend.test.ts', 'src/kernels/wasm/products-of-one-column.test.ts', threads],
    [
      [
        'products of one column in loops keep their shape',
        'this.#kernels.write(writer, call, strategy, workspace);\n  }\n\n  pack',
        'this.#kernels.write(writer, given, strategy, workspace);\n  }\n\n  pack',
      ],
      [
        'a product over nothing keeps what was there',
        'if (given.accumulate === true) return;',
        'if (given.accumulate !== true) return;',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/backend.ts',
    ['src/kernels/wasm/backend.test.ts', threads],
    [
      [
        'the last part of shared rows that are gathered is lost',
        'Array.from({ length: Math.ceil(count / each) }, (_, i) => i * each)',
        'Array.from({ length: Math.floor(count / each) }, (_, i) => i * each)',
      ],
      [
        'the last part of shared rows that are gathered has one row less',
        'Math.min(each, count - first)',
        'Math.min(each, count - first - 1)',
      ],
      [
        'reading begins at the buffer',
        'return this.#memory.floats.slice(first, first + size);',
        'return this.#memory.floats.slice(first - view.offset, first - view.offset + size);',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/pointwise.ts',
    [...pointwise, threads],
    [
      [
        'the last part of a shared program is lost',
        'Array.from({ length: Math.ceil(total / size) }, (_, i) => part',
        'Array.from({ length: Math.floor(total / size) }, (_, i) => part',
      ],
      [
        'shards of rows all read the first rows',
        "down(inputs[name], access !== 'column')",
        'down(inputs[name], false)',
      ],
      [
        'shards of columns read a row leaf column by column',
        "along(inputs[name], access !== 'row')",
        'along(inputs[name], true)',
      ],
      [
        'rows that lie apart are taken for one row',
        'program.inputs.every(({ name }) => inputs[name].rowStride === columns) &&',
        '',
      ],
    ],
  ),
  ...inFile('src/kernels/wasm/accumulators.ts', pointwise, [
    ['the largest of numbers forgets a NaN', 'f32x4.ne(value, value)', 'f32x4.eq(value, f32x4.const(0))'],
    [
      'a double sum loses its upper half',
      'const both = this.#f.let(f64x2.add(this.#low, this.#high));',
      'const both = this.#f.let(this.#low);',
    ],
    [
      'the rest of a row counts what lies behind it',
      'return shuffle(value, other, [0, lanes > 1 ? 1 : lane, lanes > 2 ? 2 : lane, lane]);',
      'return shuffle(value, other, [0, 1, lanes > 2 ? 2 : lane, lane]);',
    ],
  ]),
  ...inFile(
    'src/kernels/wasm/call-writer.ts',
    ['src/kernels/sequence', large],
    [
      ['moving arguments move by elements, not by bytes', 'bytesOf[view.buffer.dtype] * stepStride', 'stepStride'],
      ['a larger call list loses what was written', 'larger.set(this.#staged);\n', ''],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/recording.ts',
    ['test/conformance/streams.test.ts', 'src/training/model-stream.test.ts', 'src/kernels/wasm/recording.test.ts'],
    [
      [
        'a recording is not put back before it runs again',
        'if (this.#pristine !== undefined) this.#memory.integers.set',
        'if (this.#pristine === undefined) this.#memory.integers.set',
      ],
      [
        'a joined recording keeps the first number of loops',
        '((first[0] & ~machineCodeMark) + (second[0] & ~machineCodeMark))',
        '(first[0] & ~machineCodeMark)',
      ],
      ['the mark of machine code counts as loops', 'words[0] & ~machineCodeMark; loop', 'words[0]; loop'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/memory.ts',
    ['src/kernels/wasm/memory.test.ts', 'src/kernels/wasm/backend.test.ts'],
    [
      [
        'a view is placed by elements, not by bytes',
        'return buffer.address + view.offset * buffer.elementBytes;',
        'return buffer.address + view.offset;',
      ],
      [
        'growing gives one page less than it took',
        'this.#free.give(end, pages * pageBytes);',
        'this.#free.give(end, (pages - 1) * pageBytes);',
      ],
      ['kept temporaries are not counted out', 'this.#persistentBytes -= bytes;\n    }\n  }', '}\n  }'],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/threads/thread.ts',
    [threads],
    [
      [
        'a part is handed out twice',
        'Atomics.compareExchange(words, JOB, job, job + 1) === job',
        'Atomics.store(words, JOB, job + 1) === job + 1',
      ],
      [
        'the caller does not wait for parts of others',
        'while (Atomics.load(words, DONE) !== count) waitWhile',
        'while (Atomics.load(words, DONE) < 0) waitWhile',
      ],
      [
        'moving arguments stay where they are',
        'words[block + words[i]] += words[i + 1];',
        'words[block + words[i]] += 0;',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/wasm/threads/barrier-backoff.ts',
    ['src/kernels/wasm/threads/barrier-backoff.test.ts'],
    [
      ['a pause does not grow', 'Math.min(longestPauseMs, 2 * this.#pauseMs)', 'this.#pauseMs'],
      ['good times do not shorten the pause', 'this.#pauseMs = shortestPauseMs;\n      return;', 'return;'],
      ['one late barrier too many is tolerated', 'numLate <= tolerated', 'numLate <= tolerated + 1'],
    ],
  ),
  ...inFile(
    'src/kernels/sequence/split.ts',
    ['src/kernels/sequence', threads],
    [
      ['the last shard of rows is lost', 'if (first < batch) shards.push', 'if (first < 0) shards.push'],
      ['shards of rows overlap by one', 'first = row + 1;\n', 'first = row;\n'],
      ['the last shard of units ends early', 'i === count ? whole.numUnits :', 'i === count ? whole.numUnits - 1 :'],
      ['cells that reduce over a row are split by units', '&& !needsWholeRows(plan)', ''],
      [
        'the gradients of vectors depend on the number of threads',
        'if (hasProducts && !isLarge && byBatch > 1) return { shards: shardsOfRows(whole, layout, byBatch), ' +
          'usesBarriers: false };',
        'if (hasProducts && !isLarge && byBatch > 1) return { shards: shardsOfRows(whole, layout, threads), ' +
          'usesBarriers: false };',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/sequence/layout.ts',
    ['src/kernels/sequence', cells, large],
    [
      [
        'a step reads the state of its own step',
        'stateBefore[t] = t === 0 ? 0 : batch + firstRow[t - 1];',
        'stateBefore[t] = t === 0 ? 0 : batch + firstRow[t];',
      ],
      [
        'a shard has rows that have ended',
        'Math.max(0, Math.min(shard.numRows, activeRows[t] - shard.firstRow))',
        'Math.max(0, Math.min(shard.numRows, activeRows[t]))',
      ],
      ['steps of uneven distance form one loop', 'else if (!isSame(moved, stepStride)) break;', ''],
    ],
  ),
  ...inFile(
    'src/kernels/sequence/memory-attention.ts',
    ['test/conformance/attending-cells.test.ts'],
    [
      ['padding has a share', 'isMasked ? select', 'isMasked && false ? select'],
      [
        'sequences attend to what others have',
        'firstKey: sequenceOf[shard.firstRow + row]',
        'firstKey: (shard.firstRow + row)',
      ],
      ['the gradient of shares leaves their sum out', 'sub(seen, rowSum(mul(share, seen)))', 'seen'],
      [
        'only the last steps teach the memory',
        'c: this.#keysOf(target, own, width),\n                accumulate: true',
        'c: this.#keysOf(target, own, width),\n                accumulate: false',
      ],
    ],
  ),
  ...inFile(
    'src/kernels/sequence/sequence.ts',
    ['src/kernels/sequence', cells, threads, large],
    [
      [
        'the gradient of a recurrent kernel overwrites that of a gate before',
        'c: block.matrix,\n        accumulate: true',
        'c: block.matrix,\n        accumulate: false',
      ],
      [
        'the gradient of the bias is that of the recurrent products',
        'addColumnSums(backend, call.dInput, bias',
        'addColumnSums(backend, dRecurrent, bias',
      ],
      ['a bias that stands apart from its product has that gradient too', ' && !plan.hasSeparateBias', ''],
      ['rows that have ended give the wrong previous state', 'layout.stateBefore[t] + row', 'layout.firstRow[t] + row'],
      [
        'a state without a direct gradient keeps that of the step after',
        '!unwritten.has(state), shard, stepRun',
        'true, shard, stepRun',
      ],
      [
        'a second product of an operand overwrites the first',
        'dOperands[product.operand!], isWritten, shard, stepRun',
        'dOperands[product.operand!], false, shard, stepRun',
      ],
      [
        'threads do not meet before a product',
        'if (usesBarriers && stage.products.length > 0)',
        'if (usesBarriers && stage.products.length > 9)',
      ],
      ['the shards of a gradient of vectors lie on each other', 'offset: shard * width', 'offset: 0'],
    ],
  ),
  ...inFile(
    'src/kernels/sequence/products.ts',
    ['src/kernels/sequence', cells, threads, 'test/conformance/heads.test.ts'],
    [
      ['a product begins at the first gate', 'const gate = firstGate + i;', 'const gate = i;'],
      [
        'a transposed product begins at the first unit',
        'columnsAt(whole.matrix, ofHead.firstUnit - first, 0)',
        'columnsAt(whole.matrix, 0, 0)',
      ],
      ['the gates of a head overwrite their gradient', 'accumulate: accumulate || !isFirst', 'accumulate'],
      ['a head multiplies the units of the first', 'row: head * size,\n    k: heads', 'row: 0,\n    k: heads'],
    ],
  ),
  ...inFile(
    'src/kernels/reference/backend.ts',
    ['src/kernels/reference', 'test/conformance/gradients.test.ts'],
    [
      [
        'rows that are added back are written over',
        'into[source.offset + index * columns + column] +=',
        'into[source.offset + index * columns + column] =',
      ],
      [
        'a transposed matrix is read as it is stored',
        'transposeA ? l * a.rowStride + i : i * a.rowStride + l',
        'i * a.rowStride + l',
      ],
      ['a missing row is the first', 'index < 0 ? 0 : from', 'index < 0 ? from[source.offset] : from'],
    ],
  ),
];
