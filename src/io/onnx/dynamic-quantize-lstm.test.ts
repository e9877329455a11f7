import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { RuntimeModel } from '../../../test/support/onnx-runtime.js';
import { onnxBytes, type WrittenTensor } from '../../../test/support/onnx-writer.js';
import { randomise } from '../../../test/support/random.js';
import { quantize } from '../../compression/quantize.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { Random } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { tensor } from '../../tensor/tensor.js';
import type { Model } from '../../training/model.js';
import { Sequential } from '../../training/sequential.js';
import { readOnnx } from './onnx-model.js';
import { writeOnnx } from './write/write-onnx.js';

const random = new Random(52);
const [batch, time, features, units, directions] = [3, 5, 7, 13, 2];
const columns = 4 * units;

const normals = (length: number): number[] => Array.from({ length }, () => random.normal());
const wholes = (length: number, low: number): number[] => Array.from({ length }, () => low + random.integer(256));

/** The inputs of one node: whole numbers of either type; ONNX Runtime takes zero points other than 0 of one type alone. */
function constants(type: 'int8' | 'uint8', numEach: number): Record<string, WrittenTensor> {
  const low = type === 'int8' ? -128 : 0;
  const count = directions * numEach;
  const shape = numEach === 1 ? [directions] : [directions, numEach];
  const scale = (): WrittenTensor => ({
    shape,
    data: Array.from({ length: count }, () => 0.002 + 0.002 * random.uniform()),
  });
  const zero = (): WrittenTensor => ({
    type,
    shape,
    data: Array.from({ length: count }, () => (type === 'int8' ? 0 : 120 + random.integer(17))),
  });
  return {
    w: { type, shape: [directions, features, columns], data: wholes(directions * features * columns, low) },
    r: { type, shape: [directions, units, columns], data: wholes(directions * units * columns, low) },
    b: { shape: [directions, 2 * columns], data: normals(directions * 2 * columns).map((x) => 0.3 * x) },
    p: { shape: [directions, 3 * units], data: normals(directions * 3 * units).map((x) => 0.3 * x) },
    wScale: scale(),
    wZero: zero(),
    rScale: scale(),
    rZero: zero(),
    lengths: { type: 'int32', shape: [batch], data: [5, 2, 4] },
  };
}

const names = ['x', 'w', 'r', 'b', 'lengths', 'hidden', 'cell', 'p', 'wScale', 'wZero', 'rScale', 'rZero'];

/** A graph of the one node, which both programs take. */
function written(initializers: Readonly<Record<string, WrittenTensor>>, inputs = names): Uint8Array {
  return onnxBytes({
    inputs: [
      { name: 'x', shape: ['time', 'batch', features] },
      { name: 'hidden', shape: [directions, 'batch', units] },
      { name: 'cell', shape: [directions, 'batch', units] },
    ],
    outputs: [{ name: 'y', shape: ['time', directions, 'batch', units] }],
    constants: initializers,
    nodes: [
      {
        operator: 'DynamicQuantizeLSTM',
        domain: 'com.microsoft',
        inputs,
        outputs: ['y'],
        attributes: { hidden_size: units, direction: 'bidirectional' },
      },
    ],
  });
}

function relativeDifference(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  const norm = (numbers: readonly number[]): number => Math.hypot(...numbers);
  return norm(Array.from(values, (value, i) => value - expected[i])) / norm(Array.from(expected));
}

describe("ONNX Runtime's LSTM of whole numbers", () => {
  it('computes with the floats that weights of a model of 8 bits stand for', async () => {
    const model = new Sequential(
      [
        new RNN({ cell: 'peepholeLSTM', units, returnSequences: true }),
        new Bidirectional({ layer: new LSTM({ units: 11, returnSequences: true }) }),
        new LSTM({ units: 5, goBackwards: true }),
      ],
      { inputShape: [null, features] },
    );
    randomise(model, random, 0.3);
    const whole = await quantize(model as Model);
    const x = tensor(normals(batch * time * features), [batch, time, features]);
    const [floats, read] = [await writeOnnx(whole), await writeOnnx(whole, { dynamicQuantizeLSTM: true })].map(
      (bytes) => readOnnx(bytes),
    );
    const [expected, found] = await Promise.all(
      [floats, read].map(async (each) => Object.values(await each.predict(x))[0]),
    );
    expectClose(Array.from(await found.data()), Array.from(await expected.data()), 1e-6, 'of the same weights');
    expect(read.layers.size).toBe(4);
  });

  it.each<['int8' | 'uint8', number]>([
    ['int8', columns],
    ['uint8', 1],
  ])(
    'gives what ONNX Runtime gives, but for the rounding of what weights multiply: %s, %i scales',
    async (type, numEach) => {
      const bytes = written(constants(type, numEach));
      const inputs = {
        x: { shape: [time, batch, features], data: normals(time * batch * features) },
        hidden: { shape: [directions, batch, units], data: normals(directions * batch * units) },
        cell: { shape: [directions, batch, units], data: normals(directions * batch * units) },
      };
      const runtime = await RuntimeModel.open(bytes);
      const { y } = await runtime.run(inputs);
      const given = Object.entries(inputs).map(([name, { shape, data }]): [string, Tensor] => [
        name,
        tensor(data, shape),
      ]);
      const outputs = await readOnnx(bytes).predict(Object.fromEntries(given));
      const found = outputs.y;
      expect(found.shape).toEqual(y.shape);
      expect(relativeDifference(await found.data(), y.data)).toBeLessThan(0.02);
    },
  );

  it('refuses what does not belong together', async () => {
    const good = constants('int8', columns);
    const refused = (change: Record<string, WrittenTensor>, inputs?: string[]): Promise<string> =>
      messageAfter(() => readOnnx(written({ ...good, ...change }, inputs)));
    expect(await refused({}, names.slice(0, 8))).toMatch(/FILE_FORMAT.*too few or too many inputs/s);
    expect(
      await refused(
        {},
        names.map((name, i) => (i === 8 ? '' : name)),
      ),
    ).toMatch(/FILE_FORMAT.*input 8 is missing/s);
    expect(await refused({ rZero: { type: 'int8', shape: [3], data: [0, 0, 0] } })).toMatch(
      /FILE_FORMAT.*`R` has a wrong number of scales or zero points.*3 in all/s,
    );
    expect(await refused({ w: { shape: good.w.shape, data: good.w.data } })).toMatch(
      /FILE_FORMAT.*`W` has no whole numbers/s,
    );
    expect(await refused({ w: { ...good.w, shape: [directions, columns, features] } })).toMatch(/FILE_FORMAT.*`W`/s);
  });
});
