import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { unusualCells } from '../../../test/support/unusual-cells.js';
import { stateWidth, usualWidth } from '../../../test/support/widths.js';
import type { Cell, EquationOptions } from '../../cells/cell.js';
import { planCell } from '../../cells/plan.js';
import { libraryCells } from '../../cells/registry.js';
import { gateRowWidth } from '../../cells/widths.js';
import type { Expression } from '../../expression/build.js';
import { Interpreter } from '../../expression/interpret.js';
import { Random } from '../../random.js';
import type { Backend, RecurrentForwardCall, View } from '../contract.js';
import { createReferenceBackend } from '../reference/backend.js';
import { createWasmBackend } from '../wasm/backend.js';

/** B batch, N packed rows, U units, G gates: sizes that are pairwise different and no multiple of 4. */
const [B, U] = [3, 5];
const activeRows = Int32Array.of(3, 3, 2, 1, 1);
const N = activeRows.reduce((sum, rows) => sum + rows, 0);

/** Every array that a run reads, by name. */
type Values = Record<string, Float64Array>;

/** What a run computes: the state after each step (initial ones first), and the output of each step. */
interface Result {
  readonly states: Values;
  readonly output: Float64Array;
}

function valuesFor(cell: Cell, options: EquationOptions, seed: number): Values {
  const random = new Random(seed, cell.name);
  const G = cell.gates.length;
  const numbers = (size: number): Float64Array => Float64Array.from({ length: size }, () => 0.7 * random.normal());
  const values: Values = {
    input: numbers(N * G * U),
    recurrentKernel: numbers(usualWidth(cell, cell.recurrentWidth, U) * G * U),
    bias: numbers(G * U),
    recurrentBias: numbers(G * U),
  };
  for (const state of cell.states) values[`state.${state}`] = numbers(B * stateWidth(cell, state, U));
  for (const [name, { from, to }] of Object.entries(cell.kernels))
    values[`kernels.${name}`] = numbers(usualWidth(cell, from, U) * usualWidth(cell, to, U));
  for (const name of Object.keys(cell.vectors)) values[`vector.${name}`] = numbers(U);
  if (options.recurrentDropout) values['mask.recurrent'] = numbers(B * usualWidth(cell, cell.recurrentWidth, U));
  for (const state of options.zoneout?.states ?? [])
    values[`mask.zoneout.${state}`] = Float64Array.from({ length: N * stateWidth(cell, state, U) }, () =>
      random.integer(2),
    );
  return values;
}

/** The equations, evaluated for one row of one step after the other: what every engine must agree with. */
function slowRun(cell: Cell, options: EquationOptions, values: Values): Result {
  const { next, output, operands, kernelOperands } = cell.equations(options);
  const W = (name: string): number => usualWidth(cell, name, U);
  const widthOf = (state: string): number => stateWidth(cell, state, U);
  const outputWidth = W(cell.outputWidth);
  const G = cell.gates.length;
  const states = Object.fromEntries(
    cell.states.map((state) => [
      state,
      Float64Array.from([...values[`state.${state}`], ...new Float64Array(N * widthOf(state))]),
    ]),
  );
  const outputs = new Float64Array(N * outputWidth);
  let first = 0;
  let before = 0;
  activeRows.forEach((active, t) => {
    for (let row = 0; row < active; row++) {
      const evaluate = (expression: Expression, width: number): Float64Array => {
        const interpreter = new Interpreter(read, width);
        return Float64Array.from({ length: width }, (_, column) => interpreter.at(expression, 0, column));
      };
      const products = new Map<string, Float64Array>();
      const product = (gate: string): Float64Array => {
        if (!products.has(gate)) products.set(gate, evaluate(operands.get(gate)!, W(cell.recurrentWidth)));
        return products.get(gate)!;
      };
      const ownProduct = (kernel: string): Float64Array => {
        const { from, to } = cell.kernels[kernel];
        const key = `own ${kernel}`;
        if (!products.has(key)) {
          const multiplied = evaluate(kernelOperands.get(kernel)!, W(from));
          const weights = values[`kernels.${kernel}`];
          products.set(
            key,
            Float64Array.from({ length: W(to) }, (_, column) =>
              multiplied.reduce((sum, value, k) => sum + value * weights[k * W(to) + column], 0),
            ),
          );
        }
        return products.get(key)!;
      };
      const read = (name: string, _: number, column: number): number => {
        const gate = cell.gates.indexOf(name.slice(name.indexOf('.') + 1));
        if (name.startsWith('input.')) return values.input[((first + row) * G + gate) * U + column];
        if (name.startsWith('recurrent.'))
          return product(cell.gates[gate]).reduce(
            (sum, value, k) => sum + value * values.recurrentKernel[(k * G + gate) * U + column],
            0,
          );
        if (name.startsWith('bias.')) return values.bias[gate * U + column];
        if (name.startsWith('recurrentBias.')) return values.recurrentBias[gate * U + column];
        if (name.startsWith('product.')) return ownProduct(name.slice(8))[column];
        if (name.startsWith('state.')) return states[name.slice(6)][(before + row) * widthOf(name.slice(6)) + column];
        if (name.startsWith('mask.zoneout.'))
          return values[name][(first + row) * widthOf(name.slice('mask.zoneout.'.length)) + column];
        if (name === 'mask.recurrent') return values[name][row * W(cell.recurrentWidth) + column];
        if (name.startsWith('zoneout.')) return 0.3;
        return values[name][column];
      };
      for (const state of cell.states)
        states[state].set(evaluate(next[state], widthOf(state)), (B + first + row) * widthOf(state));
      outputs.set(evaluate(output, outputWidth), (first + row) * outputWidth);
    }
    before = B + first;
    first += activeRows[t];
  });
  return { states, output: outputs };
}

