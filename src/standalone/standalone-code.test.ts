import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { normals, randomise } from '../../test/support/random.js';
import {
  compiler,
  mainOfSteps,
  moduleLanguages,
  printedInC,
  standaloneModel,
  withoutCompiler,
} from '../../test/support/standalone.js';
import { unusualCells } from '../../test/support/unusual-cells.js';
import { libraryCells } from '../cells/registry.js';
import { quantize } from '../compression/quantize.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { Embedding } from '../layers/embedding.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { Random } from '../random.js';
import { prune } from '../training/pruning/prune.js';
import { Sequential } from '../training/sequential.js';
import { type StandaloneCode, standaloneCode, standaloneLanguages } from './standalone-code.js';

const [TIME, FEATURES, UNITS] = [6, 7, 5];
const cells = [...libraryCells, ...unusualCells];

function stepsOf(seed: number, width = FEATURES): Float32Array[] {
  const all = Float32Array.from(normals([TIME, width], new Random(seed)).dataSync());
  return Array.from({ length: TIME }, (_, t) => all.slice(t * width, (t + 1) * width));
}

function modelOf(cell: (typeof cells)[number]): Sequential {
  const model = new Sequential([
    new RNN({ cell, units: UNITS, returnSequences: true, inputShape: [null, FEATURES] }),
    new Dropout({ rate: 0.5 }),
    new RNN({ cell: [cell, 'gru'], units: [3, UNITS] }),
    new Dense({ units: 2, activation: 'tanh' }),
  ]);
  randomise(model, new Random(41, cell.name));
  return model;
}

function expectedSteps(model: Sequential, steps: readonly ArrayLike<number>[]): number[] {
  const stream = model.stream();
  return steps.flatMap((step) => [...stream.step(step)]);
}

function requireClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]), `number ${i}`).toBeLessThan(tolerance));
  expect(new Set(expected).size).toBeGreaterThan(expected.length / 2);
}

afterEach(() => void useBackend('wasm'));

describe.each(cells.map((cell) => [cell.name, cell] as const))('code of %s', (_, cell) => {
  const model = modelOf(cell);
  const steps = stepsOf(43);
  const expected = expectedSteps(model, steps);

  it.each(moduleLanguages)(
    'gives the numbers of the library, step by step and again after a reset: %s',
    async (language) => {
      const own = await standaloneModel(standaloneCode(model, { language }));
      requireClose(
        steps.flatMap((step) => [...own.step(step)]),
        expected,
      );
      requireClose(
        [...own.run(steps)].flatMap((output) => [...output]),
        expected,
      );
      expect(expectedSteps(model, steps)).toEqual(expected);
    },
  );
});

it.skipIf(compiler === undefined)(`gives the numbers of every cell in C${withoutCompiler}`, () => {
  const steps = stepsOf(43);
  const models = cells.map((cell) => ({ name: `net_${cell.name}`, model: modelOf(cell) }));
  const headers = models.map(({ name, model }) => standaloneCode(model, { language: 'c', name }).source);
  const main = mainOfSteps(...models.map(({ name }) => ({ name, steps, outputSize: 2 })));
  requireClose(
    printedInC(headers.join('\n'), main),
    models.flatMap(({ model }) => expectedSteps(model, steps)),
  );
});

describe('code of models of indices', () => {
  const model = new Sequential([
    new Embedding({ inputDim: 9, outputDim: 3, inputShape: [null] }),
    new LSTM({ units: UNITS, returnSequences: true }),
    new LayerNormalization(),
    new Dense({ units: 9, activation: 'softmax' }),
  ]);
  randomise(model, new Random(5));
  const steps = [3, 8, 0, 3, 1].map((index) => [index]);

  it.each(moduleLanguages)('looks rows up, and refuses indices that have none: %s', async (language) => {
    const own = await standaloneModel(standaloneCode(model, { language }));
    requireClose(
      steps.flatMap((step) => [...own.step(step)]),
      expectedSteps(model, steps),
    );
    expect(() => own.step(9)).toThrow('the input at 0 is no whole number from 0 to 8');
    expect(() => own.step([1, 2])).toThrow('the input has 2 numbers instead of 1');
    for (const wrong of [undefined, 5, '12']) expect(() => own.run(wrong as never)).toThrow('run takes an array');
  });

  it.skipIf(compiler === undefined)(`looks them up in C${withoutCompiler}`, () => {
    const { source } = standaloneCode(model, { language: 'c' });
    requireClose(printedInC(source, mainOfSteps({ name: 'model', steps, outputSize: 9 })), expectedSteps(model, steps));
  });
});

