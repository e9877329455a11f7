import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kernelWeight } from '../../src/cells/define-cell.js';
import { planCell } from '../../src/cells/plan.js';
import { cellNamed, libraryCells } from '../../src/cells/registry.js';
import { useBackend } from '../../src/kernels/select.js';
import * as ops from '../../src/tensor/index.js';
import { type RecurrentResult, recurrent } from '../../src/tensor/recurrent.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { type LayerVector, readVectors, type VectorTensor } from '../support/vectors.js';

/**
 * float64: rounding alone; float32: 5 steps of sums of at most 12 products, 2^-24 each, with a factor 20 for growth.
 */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const vectors = readVectors<LayerVector>('cells');

describe.each(conformanceBackends)('cells on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));

  it('has a vector for every cell of the library', () => {
    expect(vectors.map(({ config }) => config.cell).sort()).toEqual(libraryCells.map(({ name }) => name).sort());
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s agrees with its equations in PyTorch: outputs, states, all gradients',
    async (_, vector) => {
      const tolerance = tolerances[backend];
      const cell = cellNamed(vector.config.cell as string);
      const weights = new Map(Object.entries(vector.weights).map(([name, value]) => [name, asTensor(value)]));
      const input = asTensor(vector.inputs.input);
      const initial = Object.fromEntries(
        cell.states.map((state) => [state, asTensor(vector.inputs.initialState![state])]),
      );
      const by = [...weights.values(), input, ...Object.values(initial)];
      let results: RecurrentResult | undefined;
      const loss = (): Tensor => {
        const bias = weights.get('bias');
        const part = (row: number): Tensor | undefined =>
          bias === undefined
            ? undefined
            : bias.shape.length === 2
              ? ops.reshape(ops.slice(bias, 0, row, row + 1), [-1])
              : row === 0
                ? bias
                : undefined;
        results = recurrent({
          plan: planCell(cell),
          units: vector.config.units as number,
          input,
          initialStates: initial,
          kernel: weights.get('kernel')!,
          widths: vector.config.widths as Readonly<Record<string, number>> | undefined,
          recurrentKernel: weights.get('recurrentKernel'),
          kernels: Object.fromEntries(
            Object.keys(cell.kernels).map((name) => [name, weights.get(kernelWeight(name))!]),
          ),
          bias: part(0),
          recurrentBias: part(1),
          vectors: Object.fromEntries(Object.keys(cell.vectors).map((name) => [name, weights.get(name)!])),
          masks: {},
          scalars: {},
          reverse: false,
          outputOrder: 'time',
          returnSequences: true,
          training: true,
        });
        const parts = cell.states.map((state) =>
          ops.sum(ops.mul(results!.finalStates[state], asTensor(vector.cotangents.finalState![state]))),
        );
        return parts.reduce(
          (a, b) => ops.add(a, b),
          ops.sum(ops.mul(results.output, asTensor(vector.cotangents.output))),
        );
      };
      const { gradients, output, finalStates } = scope(() => ({ ...valueAndGradients(loss, by), ...results! }));
      expectClose(await output.data(), vector.expected.output.data, tolerance, 'output');
      for (const state of cell.states)
        expectClose(await finalStates[state].data(), vector.expected.finalState![state].data, tolerance, state);
      const expected = vector.expected.gradients;
      for (const [i, name] of [...weights.keys()].entries()) {
        expectClose(
          await gradientOf(gradients[i], cell.name, name),
          expected.weights[name].data,
          4 * tolerance,
          `gradient of ${name}`,
        );
      }
      expectClose(await gradients[weights.size].data(), expected.input!.data, 4 * tolerance, 'gradient of input');
      for (const [i, state] of cell.states.entries()) {
        expectClose(
          await gradients[weights.size + 1 + i].data(),
          expected.initialState![state].data,
          4 * tolerance,
          `gradient of initial ${state}`,
        );
      }
    },
  );
});

/** The paper's SRU has no bias on two of its four projections: their gradient is zero by definition there. */
async function gradientOf(gradient: Tensor, cell: string, weight: string): Promise<ArrayLike<number>> {
  const values = await gradient.data();
  if (cell !== 'sru' || weight !== 'bias') return values;
  const units = values.length / 4;
  return values.map((value, i) => (i < units || i >= 3 * units ? 0 : value));
}

function asTensor({ shape, data }: VectorTensor): Tensor {
  return tensor(data, shape);
}
