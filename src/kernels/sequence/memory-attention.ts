import type { AttentionScore } from '../../cells/cell.js';
import { widthNamed } from '../../cells/widths.js';
import {
  add,
  div,
  type Expression,
  exp,
  greater,
  leaf,
  max,
  mul,
  rowMax,
  rowSum,
  select,
  sub,
  tanh,
} from '../../expression/build.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { RecurrentBackwardCall, RecurrentCall, RecurrentMemory, Strided, View } from '../contract.js';
import { placed, type StepArray, stepArray } from './arrays.js';
import { addColumnSums } from './column-sums.js';
import { type Layout, type Shard, type StepRun, stepRunsOf } from './layout.js';
import type { EngineBackend, StepCall, StepLoop, StepStrided, StepStridedPointwiseCall } from './loop-host.js';
import type { MemoryGradients, StepAttention } from './step-attention.js';

/** What a sequence's memory is to one of the rows: from where on, and how many of its keys count. */
interface RowMemory {
  /** Of the shard's rows. */
  readonly row: number;
  /** In keys, behind the first of all sequences. */
  readonly firstKey: number;
  readonly numKeys: number;
}

/**
 * The steps of a run that attend: each row's query asks the memory of its sequence,
 *
 *     shares = softmax over its keys of score(query, key),   context = shares values
 *
 * with `score` the product of both, or `sum of scale tanh(query + key)`. Keys behind the last that counts are not looked
 * at, so padding costs nothing. Letters: S keys, A width of queries and keys, V width of values.
 */
export class MemoryAttention implements StepAttention {
  readonly #backend: EngineBackend;
  readonly #call: RecurrentCall;
  readonly #memory: RecurrentMemory;
  readonly #score: AttentionScore;
  readonly #keyWidth: number;
  readonly #valueWidth: number;
  /** `[B, S]`: scores, and dL/d(shares). */
  readonly #scratch: View;

  constructor(backend: EngineBackend, call: RecurrentCall, kernel: string) {
    const { from, to, memory } = call.plan.cell.kernels[kernel];
    this.#backend = backend;
    this.#call = call;
    this.#memory = call.memory!;
    this.#score = memory!;
    this.#keyWidth = widthNamed(call, from);
    this.#valueWidth = widthNamed(call, to);
    this.#scratch = { buffer: backend.temporary(call.batch * this.#memory.numKeys), offset: 0 };
  }

