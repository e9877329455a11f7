import { expect, it } from 'vitest';
import { expectClose } from '../../../../test/support/close.js';
import { messageAfter } from '../../../../test/support/message-after.js';
import { asRuntimeArray } from '../../../../test/support/onnx-export.js';
import { RuntimeModel } from '../../../../test/support/onnx-runtime.js';
import { randomise } from '../../../../test/support/random.js';
import { quantize } from '../../../compression/quantize.js';
import { Dense } from '../../../layers/dense.js';
import { Embedding } from '../../../layers/embedding.js';
import { GRU } from '../../../layers/gru.js';
import { LSTM } from '../../../layers/lstm.js';
import { RNN } from '../../../layers/rnn.js';
import { TiedDense } from '../../../layers/tied-dense.js';
import { Random } from '../../../random.js';
import { type Tensor, tensor } from '../../../tensor/tensor.js';
import type { Model } from '../../../training/model.js';
import { Sequential } from '../../../training/sequential.js';
import { writeOnnx } from './write-onnx.js';

const random = new Random(38);

/** Every way in which a matrix is written: as it is, gate by gate, in the order of ONNX's operators, and as a table. */
function modelOfMatrices(): Sequential {
  const layers = [
    new Embedding({ inputDim: 301, outputDim: 24, name: 'words' }),
    new LSTM({ units: 37, returnSequences: true }),
    new GRU({ units: 25, returnSequences: true, resetAfter: false, zoneout: 0.1 }),
    new RNN({ cell: 'lstmp', units: 23, widths: { projection: 22 }, returnSequences: true }),
    new Dense({ units: 24 }),
    new TiedDense({ embedding: 'words' }),
  ];
  return new Sequential(layers, { inputShape: [null] });
}

const model = modelOfMatrices();
randomise(model, random, 0.3);
const ids = tensor(
  Float32Array.from({ length: 15 }, () => Math.floor(301 * random.uniform())),
  [3, 5],
);

async function inRuntime(bytes: Uint8Array): Promise<ArrayLike<number>> {
  const runtime = await RuntimeModel.open(bytes);
  const outputs = await runtime.run({ input: await asRuntimeArray(ids) });
  return outputs[runtime.outputNames[0]].data;
}

it('matrices of float16 take half of the bytes and give nearly the same', async () => {
  const [whole, half] = [await writeOnnx(model), await writeOnnx(model, { weightFormat: 'float16' })];
  expect(half.length / whole.length).toBeLessThan(0.56);
  const expected = await (model.apply(ids) as Tensor).data();
  expectClose(await inRuntime(half), expected, 2e-3, 'of float16');
});

it('weights of 8 bits stay so, and are computed with as the numbers that they stand for', async () => {
  const small = (await quantize(model as Model)) as unknown as Sequential;
  const bytes = await writeOnnx(small);
  expect(bytes.length / (await writeOnnx(model)).length).toBeLessThan(0.45);
  const plain = modelOfMatrices();
  const [from, to] = [small, plain].map((each) => [...each.namedWeights('')].map(([, { variable }]) => variable));
  for (const [i, variable] of to.entries()) variable.assign(await from[i].data());
  expectClose(await inRuntime(bytes), await (plain.apply(ids) as Tensor).data(), 1e-5, 'of 8 bits');
});

it('numbers that float16 cannot hold, and other formats, are refused', async () => {
  const large = new Sequential([new Dense({ units: 2, name: 'large' })], { inputShape: [3] });
  randomise(large, random, 1e6);
  expect(await messageAfter(() => writeOnnx(large, { weightFormat: 'float16' }))).toMatch(
    /OUT_OF_RANGE.*large\/kernel.*float16 cannot hold/s,
  );
  expect(await messageAfter(() => writeOnnx(large, { weightFormat: 'float15' as 'float16' }))).toMatch(
    /UNKNOWN_NAME.*did you mean `float16`/s,
  );
});