/** A call over fresh buffers of a backend, and what it leaves there. */
function prepare(
  backend: Backend,
  cell: Cell,
  options: EquationOptions,
  values: Values,
  training: boolean,
): { call: RecurrentForwardCall; result: () => Result } {
  const plan = planCell(cell, options);
  const G = cell.gates.length;
  const view = (size: number, data?: ArrayLike<number>): View => {
    const made = { buffer: backend.temporary(size + 3), offset: 3 };
    backend.fill(made, size, NaN);
    if (data !== undefined) backend.write(made, data);
    return made;
  };
  const widths = Object.fromEntries(Object.entries(cell.widths).map(([name, usual]) => [name, usual(U)]));
  const rowWidth = gateRowWidth(plan, { units: U, widths });
  const outputWidth = usualWidth(cell, plan.outputWidth, U);
  const gates = view(N * rowWidth);
  for (let row = 0; row < N; row++)
    backend.write(
      { ...gates, offset: gates.offset + row * rowWidth },
      values.input.subarray(row * G * U, (row + 1) * G * U),
    );
  const states = Object.fromEntries(
    cell.states.map((state) => [state, view((B + N) * stateWidth(cell, state, U), values[`state.${state}`])]),
  );
  const output = plan.outputState === undefined ? view(N * outputWidth) : undefined;
  const call: RecurrentForwardCall = {
    plan,
    units: U,
    widths,
    batch: B,
    activeRows,
    weights: {
      recurrentKernel:
        cell.recurrent === 'full' ? view(values.recurrentKernel.length, values.recurrentKernel) : undefined,
      bias: plan.hasBias ? view(G * U, values.bias) : undefined,
      recurrentBias: plan.hasRecurrentBias ? view(G * U, values.recurrentBias) : undefined,
      kernels: Object.fromEntries(
        Object.keys(cell.kernels).map((name) => {
          const given = values[`kernels.${name}`];
          return [name, view(given.length, given)];
        }),
      ),
      vectors: Object.fromEntries(Object.keys(cell.vectors).map((name) => [name, view(U, values[`vector.${name}`])])),
    },
    gates,
    states,
    operands: plan.operandWidths.map((name) => view(N * usualWidth(cell, name, U))),
    output,
    masks: Object.fromEntries(plan.masks.map((name) => [name, view(values[name].length, values[name])])),
    scalars: Object.fromEntries(plan.scalars.map((name) => [name, 0.3])),
    training,
  };
  const read = (from: View, size: number): Float64Array => Float64Array.from(backend.readNow!(from, size));
  const result = (): Result => {
    const after = Object.fromEntries(
      cell.states.map((state) => [state, read(states[state], (B + N) * stateWidth(cell, state, U))]),
    );
    return {
      states: after,
      output: output === undefined ? after[plan.outputState!].subarray(B * outputWidth) : read(output, N * outputWidth),
    };
  };
  return { call, result };
}

/** Runs work in a scope of a new backend, and checks that all memory comes back. */
function onBackend(make: () => Backend, work: (backend: Backend) => void): void {
  const backend = make();
  backend.openScope();
  work(backend);
  backend.closeScope();
  expect(backend.memory().temporaryBytes).toBe(0);
}

const backends: Record<string, { make: () => Backend; tolerance: number }> = {
  reference: { make: createReferenceBackend, tolerance: 1e-13 },
  wasm: { make: () => createWasmBackend(), tolerance: 5e-6 },
};

const cells = [...libraryCells, ...unusualCells];

