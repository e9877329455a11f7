import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttendingOptions, attending } from '../../src/cells/attending.js';
import type { Cell } from '../../src/cells/cell.js';
import { planCell } from '../../src/cells/plan.js';
import { cellNamed, libraryCells } from '../../src/cells/registry.js';
import { kernelColumns } from '../../src/cells/widths.js';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Random } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { type RecurrentResult, recurrent } from '../../src/tensor/recurrent.js';
import type { RecurrentArguments } from '../../src/tensor/recurrent-arguments.js';
import { SequenceMemory } from '../../src/tensor/sequence-memory.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectDerivative } from '../support/central-differences.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { normals } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';
import { usualWidth } from '../support/widths.js';

/** B batch, T time, F features, U units, S keys, A width of keys, V width of values. */
const [B, T, F, U, S, A, V] = [3, 5, 7, 5, 4, 6, 3];
const sizes = { batch: B, time: T, units: U };
const stepMask = Uint8Array.from([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]);
const keyMask = Uint8Array.from([1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0]);

type Given = Readonly<Record<string, Tensor>>;
type Options = Partial<Pick<RecurrentArguments, 'mask' | 'returnSequences' | 'reverse' | 'units'>> & {
  readonly keyMask?: Uint8Array | undefined;
  /** Whether values are their own keys. */
  readonly isTied?: boolean;
};

const kinds: readonly AttendingOptions[] = [
  { score: 'additive', inputFeeding: false },
  { score: 'additive', inputFeeding: true },
  { score: 'dot', inputFeeding: false },
  { score: 'dot', inputFeeding: true },
];

/** How wide the queries of a cell are, and so the keys. */
function widthsOf(
  cell: Cell,
  { score, inputFeeding }: AttendingOptions,
  units = U,
  isTied = false,
): Readonly<Record<string, number>> {
  const own = Object.fromEntries(Object.keys(cell.widths).map((name) => [name, usualWidth(cell, name, units)]));
  const asking = usualWidth(cell, inputFeeding ? cell.outputWidth : cell.stateWidths[cell.states[0]], units);
  const memoryKey = score === 'dot' ? asking : A;
  return { ...own, memoryKey, memoryValue: isTied ? memoryKey : V };
}

/** Every tensor that a run depends on, by name. */
function givenFor(
  base: Cell,
  kind: AttendingOptions,
  { batch = B, time = T, units = U, isTied = false }: Partial<typeof sizes> & Options = {},
): Given {
  const random = new Random(31, base.name);
  const cell = attending(base, kind);
  const widths = widthsOf(base, kind, units, isTied);
  const width = (name: string): number => (name === 'units' ? units : widths[name]);
  const gates = cell.gates.length * units;
  const small = (shape: number[]): Tensor => normals(shape, random, 0.5);
  const given: Record<string, Tensor> = {
    input: normals([batch, time, F], random),
    values: normals([batch, S, widths.memoryValue], random),
    ...(!isTied && { keys: normals([batch, S, widths.memoryKey], random) }),
    kernel: small([F, gates]),
    bias: small([gates]),
  };
  if (kind.score === 'additive') given.scale = normals([widths.memoryKey], random);
  if (cell.recurrent === 'full') given.recurrentKernel = small([width(cell.recurrentWidth), gates]);
  if (cell.recurrentBias) given.recurrentBias = small([gates]);
  for (const [name, kernel] of Object.entries(cell.kernels))
    if (kernel.memory === undefined)
      given[`kernels.${name}`] = small([width(kernel.from), kernelColumns(cell, { units, widths }, kernel)]);
  for (const name of Object.keys(cell.vectors)) given[`vectors.${name}`] = small([units]);
  for (const state of cell.states) given[`states.${state}`] = normals([batch, width(cell.stateWidths[state])], random);
  return given;
}

function named(given: Given, prefix: string): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
}

function run(base: Cell, kind: AttendingOptions, given: Given, options: Options = {}): RecurrentResult {
  const { keyMask: seen, isTied = false, units = U, ...others } = options;
  const { input, kernel, bias, recurrentKernel, recurrentBias, keys, values, scale } = given;
  return recurrent({
    plan: planCell(attending(base, kind)),
    units,
    widths: widthsOf(base, kind, units, isTied),
    input,
    kernel,
    bias,
    recurrentKernel,
    recurrentBias,
    kernels: named(given, 'kernels.'),
    vectors: named(given, 'vectors.'),
    initialStates: named(given, 'states.'),
    masks: {},
    scalars: {},
    reverse: false,
    outputOrder: 'time',
    returnSequences: true,
    training: true,
    memory: new SequenceMemory({ keys: isTied ? values : keys, values, scale, mask: seen }),
    shownStates: options.returnSequences === false ? [] : ['context'],
    ...others,
  });
}

