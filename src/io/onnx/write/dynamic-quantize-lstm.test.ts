import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../../test/support/close.js';
import { messageAfter } from '../../../../test/support/message-after.js';
import { type RuntimeArray, RuntimeModel } from '../../../../test/support/onnx-runtime.js';
import { randomise } from '../../../../test/support/random.js';
import { quantize } from '../../../compression/quantize.js';
import { Bidirectional } from '../../../layers/bidirectional.js';
import { Dense } from '../../../layers/dense.js';
import { GRU } from '../../../layers/gru.js';
import { LSTM } from '../../../layers/lstm.js';
import { RNN } from '../../../layers/rnn.js';
import { Random } from '../../../random.js';
import { nearestWhole } from '../../../rounding.js';
import { type Tensor, tensor } from '../../../tensor/tensor.js';
import type { Model } from '../../../training/model.js';
import { Sequential } from '../../../training/sequential.js';
import { writeModel } from '../../model-formats.js';
import { writeOnnx } from './write-onnx.js';

const random = new Random(51);
const [batch, time, features, units] = [3, 5, 7, 37];

function noise(...shape: number[]): Tensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
}

async function made(layers: Sequential['layers'][number][], inputs = features): Promise<Sequential> {
  const model = new Sequential(layers, { inputShape: [null, inputs] });
  randomise(model, random, 0.3);
  return (await quantize(model as Model)) as unknown as Sequential;
}

/** Rounds numbers as ONNX's `DynamicQuantizeLinear` does: 8 bits from 0 to 255, of a range that holds 0. */
function rounded(values: readonly number[]): number[] {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const scale = Math.fround((high - low) / 255);
  if (scale === 0) return [...values];
  const zero = nearestWhole(-low / scale);
  return values.map((value) => scale * (Math.min(255, Math.max(0, nearestWhole(value / scale) + zero)) - zero));
}

/**
 * What the operator computes of `x` `[B, T, F]`: the input of all steps is rounded together, and the states of all rows at
 * each step. In double precision, from the weights that the whole numbers stand for.
 */
function expectedOutputs(layer: Sequential['layers'][number], x: Tensor, reverse: boolean): number[] {
  const numbers = new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path, variable.dataSync()]));
  const of = (name: string): ArrayLike<number> => numbers.get(`/cell/${name}`) ?? new Float32Array(4 * units);
  const product = (row: readonly number[], matrix: ArrayLike<number>): number[] =>
    Array.from({ length: 4 * units }, (_, j) =>
      row.reduce((sum, value, i) => sum + value * matrix[i * 4 * units + j], 0),
    );
  const inputs = rounded(Array.from(x.dataSync()));
  const outputs = Array.from({ length: batch * time * units }, () => 0);
  let hidden = Array.from({ length: batch * units }, () => 0);
  const cell = Array.from({ length: batch * units }, () => 0);
  for (let step = 0; step < time; step++) {
    const t = reverse ? time - 1 - step : step;
    const states = rounded(hidden);
    hidden = hidden.map(() => 0);
    for (let row = 0; row < batch; row++) {
      const at = (row * time + t) * features;
      const [ofInput, ofState] = [
        product(inputs.slice(at, at + features), of('kernel')),
        product(states.slice(row * units, (row + 1) * units), of('recurrentKernel')),
      ];
      const gate = (which: number, u: number): number =>
        ofInput[which * units + u] + ofState[which * units + u] + of('bias')[which * units + u];
      for (let u = 0; u < units; u++) {
        const i = row * units + u;
        const open = (which: number): number => 1 / (1 + Math.exp(-gate(which, u)));
        cell[i] = open(1) * cell[i] + open(0) * Math.tanh(gate(2, u));
        hidden[i] = open(3) * Math.tanh(cell[i]);
        outputs[(row * time + step) * units + u] = hidden[i];
      }
    }
  }
  return outputs;
}

const nets: [string, object][] = [
  ['LSTM', {}],
  ['LSTM without a bias', { useBias: false }],
  ['reversed LSTM', { goBackwards: true }],
];

async function inRuntime(bytes: Uint8Array, x: Tensor): Promise<number[]> {
  const runtime = await RuntimeModel.open(bytes);
  const [name] = runtime.inputNames;
  const outputs = await runtime.run({ [name]: { shape: x.shape, data: await x.data() } });
  return Array.from(outputs[runtime.outputNames[0]].data);
}

