import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { asTensor, type ByPath, byPath, kerasSubject } from '../support/layer-cases.js';
import { torchSubject } from '../support/torch-cases.js';
import { type LayerVector, readVectors } from '../support/vectors.js';

/**
 * float64: rounding alone; float32: at most 11 steps of sums of at most 42 products, 2^-24 each, with a factor 20 for
 * growth.
 */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const vectors = readVectors<LayerVector>('layers');
const isTorch = ({ layer }: LayerVector): boolean => layer.startsWith('torch.');

describe.each(conformanceBackends)('layers on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));
  const expectAgreement = async (
    actual: Tensor | ArrayLike<number>,
    expected: ArrayLike<number>,
    factor: number,
    label: string,
  ): Promise<void> => {
    const values = 'dataSync' in actual ? await actual.data() : actual;
    if (backend === 'reference') expectClose(values, expected, factor * tolerances.reference, label);
    else expectCloseInFloat32(values, expected, factor * tolerances.wasm, label);
  };

  const check = async (vector: LayerVector): Promise<void> => {
    const subject = isTorch(vector) ? torchSubject(vector) : kerasSubject(vector);
    const input = asTensor(vector.inputs.input);
    const states = Object.fromEntries(
      Object.entries(byPath(vector.inputs.initialState)).map(([path, value]) => [path, asTensor(value)]),
    );
    const cotangents = byPath(vector.cotangents);
    const { gradients: expectedGradients, updatedWeights = {}, ...expectedResults } = vector.expected;
    const expected = byPath(expectedResults);
    const variables = [...new Set([...subject.weights.values()].map(({ variable }) => variable))];
    const by: Tensor[] = [...variables, input, ...Object.values(states)];
    let results: ByPath<Tensor> = {};
    const loss = (): Tensor => {
      results = subject.apply(input, states, maskOf(vector));
      const parts = Object.entries(cotangents).map(([path, cotangent]) =>
        ops.sum(ops.mul(results[path], asTensor(cotangent))),
      );
      return parts.reduce((a, b) => ops.add(a, b));
    };
    const { gradients } = scope(() => ({ ...valueAndGradients(loss, by), results: { ...results } }));
    expect(Object.keys(results).sort()).toEqual(Object.keys(expected).sort());
    for (const [path, value] of Object.entries(expected)) {
      expect(results[path].shape, path).toEqual(value.shape);
      await expectAgreement(results[path], value.data, 1, path);
    }
    const gradientBy = new Map(by.map((value, i) => [value, gradients[i]]));
    const weightGradients = Object.entries(expectedGradients.weights ?? {});
    const told = [...weightGradients.map(([name]) => name), ...Object.keys(updatedWeights)];
    expect([...subject.weights.keys()].sort()).toEqual(told.sort());
    for (const [name, value] of Object.entries(updatedWeights))
      await expectAgreement(subject.weights.get(name)!.variable, value.data, 1, `${name} afterwards`);
    for (const [name, value] of weightGradients) {
      const { variable, gradient } = subject.weights.get(name)!;
      await expectAgreement(gradient(await gradientBy.get(variable)!.data()), value.data, 4, `gradient of ${name}`);
    }
    if (expectedGradients.input !== undefined)
      await expectAgreement(gradientBy.get(input)!, expectedGradients.input.data, 4, 'gradient of input');
    for (const [path, value] of Object.entries(byPath(expectedGradients.initialState))) {
      await expectAgreement(gradientBy.get(states[path])!, value.data, 4, `gradient of initial ${path}`);
    }
  };

  it.each(vectors.filter((vector) => !isTorch(vector)).map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras: outputs, states, all gradients',
    (_, vector) => check(vector),
  );
  it.each(vectors.filter(isTorch).map((vector) => [vector.file, vector] as const))(
    '%s agrees with PyTorch: outputs, states, all gradients',
    (_, vector) => check(vector),
  );
});

/** The mask of a vector, also from lengths. */
function maskOf({ inputs }: LayerVector): Uint8Array | undefined {
  const { mask, lengths, input } = inputs;
  if (mask !== undefined) return Uint8Array.from(mask.data);
  if (lengths === undefined) return undefined;
  const time = input.shape[1];
  return Uint8Array.from(lengths.flatMap((length) => Array.from({ length: time }, (_, t) => (t < length ? 1 : 0))));
}

/** What float32 cannot hold is infinite there; everything else is held to the tolerance. */
function expectCloseInFloat32(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  label: string,
): void {
  const overflows = Array.from(expected, (value) => Math.abs(Math.fround(value)) === Infinity);
  const overflowed = (values: ArrayLike<number>): number[] =>
    Array.from(values)
      .filter((_, i) => overflows[i])
      .map(Math.fround);
  expect(overflowed(actual), `${label}: values beyond float32`).toEqual(overflowed(expected));
  const held = (values: ArrayLike<number>): number[] => Array.from(values, (value, i) => (overflows[i] ? 0 : value));
  expectClose(held(actual), held(expected), tolerance, label);
}