function variantsOf(cell: Cell): Record<string, EquationOptions> {
  return {
    'as defined': {},
    'without bias': { useBias: false },
    ...(cell.recurrent === 'full' ? { 'with recurrent dropout': { recurrentDropout: true } } : {}),
    'with zoneout': { zoneout: { kind: 'mask', states: cell.states } },
    'with the mean of zoneout': { zoneout: { kind: 'mean', states: cell.states.slice(0, 1) } },
  };
}

describe.each(cells.map((cell) => [cell.name, cell] as const))('the sequence of %s', (_, cell) => {
  const variants = variantsOf(cell);

  it.each(Object.keys(variants))('is its equations, step by step: %s', (variant) => {
    const values = valuesFor(cell, variants[variant], 1);
    const expected = slowRun(cell, variants[variant], values);
    for (const [name, { make, tolerance }] of Object.entries(backends)) {
      onBackend(make, (backend) => {
        for (const training of [false, true]) {
          const { call, result } = prepare(backend, cell, variants[variant], values, training);
          backend.recurrentForward([call]);
          const { states, output } = result();
          for (const state of cell.states)
            expectClose(states[state], expected.states[state], tolerance, `${state} on ${name}, training: ${training}`);
          expectClose(output, expected.output, tolerance, `output on ${name}, training: ${training}`);
        }
      });
    }
  });

  it.each(Object.keys(variants))('has the derivative of its equations: %s', (variant) => checkDerivative(variant));

  const checkDerivative = (variant: string): void => {
    const options = variants[variant];
    const values = valuesFor(cell, options, 2);
    const random = new Random(3, cell.name);
    const normal = (size: number): Float64Array => Float64Array.from({ length: size }, () => random.normal());
    const cotangents: Values = {
      output: normal(N * usualWidth(cell, cell.outputWidth, U)),
      ...Object.fromEntries(cell.states.map((state) => [state, normal(B * stateWidth(cell, state, U))])),
    };
    /** Sequence by sequence, the row of its final state. */
    const finalRow = (row: number): number => {
      let last = row;
      for (let t = 0, first = 0; t < activeRows.length; first += activeRows[t++])
        if (row < activeRows[t]) last = B + first + row;
      return last;
    };
    const loss = (at: Values, hasOutput: boolean): number => {
      const { states, output } = slowRun(cell, options, at);
      let sum = hasOutput ? output.reduce((total, value, i) => total + value * cotangents.output[i], 0) : 0;
      for (const state of cell.states) {
        const width = stateWidth(cell, state, U);
        for (let i = 0; i < B * width; i++)
          sum += cotangents[state][i] * states[state][finalRow(Math.floor(i / width)) * width + (i % width)];
      }
      return sum;
    };
    /** The slope of the loss along a direction. */
    const slope = (name: string, direction: Float64Array, hasOutput: boolean): number => {
      const step = 1e-5;
      const moved = (by: number): number =>
        loss({ ...values, [name]: values[name].map((value, i) => value + by * direction[i]) }, hasOutput);
      return (moved(step) - moved(-step)) / (2 * step);
    };
    for (const hasOutput of [true, false]) {
      const gradients: Record<string, Values> = {};
      for (const [name, { make }] of Object.entries(backends)) {
        onBackend(
          make,
          (backend) => (gradients[name] = backwards(backend, cell, options, values, cotangents, hasOutput)),
        );
        const { recurrentKernel: kernel, ...others } = gradients[name];
        for (const [what, gradient] of Object.entries(cell.recurrent === 'full' ? gradients[name] : others)) {
          expectClose(
            gradient,
            gradients.reference[what],
            2e-4,
            `dL/d(${what}) on ${name}, output gradient: ${hasOutput}`,
          );
        }
        expect(kernel === undefined).toBe(cell.recurrent === 'none');
      }
      for (const [what, gradient] of Object.entries(gradients.reference)) {
        for (let i = 0; i < (variant === 'as defined' ? 2 : 1); i++) {
          const direction = normal(gradient.length);
          const expected = slope(what, direction, hasOutput);
          expectClose(
            [direction.reduce((sum, step, j) => sum + step * gradient[j], 0)],
            [expected],
            1e-7,
            `dL/d(${what}), output gradient: ${hasOutput}`,
          );
        }
      }
    }
  };
});