const whole = { dynamicQuantizeLSTM: true } as const;

describe('an LSTM of 8 bits as the operator of ONNX Runtime', () => {
  it.each(nets)('computes with whole numbers: %s', async (_, options) => {
    const model = await made([new LSTM({ units, returnSequences: true, ...options })]);
    const x = noise(batch, time, features);
    const bytes = await writeOnnx(model, whole);
    const [layer] = model.layers;
    expectClose(await inRuntime(bytes, x), expectedOutputs(layer, x, 'goBackwards' in options), 1e-6, 'rounded');
    // Both round what weights multiply, by rules of their own.
    const floats = await inRuntime(await writeOnnx(model), x);
    const own = Array.from(await (model.apply(x) as Tensor).data());
    for (const outputs of [await inRuntime(bytes, x), own]) {
      expect(relativeDifference(outputs, floats)).toBeGreaterThan(1e-4);
      expect(relativeDifference(outputs, floats)).toBeLessThan(0.02);
    }
  });

  it('goes with peepholes, states that are carried on, and layers that have no such operator', async () => {
    const model = await made([
      new RNN({ cell: 'peepholeLSTM', units, returnSequences: true }),
      new RNN({ cell: 'coupledLSTM', units: 31, returnSequences: true }),
      new GRU({ units: 29, returnSequences: true }),
      new Bidirectional({ layer: new LSTM({ units: 23 }) }),
      new Dense({ units: 5 }),
    ]);
    const x = noise(batch, time, features);
    const bytes = await writeOnnx(model, whole);
    expect(textOf(bytes).match(/DynamicQuantizeLSTM/g)!.length).toBeGreaterThanOrEqual(3);
    const floats = await inRuntime(await writeOnnx(model), x);
    expect(relativeDifference(await inRuntime(bytes, x), floats)).toBeLessThan(0.03);
    const one = await made([new LSTM({ units, returnSequences: true })]);
    const carried = await RuntimeModel.open(await writeOnnx(one, { ...whole, states: true }));
    const run = async (steps: Tensor, states: Record<string, RuntimeArray>): Promise<Record<string, RuntimeArray>> =>
      carried.run({ [carried.inputNames[0]]: { shape: steps.shape, data: steps.dataSync() }, ...states });
    const zeros = { shape: [batch, units], data: new Float32Array(batch * units) };
    const [hidden, cell] = carried.inputNames.slice(1);
    const first = await run(noise(batch, 2, features), { [hidden]: zeros, [cell]: zeros });
    const next = { [hidden]: first[hidden.replace('_in', '_out')], [cell]: first[cell.replace('_in', '_out')] };
    const [again, anew] = [await run(x, next), await run(x, { [hidden]: zeros, [cell]: zeros })];
    expect(again[carried.outputNames[0]].data).not.toEqual(anew[carried.outputNames[0]].data);
    const alone = await inRuntime(await writeOnnx(one, whole), x);
    expectClose(anew[carried.outputNames[0]].data, alone, 1e-6, 'from zeros');
  });

  it('is refused where there is none, and by formats that have none', async () => {
    const floats = new Sequential([new LSTM({ units: 3 })], { inputShape: [null, 2] });
    const other = new Sequential([new GRU({ units: 3 })], { inputShape: [null, 2] });
    const gru = (await quantize(other as Model)) as Model;
    const [first, second] = [floats as Model, gru].map((model) => messageAfter(() => writeOnnx(model, whole)));
    for (const message of [await first, await second])
      expect(message).toMatch(/USAGE.*no layer .* is an LSTM with weights/s);
    expect(await second).toMatch(/received: gru\w* \(GRU\)/);
    expect(await messageAfter(() => writeModel(floats as Model, 'a.keras', whole))).toMatch(
      /UNKNOWN_NAME.*writeModel of Keras.*dynamicQuantizeLSTM/s,
    );
    const model = await made([new LSTM({ units: 3 })]);
    const { files } = await writeModel(model as Model, 'a.onnx', whole);
    expect(files.get('a.onnx')).toEqual(await writeOnnx(model, whole));
  });
});

function relativeDifference(values: readonly number[], expected: readonly number[]): number {
  return Math.hypot(...values.map((value, i) => value - expected[i])) / Math.hypot(...expected);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