function resultsOf({ output, finalStates, shownStates = {}, shares }: RecurrentResult): Tensor[] {
  return [output, ...Object.values(finalStates), ...Object.values(shownStates), shares!];
}

/** All that a run gives, in one row. */
function joined(result: RecurrentResult): Tensor {
  return ops.concatenate(resultsOf(result).map((one) => ops.reshape(one, [one.size])));
}

/** Compares the derivative along a random direction of each input with central differences, in float64. */
function expectDirections(compute: (given: Given) => Tensor, given: Given, label: string): void {
  const random = new Random(53);
  const cotangent = normals(compute(given).shape, random);
  const loss = (at: Given): Tensor => ops.sum(ops.mul(compute(at), cotangent));
  const names = Object.keys(given);
  const { gradients } = valueAndGradients(() => loss(given), Object.values(given));
  names.forEach((name, i) => {
    const direction = normals(given[name].shape, random);
    const moved = (by: number): number =>
      loss({ ...given, [name]: ops.add(given[name], ops.mul(direction, by)) }).item();
    const slope = ops.sum(ops.mul(gradients[i], direction)).item();
    expectClose([slope], [(moved(1e-5) - moved(-1e-5)) / 2e-5], 1e-6, `${label}, by ${name}`);
  });
}

const cellsByName = libraryCells.map((cell) => [cell.name, cell] as const);
const lstm = cellNamed('lstm');
const titleOf = ({ score, inputFeeding }: AttendingOptions): string => `${score}${inputFeeding ? ', fed back' : ''}`;
const masked: Options = { mask: stepMask, keyMask };
const onReference = (): void => {
  beforeAll(() => void useBackend('reference'));
  afterAll(() => void useBackend('wasm'));
};

/** What a run gives, and the gradients of a mean of it, on the backend in use. */
function numbersOf(base: Cell, kind: AttendingOptions, given: Given, options: Options): Float64Array {
  let results: number[] = [];
  const { value, gradients } = valueAndGradients(() => {
    const all = joined(run(base, kind, given, options));
    results = [...all.dataSync()];
    return ops.sum(ops.mul(all, normals(all.shape, new Random(59))));
  }, Object.values(given));
  return Float64Array.from([...results, ...[value, ...gradients].flatMap((one) => [...one.dataSync()])]);
}

describe.each(kinds.map((kind) => [titleOf(kind), kind] as const))('a cell that attends (%s)', (_title, kind) => {
  describe('in float64', () => {
    onReference();

    it.each(cellsByName)('%s has the derivatives of its equations', (_, base) => {
      expectDirections((given) => joined(run(base, kind, given, masked)), givenFor(base, kind), base.name);
    });

    it.each<[string, Options]>([
      ['all steps and keys', {}],
      ['the last step only, backwards', { ...masked, returnSequences: false, reverse: true }],
      ['values that are their own keys', { keyMask, isTied: true }],
    ])('has them over %s', (label, options) => {
      expectDirections((at) => joined(run(lstm, kind, at, options)), givenFor(lstm, kind, options), label);
    });

    it('has them by every number of what attends', () => {
      const given = givenFor(lstm, kind);
      const names = ['keys', 'values', 'scale'].filter((name) => name in given);
      const moved = (inputs: readonly Tensor[]): Given =>
        Object.fromEntries(names.map((name, i) => [name, inputs[i]] as const));
      expectDerivative(
        (inputs) => joined(run(lstm, kind, { ...given, ...moved(inputs) }, masked)),
        names.map((name) => given[name]),
      );
    });
  });

  it.each(cellsByName)('%s computes on wasm what the reference computes', (_, base) => {
    const given = givenFor(base, kind);
    const [reference, wasm] = (['reference', 'wasm'] as const).map((name) => {
      useBackend(name);
      return numbersOf(base, kind, given, masked);
    });
    expectClose(wasm, reference, 2e-4, base.name);
  });

  it('never looks at padding of keys and of steps', () => {
    const given = givenFor(lstm, kind);
    const changed = (name: string, mask: Uint8Array, by: number): Tensor => {
      const { shape } = given[name];
      const data = Float64Array.from(given[name].dataSync());
      const width = shape[2];
      return tensor(
        data.map((value, i) => (mask[Math.floor(i / width)] === 0 ? by : value)),
        shape,
      );
    };
    const [before, after] = [1, 1e4].map((by) =>
      numbersOf(
        lstm,
        kind,
        {
          ...given,
          input: changed('input', stepMask, by),
          keys: changed('keys', keyMask, by),
          values: changed('values', keyMask, by),
        },
        masked,
      ),
    );
    expect(after).toEqual(before);
  });
});

