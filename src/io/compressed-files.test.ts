import { describe, expect, it } from 'vitest';
import { compressWeights } from '../compression/compress-weights.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { GRU } from '../layers/gru.js';
import { setSeed } from '../random.js';
import { prune } from '../training/pruning/prune.js';
import { Sequential } from '../training/sequential.js';
import { deserializeModel, serializeModel } from './checkpoint.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';

function made(): Sequential {
  setSeed(3);
  return new Sequential([
    new Embedding({ inputDim: 19, outputDim: 7, inputShape: [5] }),
    new GRU({ units: 35, returnSequences: true }),
    new Dense({ units: 3 }),
  ]);
}

const numbersOf = (model: Sequential): number[][] =>
  [...model.namedWeights()].map(([, { variable }]) => [...variable.dataSync()]);

describe('weights in files', () => {
  it.each([
    ['float16', 2 ** -11],
    ['bfloat16', 2 ** -8],
  ] as const)('of %s are off by half of their last bit at most', (weightFormat, share) => {
    const model = made();
    const again = deserializeModel(serializeModel(model, { weightFormat })).model as Sequential;
    const [before, after] = [numbersOf(model).flat(), numbersOf(again).flat()];
    before.forEach((value, i) =>
      expect(Math.abs(after[i] - value)).toBeLessThanOrEqual(Math.abs(value) * share + 2 ** -25),
    );
    expect(after).not.toEqual(before);
    // What is stored so again stays the same.
    expect(serializeModel(again, { weightFormat })).toEqual(serializeModel(model, { weightFormat }));
  });

  it('of 4 bits are off by half a step of their group at most', () => {
    const model = made();
    const bytes = serializeModel(model, { weightFormat: 'int4' });
    const again = deserializeModel(bytes).model as Sequential;
    expect(bytes.length).toBeLessThan(0.45 * serializeModel(model).length);
    const weights = new Map(again.namedWeights());
    for (const [name, { variable, form }] of model.namedWeights()) {
      const [before, after] = [variable.dataSync(), weights.get(name)!.variable.dataSync()];
      if (form === undefined) expect(after).toEqual(before);
      const [rows, columns] = variable.shape;
      for (let i = 0; i < before.length && form !== undefined; i++) {
        const [row, column] = [Math.floor(i / columns), i % columns];
        // The group of 32 inputs of one output.
        const [input, inputs] = form === 'matrix' ? [row, rows] : [column, columns];
        const first = input - (input % 32);
        const group = Array.from({ length: Math.min(32, inputs - first) }, (_, j) =>
          Math.abs(before[form === 'matrix' ? (first + j) * columns + column : row * columns + first + j]),
        );
        // Half a step, and what rounding the scale up to half precision adds.
        expect(Math.abs(after[i] - before[i])).toBeLessThanOrEqual((Math.max(...group) / 7 / 2) * (1 + 2 ** -9) + 1e-9);
      }
    }
  });

  it('beyond half precision are refused, and checkpoints keep all bits', () => {
    const model = made();
    [...model.namedWeights()][0][1].variable.assign(new Float32Array(19 * 7).fill(1e5));
    expect(() => serializeModel(model, { weightFormat: 'float16' })).toThrow(/numbers that float16 cannot hold/);
    expect(serializeModel(model, { weightFormat: 'bfloat16' }).length).toBeGreaterThan(0);
    expect(() => serializeModel(model, { weightFormat: 'float16', includeOptimizer: true })).toThrow(
      /keeps its weights/,
    );
    expect(() => serializeModel(model, { weightFormat: 'float15' as 'float16' })).toThrow(/did you mean `float16`/);
  });
});