  forward(query: StepArray, context: StepArray, shard: Shard, stepRun: StepRun): StepCall[] {
    const { values, mask, shares, numKeys } = this.#memory;
    const rows = this.#rowsOf(shard, stepRun);
    const [queries, contexts] = [query, context].map((of) => placed(of, 0, stepRun));
    const scores = this.#placed(this.#scratch, 'fixed', stepRun);
    const share = this.#placed(shares, 'packed', stepRun);
    return [
      ...rows.map((own) => this.#scoresOf(own, rowOf(queries, own.row), rowOf(scores, own.row))),
      program({
        program: mask === undefined ? softmax : maskedSoftmax,
        rows: stepRun.numRows,
        columns: numKeys,
        inputs: { score: scores, ...(mask && { mask: this.#placed(mask, 'fixed', stepRun) }) },
        outputs: { share },
      }),
      ...rows.map(
        (own): StepCall => ({
          kind: 'matmul',
          call: {
            m: 1,
            n: this.#valueWidth,
            k: own.numKeys,
            a: rowOf(share, own.row),
            b: this.#keysOf(values, own, this.#valueWidth),
            c: rowOf(contexts, own.row),
          },
        }),
      ),
    ];
  }

  /** `[1, S]` of one row: how its query is scored with each key. */
  #scoresOf(own: RowMemory, query: StepStrided, scores: StepStrided): StepCall {
    const key = this.#keysOf(this.#memory.keys, own, this.#keyWidth);
    if (this.#score === 'dot')
      return {
        kind: 'matmul',
        call: { m: 1, n: own.numKeys, k: this.#keyWidth, a: query, b: key, transposeB: true, c: scores },
      };
    return program({
      program: sumOfTanh,
      rows: own.numKeys,
      columns: this.#keyWidth,
      inputs: { key, query, scale: { ...this.#memory.scale!, rowStride: 0 } },
      outputs: { score: { ...scores, rowStride: 1 } },
    });
  }

  backward(
    query: StepArray,
    dContext: StepArray,
    target: StepArray,
    accumulate: boolean,
    shard: Shard,
    stepRun: StepRun,
    kept: MemoryGradients,
  ): StepCall[] {
    const { values, shares, numKeys } = this.#memory;
    const { dMemory = {} } = this.#call as RecurrentBackwardCall;
    const rows = this.#rowsOf(shard, stepRun);
    const [queries, dContexts, dQueries] = [query, dContext, target].map((of) => placed(of, 0, stepRun));
    const dShares = this.#placed(this.#scratch, 'fixed', stepRun);
    const dScores = this.#placed(kept.dScores, 'packed', stepRun);
    const given = dMemory.shares;
    return [
      ...rows.map(
        (own): StepCall => ({
          kind: 'matmul',
          call: {
            m: 1,
            n: own.numKeys,
            k: this.#valueWidth,
            a: rowOf(dContexts, own.row),
            b: this.#keysOf(values, own, this.#valueWidth),
            transposeB: true,
            c: rowOf(dShares, own.row),
          },
        }),
      ),
      program({
        program: given === undefined ? softmaxGradient : softmaxGradientOfShown,
        rows: stepRun.numRows,
        columns: numKeys,
        inputs: {
          share: this.#placed(shares, 'packed', stepRun),
          dShare: dShares,
          ...(given && { given: this.#placed(given, 'packed', stepRun) }),
        },
        outputs: { dScore: dScores },
      }),
      ...rows.map((own) =>
        this.#queryGradient(own, {
          query: rowOf(queries, own.row),
          dScores: rowOf(dScores, own.row),
          dQuery: rowOf(dQueries, own.row),
          accumulate,
          sequence: shard.firstRow + own.row,
          kept,
        }),
      ),
    ];
  }

  #queryGradient(
    own: RowMemory,
    {
      query,
      dScores,
      dQuery,
      accumulate,
      sequence,
      kept,
    }: {
      query: StepStrided;
      dScores: StepStrided;
      dQuery: StepStrided;
      accumulate: boolean;
      sequence: number;
      kept: MemoryGradients;
    },
  ): StepCall {
    const A = this.#keyWidth;
    const key = this.#keysOf(this.#memory.keys, own, A);
    if (this.#score === 'dot')
      return { kind: 'matmul', call: { m: 1, n: A, k: own.numKeys, a: dScores, b: key, c: dQuery, accumulate } };
    const { dMemory = {} } = this.#call as RecurrentBackwardCall;
    return program({
      program: sumOfTanhGradient(accumulate, dMemory.keys !== undefined),
      rows: own.numKeys,
      columns: A,
      inputs: { key, query, scale: { ...this.#memory.scale!, rowStride: 0 }, dScore: { ...dScores, rowStride: 1 } },
      outputs: {
        dQuery: { ...dQuery, rowStride: 0 },
        dScale: { ...kept.dScales, offset: sequence * A, rowStride: 0 },
        ...(dMemory.keys && { dKey: this.#keysOf(dMemory.keys, own, A) }),
      },
    });
  }

  gradients(layout: Layout): MemoryGradients {
    const backend = this.#backend;
    const size = this.#score === 'additive' ? layout.batch * this.#keyWidth : 0;
    const dScales: View = { buffer: backend.temporary(size), offset: 0 };
    if (size > 0) backend.fill(dScales, size, 0);
    return { dScores: { buffer: backend.temporary(layout.rows * this.#memory.numKeys), offset: 0 }, dScales };
  }

  memoryLoops(query: StepArray, dContext: StepArray, layout: Layout, shard: Shard, kept: MemoryGradients): StepLoop[] {
    const { dMemory = {} } = this.#call as RecurrentBackwardCall;
    const { numKeys } = this.#memory;
    const ofKeys = (values: View): StepArray => stepArray(values, 0, numKeys, 'packed');
    const sums = [
      { target: dMemory.values, weights: this.#memory.shares, rows: dContext, width: this.#valueWidth },
      ...(this.#score === 'dot'
        ? [{ target: dMemory.keys, weights: kept.dScores, rows: query, width: this.#keyWidth }]
        : []),
    ];
    const calls: StepCall[] = [];
    for (let i = 0; i < shard.numRows; i++) {
      const row: Shard = { ...shard, firstRow: shard.firstRow + i, numRows: 1 };
      for (const stepRun of stepRunsOf(layout, row, 'forward')) {
        const [own] = this.#rowsOf(row, stepRun);
        // One step below the other: a matrix whose rows are the steps.
        const steps = (array: StepArray): Strided => {
          const { buffer, offset, stepStride = 0 } = placed(array, 0, stepRun);
          return { buffer, offset, rowStride: stepStride };
        };
        for (const { target, weights, rows, width } of sums)
          if (target !== undefined)
            calls.push({
              kind: 'matmul',
              call: {
                m: own.numKeys,
                n: width,
                k: stepRun.numSteps,
                a: steps(ofKeys(weights)),
                transposeA: true,
                b: steps(rows),
                c: this.#keysOf(target, own, width),
                accumulate: true,
              },
            });
      }
    }
    return [{ numSteps: 1, calls }];
  }

  finish({ dScales }: MemoryGradients): void {
    const { dMemory = {} } = this.#call as RecurrentBackwardCall;
    if (dMemory.scale === undefined) return;
    const width = this.#keyWidth;
    addColumnSums(this.#backend, { ...dScales, rowStride: width }, dMemory.scale, this.#call.batch, width);
  }

  #rowsOf(shard: Shard, { numRows }: StepRun): RowMemory[] {
    const { sequenceOf, lengths, numKeys } = this.#memory;
    return Array.from({ length: numRows }, (_, row) => ({
      row,
      firstKey: sequenceOf[shard.firstRow + row] * numKeys,
      // Where none counts, the mask gives the first no share.
      numKeys: Math.max(1, lengths[shard.firstRow + row]),
    }));
  }

  /** `[S, width]` of a row's sequence. */
  #keysOf({ buffer, offset }: View, { firstKey }: RowMemory, width: number): Strided {
    return { buffer, offset: offset + firstKey * width, rowStride: width };
  }

  /** Of `[rows, S]`. */
  #placed(values: View, movement: 'fixed' | 'packed', stepRun: StepRun): StepStrided {
    return placed(stepArray(values, 0, this.#memory.numKeys, movement), 0, stepRun);
  }
}

function rowOf(view: StepStrided, row: number): StepStrided {
  return { ...view, offset: view.offset + row * view.rowStride };
}

const program = (call: StepStridedPointwiseCall): StepCall => ({ kind: 'pointwise', call });

const [softmax, maskedSoftmax] = [false, true].map((isMasked) => {
  const seen = (value: Expression, otherwise: number): Expression =>
    isMasked ? select(leaf('mask'), value, otherwise) : value;
  const score = seen(leaf('score'), -3e38);
  const exponential = seen(exp(sub(score, rowMax(score))), 0);
  // The largest gives 1, so the sum is less only where no key counts.
  const share = div(exponential, max(rowSum(exponential), 0.5));
  return pointwiseProgram(`memory.softmax${isMasked ? '.masked' : ''}`, [{ name: 'share', expression: share }]);
});

const [softmaxGradient, softmaxGradientOfShown] = [false, true].map((isShown) => {
  const share = leaf('share');
  const dShare = isShown ? add(leaf('dShare'), leaf('given')) : leaf('dShare');
  // Behind the last key that counts nothing was computed.
  const seen = select(greater(share, 0), dShare, 0);
  return pointwiseProgram(`memory.softmaxGradient${isShown ? '.shown' : ''}`, [
    { name: 'dScore', expression: mul(share, sub(seen, rowSum(mul(share, seen)))) },
  ]);
});

const [key, query, scale] = [leaf('key'), leaf('query', 'column'), leaf('scale', 'column')];
const compared = tanh(add(key, query));

const sumOfTanh = pointwiseProgram('memory.sumOfTanh', [
  { name: 'score', expression: rowSum(mul(scale, compared)), reduce: 'perRow' },
]);

const gradientPrograms = new Map<string, PointwiseProgram>();

/** dL/d(query) with the sums for keys and scale; the tangents are computed again, since keeping them costs more. */
function sumOfTanhGradient(accumulate: boolean, hasKeys: boolean): PointwiseProgram {
  const name = `memory.sumOfTanhGradient.${accumulate}.${hasKeys}`;
  let known = gradientPrograms.get(name);
  if (known === undefined) {
    const dScore = leaf('dScore', 'row');
    const dSum = mul(mul(dScore, scale), sub(1, mul(compared, compared)));
    const outputs: OutputRequest[] = [
      { name: 'dQuery', expression: dSum, reduce: 'rows', accumulate },
      { name: 'dScale', expression: mul(dScore, compared), reduce: 'rows', accumulate: true },
    ];
    if (hasKeys) outputs.push({ name: 'dKey', expression: dSum, accumulate: true });
    gradientPrograms.set(name, (known = pointwiseProgram(name, outputs)));
  }
  return known;
}