it('gives a sequence without keys nothing to attend to', () => {
  const kind = kinds[0];
  const given = givenFor(lstm, kind);
  const { shares, shownStates } = run(lstm, kind, given, { keyMask: new Uint8Array(B * S) });
  for (const none of [shares!, shownStates!.context]) expect(none.dataSync().every((value) => value === 0)).toBe(true);
});

describe('threads change no bit', () => {
  const rows = { batch: 41, time: 6, units: 67 };
  it.each(kinds.map((kind) => [titleOf(kind), kind] as const))('of a cell that attends (%s)', async (_, kind) => {
    const backends = [createWasmBackend({ threads: 1 }), await threadedBackend(2)];
    const options: Options = {
      mask: Uint8Array.from({ length: rows.batch * rows.time }, (_, i) => Number(i % 6 <= Math.floor(i / 6) % 6)),
      keyMask: Uint8Array.from({ length: rows.batch * S }, (_, i) => Number(i % S <= Math.floor(i / S) % S)),
    };
    const given = givenFor(lstm, kind, rows);
    const [one, two] = backends.map((backend) => {
      useBackend(backend);
      return numbersOf(lstm, kind, given, { ...options, units: rows.units });
    });
    useBackend('wasm');
    backends[1].threads.resize(1);
    expect(two).toEqual(one);
  });
});

interface AttendingVector {
  readonly file: string;
  readonly cell: 'lstm' | 'gru';
  readonly score: AttendingOptions['score'];
  readonly inputFeeding: boolean;
  readonly lengths: readonly number[];
  readonly given: Vectors & { readonly weights: Vectors; readonly initialState: Vectors };
  readonly cotangents: Vectors;
  readonly expected: Vectors & { readonly gradients: AttendingVector['given'] };
}
type Vectors = Readonly<Record<string, VectorTensor>>;

/** By the names of this file. */
function byName({ weights, initialState, ...others }: AttendingVector['given']): Record<string, VectorTensor> {
  const renamed = (name: string): string => name.replace(/^(query|context)Kernel$/, 'kernels.$1');
  return {
    ...others,
    ...Object.fromEntries(Object.entries(weights).map(([name, value]) => [renamed(name), value])),
    ...Object.fromEntries(Object.entries(initialState).map(([name, value]) => [`states.${name}`, value])),
  };
}

describe.each(conformanceBackends)('PyTorch on $title', ({ name, make }) => {
  const tolerance = name === 'reference' ? 1e-9 : 2e-5;
  afterAll(() => void useBackend('wasm'));

  it.each(readVectors<AttendingVector>('attending').map((vector) => [vector.file, vector] as const))(
    'attends as we do: %s',
    (_, vector) => {
      useBackend(make());
      const tensorOf = ({ data, shape }: VectorTensor): Tensor => tensor(Float64Array.from(data), shape);
      const vectors = byName(vector.given);
      const given: Given = Object.fromEntries(Object.entries(vectors).map(([of, value]) => [of, tensorOf(value)]));
      const options: Options = {
        keyMask: Uint8Array.from({ length: B * S }, (_, i) => Number(i % S < vector.lengths[Math.floor(i / S)])),
      };
      const shown = (at: Given): Record<string, Tensor> => {
        const result = run(cellNamed(vector.cell), vector, { ...at, 'states.context': ops.zeros([B, V]) }, options);
        return { output: result.output, context: result.shownStates!.context, shares: result.shares! };
      };
      for (const [of, value] of Object.entries(shown(given)))
        expectClose(value.dataSync(), vector.expected[of].data, tolerance, of);
      const { gradients } = valueAndGradients(
        () =>
          Object.entries(shown(given))
            .map(([of, value]) => ops.sum(ops.mul(value, tensorOf(vector.cotangents[of]))))
            .reduce((a, b) => ops.add(a, b)),
        Object.values(given),
      );
      const expected = byName(vector.expected.gradients);
      Object.keys(given).forEach((of, i) =>
        expectClose(gradients[i].dataSync(), expected[of].data, 10 * tolerance, `gradient by ${of}`),
      );
    },
  );
});