describe('files of compressed weights', () => {
  it('of 8 bits leave blocks of zeros out, and are read as they were', async () => {
    const [whole, pruned] = [made(), made()];
    await prune(pruned, { sparsity: 0.75, block: [8, 4], balanced: false });
    for (const model of [whole, pruned]) compressWeights(model, 'int8');
    const bytes = serializeModel(pruned);
    const { tensors } = decodeSafetensors(bytes, 'model');
    expect(tensors.get('gru/cell/recurrentKernel.blocks')?.shape.slice(1)).toEqual([8, 4]);
    expect(bytes.length).toBeLessThan(serializeModel(whole).length - 1500);
    const again = deserializeModel(bytes).model as Sequential;
    expect(numbersOf(again)).toEqual(numbersOf(pruned));
    const x = [[[3, 1, 0, 18, 7]], [[1, 1, 2, 4, 9]]].map(([ids]) => ids);
    expect(await (await again.predict(x)).data()).toEqual(await (await pruned.predict(x)).data());
  });

  it('of 8 bits do not stand for more zeros than their blocks make likely', async () => {
    const kernel = 'gru/cell/recurrentKernel';
    const model = made();
    await prune(model, { sparsity: 0.75, block: [8, 4] });
    compressWeights(model, 'int8');
    const { tensors, metadata } = decodeSafetensors(serializeModel(model), 'model');
    const { 'rondo.checksum': _, ...unchecked } = metadata;
    const shape: StoredTensor = { dtype: 'U32', shape: [2], data: Uint32Array.of(2 ** 28, 105) };
    const large = new Map([...(tensors as Map<string, StoredTensor>), [`${kernel}.shape`, shape] as const]);
    expect(() => deserializeModel(encodeSafetensors(large, unchecked), 'model')).toThrow(
      /blocks of a weight of its size/,
    );
    const odd = new Map(tensors as Map<string, StoredTensor>);
    odd.set(`${kernel}.inputs`, {
      ...odd.get(`${kernel}.inputs`)!,
      data: odd.get(`${kernel}.inputs`)!.data.map(() => 1 as never) as Uint32Array,
    });
    expect(() => deserializeModel(encodeSafetensors(odd, unchecked), 'model')).toThrow(/blocks in order/);
  });

  /** The tensors of a file, some of them changed. */
  function damaged(format: 'int8' | 'blocks', change: (tensors: Map<string, StoredTensor>) => void): () => unknown {
    const model = made();
    if (format === 'blocks')
      for (const [, { variable, form }] of model.namedWeights())
        if (form === 'matrix')
          variable.assign(
            variable.dataSync().map((value, i) => (Math.floor(i / variable.shape[1]) % 3 === 0 ? value : 0)),
          );
    compressWeights(model, format);
    const { tensors, metadata } = decodeSafetensors(serializeModel(model), 'model');
    const { 'rondo.checksum': _, ...unchecked } = metadata;
    change(tensors as Map<string, StoredTensor>);
    return () => deserializeModel(encodeSafetensors(tensors as Map<string, StoredTensor>, unchecked), 'model');
  }

  it('are refused where parts do not fit', () => {
    const kernel = 'gru/cell/recurrentKernel';
    expect(damaged('int8', () => undefined)).not.toThrow();
    expect(damaged('blocks', () => undefined)).not.toThrow();
    const set = (name: string, tensor: StoredTensor) => (tensors: Map<string, StoredTensor>) =>
      void tensors.set(name, tensor);
    expect(damaged('int8', (tensors) => tensors.get(kernel)!.data.fill(-128 as never))).toThrow(/from -127 to 127/);
    expect(damaged('int8', set(`${kernel}.scale`, { dtype: 'F32', shape: [4], data: new Float32Array(4) }))).toThrow(
      /scales for each output/,
    );
    expect(
      damaged('int8', set(`${kernel}.scale`, { dtype: 'F32', shape: [1, 105], data: new Float32Array(105).fill(NaN) })),
    ).toThrow(/finite scales/);
    expect(damaged('blocks', (tensors) => tensors.get(`${kernel}.inputs`)!.data.fill(99 as never))).toThrow(
      /blocks in order/,
    );
    expect(damaged('blocks', (tensors) => tensors.get(`${kernel}.starts`)!.data.reverse())).toThrow(/blocks in order/);
    expect(damaged('blocks', (tensors) => void tensors.delete(`${kernel}.shape`))).toThrow(/\.shape/);
    expect(
      damaged('blocks', set(`${kernel}.shape`, { dtype: 'U32', shape: [2], data: Uint32Array.of(2 ** 31, 105) })),
    ).toThrow(/FILE_FORMAT/);
  });
});
