import { gateRowWidth, gatesWidth, widthNamed } from '../../cells/widths.js';
import { constant } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { RecurrentBackwardCall, RecurrentCall, RecurrentForwardCall, Strided, View } from '../contract.js';
import { inScope } from '../in-scope.js';
import {
  type BackwardArrays,
  backwardArray,
  columnsAt,
  forwardArray,
  operandWidth,
  type ProductResults,
  placed,
  programCall,
  stateWidth,
  stepArray,
} from './arrays.js';
import { addColumnSums } from './column-sums.js';
import { type Layout, layoutOf, type Shard, type StepRun, stepRunsOf } from './layout.js';
import type { CpuLoopHost, EngineBackend, StepCall, WorkItem } from './loop-host.js';
import { blocksOfResult, RecurrentProducts, resultOf, splitOfCompressed } from './products.js';
import { type SplitAmong, splitRun } from './split.js';

/**
 * Runs a cell's plan along time with a host's loops of products and pointwise programs: the one sequence engine of the
 * CPU backends. Letters: B batch, T time steps, N packed rows, U units, G gates.
 *
 * States are stored `[B + N, U]`: the initial state, then the state after each step, so that no step is special. The
 * rows that step t reads are the first `activeRows[t]` rows of what step t - 1 wrote.
 *
 * A run is split into shards of rows or of units (split.ts); each becomes an item with one loop for every run of
 * steps in which its arrays move evenly, and the host runs the items, at the same time where it has threads. Runs
 * that do not depend on each other, such as the two directions of a bidirectional layer, are given together.
 */
export function recurrentForward(host: CpuLoopHost, calls: readonly RecurrentForwardCall[]): void {
  inScope(host.backend, () => {
    runAll(
      host,
      calls.map((call) => forwardRun(host, call, splitFor(host, calls))),
    );
  });
}

/** Backpropagation through time (Werbos 1990), with each weight gradient as one product after the loop. */
export function recurrentBackward(host: CpuLoopHost, calls: readonly RecurrentBackwardCall[]): void {
  inScope(host.backend, () => {
    const runs = calls.map((call) => backwardRun(host, call, splitFor(host, calls)));
    runAll(host, runs);
    for (const { finish } of runs) finish();
  });
}

function runAll(host: CpuLoopHost, runs: readonly Run[]): void {
  host.parallelFor(
    runs.flatMap(({ items }) => items),
    { usesBarriers: runs.some(({ usesBarriers }) => usesBarriers) },
  );
}

/** Several runs fill the threads without barriers. */
function splitFor(host: CpuLoopHost, calls: readonly RecurrentCall[]): SplitAmong {
  const { numThreads, numBarrierThreads, rowsOfShard } = host;
  return { numThreads, numBarrierThreads: calls.length === 1 ? numBarrierThreads : 1, rowsOfShard };
}

interface Run {
  readonly items: readonly WorkItem[];
  readonly usesBarriers: boolean;
}

function forwardRun(host: CpuLoopHost, call: RecurrentForwardCall, among: SplitAmong): Run {
  const { backend } = host;
  const layout = layoutOf(call);
  const { plan, units } = call;
  const gateWidth = plan.cell.gates.length * units;
  const { shards, usesBarriers } = splitRun(call, layout, { ...among, ...splitOfCompressed(call) });
  const stages = call.training ? plan.trainingStages : plan.inferenceStages;
  const rows = (numRows: number, rowStride: number): Strided => ({
    buffer: backend.temporary(numRows * rowStride),
    offset: 0,
    rowStride,
  });
  const results: ProductResults = {
    recurrent: rows(plan.products.length > 0 ? call.batch : 0, gateWidth),
    kernels: kernelResults(call, (width) => rows(call.batch, width)),
    input: { ...call.gates, rowStride: gateRowWidth(plan, call) },
  };
  const products = new RecurrentProducts(host, call, call.compressed);
  const stepCalls = (shard: Shard, stepRun: StepRun): StepCall[] =>
    stages.flatMap((stage): StepCall[] => {
      const calls: StepCall[] = [];
      for (const program of stage.programs)
        calls.push({
          kind: 'pointwise',
          call: programCall(call, program, shard, stepRun, (of) => forwardArray(call, results, of)),
        });
      // A product reads the units of all shards.
      if (usesBarriers && stage.products.length > 0) calls.push({ kind: 'barrier' });
      for (const product of stage.products) calls.push(...products.forward(product, results, shard, stepRun));
      return calls;
    });
  return { items: shards.map((shard) => itemOf(layout, shard, 'forward', stepCalls)), usesBarriers };
}

