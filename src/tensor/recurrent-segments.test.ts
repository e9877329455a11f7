import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { unusualCells } from '../../test/support/unusual-cells.js';
import { stateWidth, usualWidth } from '../../test/support/widths.js';
import type { Cell } from '../cells/cell.js';
import { lstm } from '../cells/lstm.js';
import { type CellPlan, planCell } from '../cells/plan.js';
import { libraryCells } from '../cells/registry.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from './index.js';
import { type RecurrentResult, recurrent } from './recurrent.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import { recurrentInSegments } from './recurrent-segments.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

/** B batch, T time, F features, U units. */
const [B, T, F, U] = [3, 11, 7, 5];

/** Lengths 4, 11 and 0; then gaps, and padding on the left. */
const masks: Record<string, Uint8Array | undefined> = {
  'no mask': undefined,
  'lengths 4, 11, 0': Uint8Array.from({ length: B * T }, (_, i) => Number(i % T < [4, T, 0][Math.floor(i / T)])),
  'gaps and left padding': Uint8Array.from([
    0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  ]),
};

interface Problem {
  readonly call: RecurrentArguments;
  readonly weights: readonly Tensor[];
}

function problemOf(cell: Cell, options: Partial<RecurrentArguments> & { plan?: CellPlan } = {}): Problem {
  const random = new Random(77);
  const width = cell.gates.length * U;
  const call: RecurrentArguments = {
    plan: planCell(cell),
    units: U,
    input: normals([B, T, F], random),
    initialStates: Object.fromEntries(
      cell.states.map((state) => [state, normals([B, stateWidth(cell, state, U)], random)]),
    ),
    kernel: normals([F, width], random, 0.5),
    recurrentKernel:
      cell.recurrent === 'full' ? normals([usualWidth(cell, cell.recurrentWidth, U), width], random, 0.5) : undefined,
    bias: normals([width], random),
    recurrentBias: cell.recurrentBias ? normals([width], random) : undefined,
    widths: Object.fromEntries(Object.entries(cell.widths).map(([name, usual]) => [name, usual(U)])),
    kernels: Object.fromEntries(
      Object.entries(cell.kernels).map(([name, { from, to }]) => [
        name,
        normals([usualWidth(cell, from, U), usualWidth(cell, to, U)], random, 0.5),
      ]),
    ),
    vectors: Object.fromEntries(Object.keys(cell.vectors).map((name) => [name, normals([U], random)])),
    masks: {},
    scalars: {},
    reverse: false,
    outputOrder: 'time',
    returnSequences: true,
    training: true,
    ...options,
  };
  return {
    call,
    weights: [
      call.kernel,
      call.recurrentKernel,
      call.bias,
      call.recurrentBias,
      ...Object.values(call.kernels!),
      ...Object.values(call.vectors),
    ].filter((weight) => weight !== undefined),
  };
}

interface Step {
  /** Output, final states, and the gradients of input and initial states. */
  readonly exact: number[];
  readonly byWeights: number[];
}

/** One step with random cotangents for the output and every final state. */
function stepOf({ call, weights }: Problem, run: (call: RecurrentArguments) => RecurrentResult): Step {
  const random = new Random(78);
  const { cell } = call.plan;
  const width = usualWidth(cell, cell.outputWidth, U);
  const shape = call.returnSequences ? [B, T, width] : [B, width];
  const [cotangent, ...others] = [shape, ...cell.states.map((state) => [B, stateWidth(cell, state, U)])].map((axes) =>
    normals(axes, random),
  );
  const data = [call.input, ...Object.values(call.initialStates)];
  const results: Tensor[] = [];
  const loss = (): Tensor => {
    const { output, finalStates } = run(call);
    results.push(output, ...Object.values(finalStates));
    const parts = Object.values(finalStates).map((state, i) => ops.sum(ops.mul(state, others[i])));
    // Masked steps repeat an output; their cotangents are zeros, as in a masked loss, so that no sum depends on an
    // order.
    const counts =
      call.mask !== undefined && call.returnSequences
        ? ops.mul(cotangent, tensor(Float32Array.from(call.mask), [B, T, 1]))
        : cotangent;
    return parts.reduce((sum, part) => ops.add(sum, part), ops.sum(ops.mul(output, counts)));
  };
  let computed: number[] = [];
  const { value, gradients } = valueAndGradients(() => {
    const total = loss();
    computed = results.flatMap((result) => [...result.dataSync()]);
    return total;
  }, [...data, ...weights]);
  const numbers = (tensors: readonly Tensor[]): number[] =>
    tensors.flatMap((gradient) => [...gradient.dataSync()].map((x) => x + 0));
  return {
    exact: [value.item(), ...computed, ...numbers(gradients.slice(0, data.length))],
    byWeights: numbers(gradients.slice(data.length)),
  };
}