/** The gradients by every array, through the forward and backward pass of a backend. */
function backwards(
  backend: Backend,
  cell: Cell,
  options: EquationOptions,
  values: Values,
  cotangents: Values,
  hasOutput: boolean,
): Values {
  const { call } = prepare(backend, cell, options, values, true);
  const { plan } = call;
  const G = cell.gates.length;
  const started = 0.5;
  const view = (size: number, data?: ArrayLike<number>): View => {
    const made = { buffer: backend.temporary(size), offset: 0 };
    if (data !== undefined) backend.write(made, data);
    return made;
  };
  /** Weight gradients are added to what is there. */
  const weight = (size: number): View => view(size, new Float64Array(size).fill(started));
  const targets: Record<string, { view: View; size: number; start: number }> = {};
  const target = (name: string, size: number): View =>
    (targets[name] = { view: weight(size), size, start: started }).view;
  const dStates = Object.fromEntries(
    cell.states.map((state) => [state, view(B * stateWidth(cell, state, U), cotangents[state])]),
  );
  backend.recurrentForward([call]);
  const width = plan.gradientOverSaved ? gateRowWidth(plan, call) : G * U;
  const dInput = plan.gradientOverSaved
    ? { ...call.gates, rowStride: width }
    : { ...view(N * G * U), rowStride: width };
  backend.recurrentBackward([
    {
      ...call,
      dOutput: hasOutput ? view(cotangents.output.length, cotangents.output) : undefined,
      dStates,
      dInput,
      dWeights: {
        recurrentKernel: call.weights.recurrentKernel && target('recurrentKernel', values.recurrentKernel.length),
        bias: call.weights.bias && target('bias', G * U),
        recurrentBias: call.weights.recurrentBias && target('recurrentBias', G * U),
        kernels: Object.fromEntries(
          Object.keys(cell.kernels).map((name) => [name, target(`kernels.${name}`, values[`kernels.${name}`].length)]),
        ),
        vectors: Object.fromEntries(Object.keys(cell.vectors).map((name) => [name, target(`vector.${name}`, U)])),
      },
    },
  ]);
  const read = (from: View, size: number): Float64Array => Float64Array.from(backend.readNow!(from, size));
  const gradients: Values = Object.fromEntries(
    Object.entries(targets).map(([name, { view: from, size, start }]) => [
      name,
      read(from, size).map((value) => value - start),
    ]),
  );
  for (const state of cell.states) gradients[`state.${state}`] = read(dStates[state], B * stateWidth(cell, state, U));
  gradients.input = new Float64Array(N * G * U);
  for (let row = 0; row < N; row++)
    gradients.input.set(read({ ...dInput, offset: dInput.offset + row * width }, G * U), row * G * U);
  return gradients;
}

describe('a sequence', () => {
  const lstm = libraryCells.find(({ name }) => name === 'lstm')!;

  it('of no steps leaves states and gradients as they are', () => {
    onBackend(createReferenceBackend, (backend) => {
      const values = valuesFor(lstm, {}, 4);
      const { call } = prepare(backend, lstm, {}, values, true);
      const empty = { ...call, activeRows: new Int32Array(0) };
      backend.recurrentForward([empty]);
      const dStates = Object.fromEntries(
        lstm.states.map((state) => {
          const view = { buffer: backend.temporary(B * U), offset: 0 };
          backend.fill(view, B * U, 2);
          return [state, view];
        }),
      );
      const dKernel = { buffer: backend.temporary(U * 4 * U), offset: 0 };
      backend.fill(dKernel, U * 4 * U, 1);
      backend.recurrentBackward([
        {
          ...empty,
          dStates,
          dInput: { ...call.gates, rowStride: 4 * U },
          dWeights: { recurrentKernel: dKernel, vectors: {} },
        },
      ]);
      expect([...backend.readNow!(dStates.hidden, B * U)]).toEqual(new Array(B * U).fill(2));
      expect([...backend.readNow!(dKernel, U * 4 * U)]).toEqual(new Array(U * 4 * U).fill(1));
      expect([...backend.readNow!(call.states.cell, B * U)]).toEqual([...values['state.cell']]);
    });
  });

  it('does not compute gradients that are not wanted', () => {
    const peephole = libraryCells.find(({ name }) => name === 'peepholeLSTM')!;
    onBackend(createReferenceBackend, (backend) => {
      const { call } = prepare(backend, peephole, {}, valuesFor(peephole, {}, 5), true);
      backend.recurrentForward([call]);
      const products: number[] = [];
      const matmul = backend.matmul.bind(backend);
      Object.assign(backend, {
        matmul: (given: Parameters<Backend['matmul']>[0]) => {
          products.push(given.m);
          matmul(given);
        },
      });
      const dStates = Object.fromEntries(
        peephole.states.map((state) => {
          const view = { buffer: backend.temporary(B * U), offset: 0 };
          backend.fill(view, B * U, 1);
          return [state, view];
        }),
      );
      const run = (dWeights: Parameters<Backend['recurrentBackward']>[0][number]['dWeights']): void =>
        backend.recurrentBackward([
          { ...call, dStates, dInput: { ...call.gates, rowStride: call.plan.gateSlots * U }, dWeights },
        ]);
      run({ vectors: {} });
      // One transposed product a step, and none of the size of a weight.
      expect(products).toEqual([...activeRows].reverse());
    });
  });
});