/** By kernel of the cell's own: what is made of the width of its result. */
function kernelResults(call: RecurrentCall, make: (width: number) => Strided): Record<string, Strided> {
  return Object.fromEntries(
    Object.entries(call.plan.cell.kernels)
      .filter(([, { to }]) => to !== gatesWidth)
      .map(([kernel, { to }]) => [kernel, make(widthNamed(call, to))]),
  );
}

/** `finish` makes the gradients that are sums over all steps. */
function backwardRun(host: CpuLoopHost, call: RecurrentBackwardCall, among: SplitAmong): Run & { finish(): void } {
  const { backend } = host;
  const layout = layoutOf(call);
  const { plan, units } = call;
  const gateWidth = plan.cell.gates.length * units;
  const backward = plan.backward(call.dOutput !== undefined, Object.keys(call.dShown ?? {}));
  const { shards, usesBarriers } = splitRun(call, layout, among);
  const dRecurrent: Strided = plan.sharedGateGradient
    ? call.dInput
    : { buffer: backend.temporary(layout.rows * gateWidth), offset: 0, rowStride: gateWidth };
  const dProducts: ProductResults = {
    recurrent: dRecurrent,
    kernels: kernelResults(call, (rowStride) => ({
      buffer: backend.temporary(layout.rows * rowStride),
      offset: 0,
      rowStride,
    })),
    input: call.dInput,
  };
  const dOperands = plan.operands.map(
    (_, i): View => ({ buffer: backend.temporary(call.batch * operandWidth(call, i)), offset: 0 }),
  );
  const products = new RecurrentProducts(host, call);
  products.startBackward(layout);
  const vectors = new VectorGradients(backend, call, usesBarriers ? 1 : shards.length);

  const stepCalls = (shard: Shard, stepRun: StepRun, index: number): StepCall[] => {
    const arrays: BackwardArrays = { dProducts, dOperands, dVectors: vectors.of(usesBarriers ? 0 : index) };
    const calls: StepCall[] = [];
    const barrier = (): void => void (usesBarriers && calls.push({ kind: 'barrier' }));
    for (const { programs, products: following } of backward.stages) {
      for (const program of programs)
        calls.push({
          kind: 'pointwise',
          call: programCall(call, program, shard, stepRun, (of) => backwardArray(call, arrays, of)),
        });
      if (following.length > 0) barrier();
      const written = new Set<number>();
      for (const product of following) {
        const isWritten = written.has(product.operand!);
        calls.push(...products.backward(product, dProducts, dOperands[product.operand!], isWritten, shard, stepRun));
        written.add(product.operand!);
      }
    }
    if (backward.stateProducts.length > 0) barrier();
    const unwritten = new Set(backward.statesWithoutDirectGradient);
    for (const product of backward.stateProducts) {
      const state = product.state!;
      calls.push(...products.backward(product, dProducts, call.dStates[state], !unwritten.has(state), shard, stepRun));
      unwritten.delete(state);
    }
    for (const state of unwritten) {
      const width = stateWidth(call, state);
      const cleared = placed(stepArray(call.dStates[state], 0, width, 'fixed'), shard.firstUnit, stepRun);
      const columns = width === units ? shard.numUnits : width;
      calls.push({
        kind: 'pointwise',
        call: { program: clear, rows: stepRun.numRows, columns, inputs: {}, outputs: { cleared } },
      });
    }
    return calls;
  };
  return {
    items: shards.map((shard, i) => [
      ...itemOf(layout, shard, 'backward', (own, stepRun) => stepCalls(own, stepRun, i)),
      ...products.memoryLoops(dProducts, layout, shard),
    ]),
    usesBarriers,
    finish() {
      products.finishBackward();
      vectors.addUp();
      addKernelGradients(backend, call, layout, dProducts);
      addBiasGradients(backend, call, layout, dRecurrent);
    },
  };
}

function itemOf(
  layout: Layout,
  shard: Shard,
  order: 'forward' | 'backward',
  callsOf: (shard: Shard, stepRun: StepRun) => readonly StepCall[],
): WorkItem {
  return stepRunsOf(layout, shard, order).map((stepRun) => ({
    numSteps: stepRun.numSteps,
    calls: callsOf(shard, stepRun),
  }));
}

const clear = pointwiseProgram('clear', [{ name: 'cleared', expression: constant(0) }]);
/**
 * Gradients of the per-unit vectors, and of a bias that is not added to the input product, which shards of rows sum
 * apart from each other.
 */