/** float64: sums of at most 33 products in another order; float32: the same, and products of other tiles. */
const tolerances = { reference: 1e-13, wasm: 3e-5 };

describe.each(backendNames)('a recurrent layer in segments on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterEach(() => void useBackend('wasm'));

  const expectSame = (problem: Problem, steps = 4, addsUp = false): void => {
    const whole = stepOf(problem, recurrent);
    const cut = stepOf(problem, (call) => recurrentInSegments(call, steps));
    if (backend === 'reference' && !addsUp) expect(cut.exact).toEqual(whole.exact);
    else expectClose(cut.exact, whole.exact, tolerances[backend], 'results and gradients of data');
    expectClose(cut.byWeights, whole.byWeights, tolerances[backend], 'gradients of weights');
  };

  it.each([...libraryCells, ...unusualCells].map((cell) => [cell.name, cell] as const))(
    'of %s gives the results and gradients of the whole',
    (_, cell) => {
      expectSame(problemOf(cell));
      expectSame(problemOf(cell, { mask: masks['lengths 4, 11, 0'], returnSequences: false, reverse: true }));
    },
  );

  type Order = keyof typeof orders;
  const orders = {
    forwards: {},
    backwards: { reverse: true },
    'backwards in the order computed': { reverse: true, outputOrder: 'computed' },
  } as const;
  const cases = Object.keys(masks).flatMap((mask) =>
    (Object.keys(orders) as Order[]).flatMap((order): [string, boolean, Order][] => [
      [mask, true, order],
      [mask, false, order],
    ]),
  );
  it.each(cases)('with %s and returnSequences %s is the same %s', (mask, returnSequences, order) => {
    const problem = problemOf(lstm, { mask: masks[mask], returnSequences, ...orders[order] });
    // In the order computed, cotangents of masked places are not zeros: an output that is repeated adds up several.
    const addsUp = mask !== 'no mask' && returnSequences && order === 'backwards in the order computed';
    expectSame(problem, 4, addsUp);
  });

  it.each([1, 2, 5, 10, 11, 40])('is the same however long its segments are: %i steps', (steps) => {
    expectSame(problemOf(lstm, { mask: masks['lengths 4, 11, 0'] }), steps);
  });

  it('uses the same masks of recurrent dropout and zoneout as the whole', () => {
    const random = new Random(5);
    const drawn = (rows: number): Tensor =>
      tensor(
        Float64Array.from({ length: rows * U }, () => Number(random.uniform() < 0.6)),
        [rows, U],
      );
    const plan = planCell(lstm, { recurrentDropout: true, zoneout: { kind: 'mask', states: ['hidden', 'cell'] } });
    const own = { 'mask.recurrent': drawn(B), 'mask.zoneout.hidden': drawn(B * T), 'mask.zoneout.cell': drawn(B * T) };
    for (const mask of Object.values(masks)) expectSame(problemOf(lstm, { plan, masks: own, mask }));
  });

  it('has to the last bit the gradients of a chain of shorter layers, weights included', () => {
    const problem = problemOf(lstm);
    const chain = (call: RecurrentArguments): RecurrentResult => {
      let initialStates = call.initialStates;
      const outputs: Tensor[] = [];
      for (let start = 0; start < T; start += 4) {
        const result = recurrent({
          ...call,
          initialStates,
          input: ops.slice(call.input, 1, start, Math.min(T, start + 4)),
        });
        outputs.push(result.output);
        initialStates = result.finalStates;
      }
      return { output: ops.concatenate(outputs, 1), finalStates: initialStates };
    };
    expect(stepOf(problem, (call) => recurrentInSegments(call, 4))).toEqual(stepOf(problem, chain));
  });

  it('without derivatives gives the results alone', () => {
    const { call } = problemOf(lstm, { mask: masks['gaps and left padding'] });
    const [whole, cut] = [recurrent(call), recurrentInSegments(call, 3)];
    expectClose(cut.output.dataSync(), whole.output.dataSync(), backend === 'reference' ? 0 : 1e-6, 'output');
  });
});
