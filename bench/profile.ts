/**
 * Shows where one case spends its time, by kernel and size, on one thread:
 *
 *     npm run build && node dist/bench/profile.js lstm-train
 */
import { parseArgs } from 'node:util';
import { type Backend, setThreads, useBackend } from '../src/index.js';
import type { MatmulCall, PointwiseCall } from '../src/kernels/contract.js';
import { serialLoopHost } from '../src/kernels/sequence/run-in-order.js';
import { recurrentBackward, recurrentForward } from '../src/kernels/sequence/sequence.js';
import { describeMachineCode } from '../src/node.js';
import { CaseModel } from './case-model.js';
import { caseNamed, headlineCase, operationsOf } from './cases.js';
import { describeMachine } from './machine.js';
import { median, timeRuns, warmUp } from './timing.js';

interface Cost {
  calls: number;
  operations: number;
  /** What each run spent here, the current run last. */
  msByRun: number[];
}

/** What the runs of a case spend, by kernel and size. */
class Costs {
  readonly byName = new Map<string, Cost>();
  runs = 0;

  add(name: string, operations: number, ms: number): void {
    let cost = this.byName.get(name);
    if (cost === undefined) this.byName.set(name, (cost = { calls: 0, operations: 0, msByRun: [] }));
    while (cost.msByRun.length <= this.runs) cost.msByRun.push(0);
    cost.msByRun[this.runs] += ms;
    cost.calls++;
    cost.operations += operations;
  }

  clear(): void {
    this.byName.clear();
    this.runs = 0;
  }
}

/** Wraps a backend so that every call of a kernel is timed; one call of the clock costs some 50 ns. */
function timedBackend(inner: Backend, costs: Costs): Backend {
  const timed = <T>(name: string, operations: number, work: () => T): T => {
    const before = performance.now();
    const result = work();
    costs.add(name, operations, performance.now() - before);
    return result;
  };
  const { readNow } = inner;
  const wrapped: Backend = {
    name: inner.name,
    floatType: inner.floatType,
    supports: (capability) => inner.supports(capability),
    allocate: (size, dtype) => timed('allocate', 0, () => inner.allocate(size, dtype)),
    free: (buffer) => inner.free(buffer),
    openScope: () => inner.openScope(),
    closeScope: () => inner.closeScope(),
    temporary: (size, dtype) => inner.temporary(size, dtype),
    memory: () => inner.memory(),
    write: (view, data) => timed(`write ${data.constructor.name}`, 0, () => inner.write(view, data)),
    read: (view, size) => inner.read(view, size),
    ...(readNow === undefined
      ? {}
      : { readNow: (view, size) => timed('read', 0, () => readNow.call(inner, view, size)) }),
    fill: (view, size, value) => timed('fill', 0, () => inner.fill(view, size, value)),
    pointwise: (call) => timed(pointwiseLabel(call), 0, () => inner.pointwise(call)),
    matmul: (call) =>
      timed(matmulLabel(call), 2 * call.m * call.n * call.k * (call.batch?.count ?? 1), () => inner.matmul(call)),
    placeMatrix: (matrix, segment) => inner.placeMatrix(matrix, segment),
    compressedMatmul: (call) =>
      timed(
        `compressed ${call.m} x ${call.n} x ${call.matrix.matrix.k}`,
        2 * call.m * call.n * call.matrix.matrix.k,
        () => inner.compressedMatmul(call),
      ),
    gatherRows: (call) => timed(`gather ${call.indices.length} x ${call.columns}`, 0, () => inner.gatherRows(call)),
    scatterAddRows: (call) =>
      timed(`scatter ${call.indices.length} x ${call.columns}`, 0, () => inner.scatterAddRows(call)),
    recurrentForward: (calls) => recurrentForward(serialLoopHost(wrapped), calls),
    recurrentBackward: (calls) => recurrentBackward(serialLoopHost(wrapped), calls),
  };
  return wrapped;
}

function matmulLabel({ m, n, k, transposeA, transposeB, accumulate, batch }: MatmulCall): string {
  return (
    `matmul ${batch === undefined ? '' : `${batch.count} x `}[${m}, ${k}]${transposeA === true ? "'" : ''} [${k}, ` +
    `${n}]${transposeB === true ? "'" : ''}${accumulate === true ? ' +=' : ''}`
  );
}

function pointwiseLabel({ program, rows, columns }: PointwiseCall): string {
  return `pointwise ${program.name} [${rows}, ${columns}]`;
}

const FOR_MS = 1500;

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true });
  const benchCase = caseNamed(positionals[0] ?? headlineCase, 'profile');
  setThreads(1);
  const inner = useBackend('wasm');
  const model = new CaseModel(benchCase);
  const run = benchCase.mode === 'train' ? () => void model.train() : () => void model.infer();
  warmUp(run);
  const plainMs = median(timeRuns(run, FOR_MS / 2, 9));
  const costs = new Costs();
  useBackend(timedBackend(inner, costs));
  // The weights move to the wrapped backend at their next use.
  warmUp(run);
  costs.clear();
  const elapsed = timeRuns(
    () => {
      run();
      costs.runs++;
    },
    FOR_MS,
    9,
  );
  const machine = describeMachine();
  const kernels = describeMachineCode().instructions ?? 'WebAssembly';
  console.log(`${benchCase.name}, ${machine.processor}, ${machine.runtime}, ${kernels}, load ${machine.load}`);
  console.log(
    `median ${plainMs.toFixed(3)} ms untimed, ${median(elapsed).toFixed(3)} ms with timers, ` +
      `${(operationsOf(benchCase) / plainMs / 1e6).toFixed(1)} GFLOP/s\n`,
  );
  report(costs, elapsed);
}

/** Medians over the runs, the dearest first. */
function report(costs: Costs, elapsed: readonly number[]): void {
  const totalMs = median(elapsed);
  const line = (ms: number, calls: number, name: string, operations: number): void => {
    const speed = operations > 0 ? `${(operations / ms / 1e6).toFixed(1)} GFLOP/s` : '';
    console.log(
      `${ms.toFixed(3).padStart(9)} ms ${((100 * ms) / totalMs).toFixed(1).padStart(5)} %  ` +
        `${calls.toFixed(0).padStart(5)} calls  ${name.padEnd(56)} ${speed}`,
    );
  };
  const rows = [...costs.byName].map(([name, { calls, operations, msByRun }]) => ({
    name,
    ms: median(msByRun),
    calls: calls / costs.runs,
    operations: operations / costs.runs,
  }));
  for (const { ms, calls, name, operations } of rows.sort((a, b) => b.ms - a.ms)) line(ms, calls, name, operations);
  const others = elapsed.map(
    (ms, run) => ms - [...costs.byName.values()].reduce((sum, { msByRun }) => sum + (msByRun[run] ?? 0), 0),
  );
  line(median(others), 0, 'everything else (JavaScript)', 0);
}

main();