class VectorGradients {
  /** `sum` has one row of `width` numbers a shard; `wanted` is what they are added to in the end. */
  readonly #sums: readonly { name: string; width: number; sum: View; wanted: View | undefined }[];
  readonly #backend: EngineBackend;
  readonly #numShards: number;

  constructor(backend: EngineBackend, { plan, units, dWeights }: RecurrentBackwardCall, numShards: number) {
    this.#backend = backend;
    this.#numShards = numShards;
    const gradientOf = (name: string, width: number, wanted: View | undefined) => {
      const sum: View = { buffer: backend.temporary(numShards * width), offset: 0 };
      backend.fill(sum, numShards * width, 0);
      return { name, width, sum, wanted };
    };
    this.#sums = Object.keys(plan.cell.vectors).map((name) => gradientOf(name, units, dWeights.vectors[name]));
    if (plan.hasSeparateBias)
      this.#sums = [...this.#sums, gradientOf('bias', plan.cell.gates.length * units, dWeights.bias)];
  }

  /** By name: where a shard adds to. */
  of(shard: number): Record<string, View> {
    return Object.fromEntries(this.#sums.map(({ name, width, sum }) => [name, { ...sum, offset: shard * width }]));
  }

  /** Adds the shards' sums, in order, to the gradients that are wanted. */
  addUp(): void {
    for (const { width, sum, wanted } of this.#sums)
      if (wanted !== undefined)
        addColumnSums(this.#backend, { ...sum, rowStride: width }, wanted, this.#numShards, width);
  }
}

/** dL/dU of every product: what it multiplied, transposed, times the gradient of its result, over all steps at once. */
function addKernelGradients(
  backend: EngineBackend,
  call: RecurrentBackwardCall,
  layout: Layout,
  dProducts: ProductResults,
): void {
  const { plan, units, dWeights } = call;
  const gathered = new Map<string, Strided>();
  for (const product of plan.products) {
    const { kernel } = product;
    if ((kernel === undefined ? dWeights.recurrentKernel : dWeights.kernels?.[kernel]) === undefined) continue;
    let multiplied: Strided;
    if (product.state === undefined)
      multiplied = { ...call.operands[product.operand!], rowStride: operandWidth(call, product.operand!) };
    else {
      if (!gathered.has(product.state))
        gathered.set(product.state, previousStates(backend, call, layout, product.state));
      multiplied = gathered.get(product.state)!;
    }
    for (const block of blocksOfResult(call, dWeights, product, { firstUnit: 0, numUnits: units }))
      backend.matmul({
        m: block.k,
        n: block.n,
        k: layout.rows,
        a: columnsAt(multiplied, 0, block.row),
        transposeA: true,
        b: columnsAt(resultOf(call, product, dProducts), 0, block.column),
        c: block.matrix,
        accumulate: true,
      });
  }
}

function addBiasGradients(
  backend: EngineBackend,
  call: RecurrentBackwardCall,
  layout: Layout,
  dRecurrent: Strided,
): void {
  const { plan, units } = call;
  const { bias, recurrentBias } = call.dWeights;
  if (bias !== undefined && !plan.hasSeparateBias)
    addColumnSums(backend, call.dInput, bias, layout.rows, plan.cell.gates.length * units);
  // Gates without a recurrent product do not see their recurrent bias.
  for (const { firstGate, numGates } of recurrentBias === undefined
    ? []
    : plan.products.filter(({ kernel }) => kernel === undefined)) {
    const first = firstGate * units;
    addColumnSums(
      backend,
      columnsAt(dRecurrent, 0, first),
      { buffer: recurrentBias!.buffer, offset: recurrentBias!.offset + first },
      layout.rows,
      numGates * units,
    );
  }
}

/** `[N, U]`: the state each packed row read. Without ended rows it lies in the states buffer already. */
function previousStates(backend: EngineBackend, call: RecurrentCall, layout: Layout, state: string): Strided {
  const source = call.states[state];
  const allActive = layout.activeRows.every((active) => active === call.batch);
  const width = stateWidth(call, state);
  if (allActive) return { ...source, rowStride: width };
  const indices = new Int32Array(layout.rows);
  for (let t = 0; t < layout.steps; t++) {
    for (let row = 0; row < layout.activeRows[t]; row++)
      indices[layout.firstRow[t] + row] = layout.stateBefore[t] + row;
  }
  const target: View = { buffer: backend.temporary(layout.rows * width), offset: 0 };
  backend.gatherRows({ columns: width, indices, source, target });
  return { ...target, rowStride: width };
}