describe('code of weights of 8 bits', () => {
  const model = new Sequential([
    new LSTM({ units: 37, returnSequences: true, inputShape: [null, FEATURES] }),
    new RNN({ cell: 'mogrifierLSTM', units: 19 }),
    new Dense({ units: 3 }),
  ]);
  randomise(model, new Random(15));
  const steps = stepsOf(17);
  let compressed: Sequential;
  let expected: number[];
  beforeAll(async () => {
    compressed = (await quantize(model)) as Sequential;
    expected = expectedSteps(compressed, steps);
  });

  it.each(moduleLanguages)('computes with whole numbers, as the library does: %s', async (language) => {
    const code = standaloneCode(compressed, { language });
    const own = await standaloneModel(code);
    requireClose(
      steps.flatMap((step) => [...own.step(step)]),
      expected,
      1e-4,
    );
    const sizeOfCode = ({ source, weights }: StandaloneCode): number => source.length + (weights?.length ?? 0);
    // Kernels pad 37 outputs to 64.
    const share = { js: 0.6, wasm: 0.85 }[language];
    expect(sizeOfCode(code)).toBeLessThan(share * sizeOfCode(standaloneCode(model, { language })));
    const far = expectedSteps(model, steps).map((value, i) => Math.abs(value - expected[i]));
    expect(Math.max(...far)).toBeGreaterThan(1e-3);
  });

  it('leaves blocks of zeros out of WebAssembly', async () => {
    const pruned = deserializeModel(serializeModel(model)).model as Sequential;
    await prune(pruned, { sparsity: 0.8, block: [8, 4] });
    const small = (await quantize(pruned)) as Sequential;
    const code = standaloneCode(small, { language: 'wasm' });
    expect(code.weights!.length).toBeLessThan(standaloneCode(compressed, { language: 'wasm' }).weights!.length);
    const own = await standaloneModel(code);
    requireClose(
      steps.flatMap((step) => [...own.step(step)]),
      expectedSteps(small, steps),
      1e-4,
    );
  });

  it.skipIf(compiler === undefined)(`does so in C${withoutCompiler}`, () => {
    const { source } = standaloneCode(compressed, { language: 'c', name: 'small' });
    requireClose(printedInC(source, mainOfSteps({ name: 'small', steps, outputSize: 3 })), expected, 1e-4);
  });
});

it.skipIf(compiler === undefined)(`is C++ too, with several headers in one program${withoutCompiler}`, () => {
  const model = modelOf(cells[0]);
  const steps = stepsOf(19);
  const { source } = standaloneCode(model, { language: 'c', name: 'net' });
  const other = standaloneCode(modelOf(cells[1]), { language: 'c', name: 'other' }).source;
  requireClose(
    printedInC(source + other, mainOfSteps({ name: 'net', steps, outputSize: 2 }), { language: 'cpp' }),
    expectedSteps(model, steps),
  );
});

it('puts no name of a file into code', () => {
  const model = new Sequential([new Dense({ units: 2, name: 'a*\n#include"x";`${b}' })], { inputShape: [null, 3] });
  for (const language of standaloneLanguages) {
    const { source } = standaloneCode(model, { language });
    expect(source).not.toContain('#include"x"\n');
    expect(source.match(/^#include.*$/gm) ?? []).toEqual(
      language === 'c' ? ['#include <math.h>', '#include <stdint.h>'] : [],
    );
  }
});
