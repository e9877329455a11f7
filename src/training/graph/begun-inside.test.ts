import { expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { Add } from '../../layers/add.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { input } from '../../layers/symbolic-tensor.js';
import { Random } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Functional } from './functional.js';

function residual() {
  const text = input({ shape: [null, 3], name: 'text' });
  const first = new GRU({ units: 5, returnSequences: true, name: 'first' }).apply(text);
  const second = new GRU({ units: 5, returnSequences: true, name: 'second' }).apply(first);
  const sum = new Add().apply([first, second]);
  return { text, first, second, sum, output: new Dense({ units: 2, name: 'last' }).apply(sum) };
}

const x = normals([2, 4, 3], new Random(7));

it('a model that begins inside of another has its layers, its weights and a new input', async () => {
  const { text, first, output } = residual();
  const whole = new Functional({ inputs: text, outputs: output });
  const head = new Functional({ inputs: text, outputs: first });
  const tail = new Functional({ inputs: { first }, outputs: output });
  expect(tail.inputNames).toEqual(['first']);
  expect(tail.buildShape).toEqual([null, null, 5]);
  expect(tail.layers.slice(1).map(({ name }) => name)).toEqual(['second', 'add', 'last']);
  const between = await head.predict(x);
  const expected = [...(await whole.predict(x)).dataSync()];
  expect([...(await tail.predict({ first: between })).dataSync()]).toEqual(expected);
  tail.weights[0].assign(new Float32Array(tail.weights[0].size));
  const changed = [...(await whole.predict(x)).dataSync()];
  expect(changed).not.toEqual(expected);
  const { model: loaded } = deserializeModel<Tensor>(serializeModel(tail));
  expect([...(await loaded.predict(between)).dataSync()]).toEqual(changed);
});

it('begins at several tensors, also at states, and where a model has ended already', async () => {
  const [text, other] = [input({ shape: [null, 3] }), input({ shape: [null, 2] })];
  const code = new LSTM({ units: 4, returnState: true }).apply(text);
  const decoder = new LSTM({ units: 4, returnSequences: true });
  const decoded = decoder.apply(other, { initialState: code.states });
  const whole = new Functional({ inputs: [text, other], outputs: decoded });
  const reader = new Functional({ inputs: text, outputs: code.states[0] });
  const writer = new Functional({ inputs: { other, ...code.states[0] }, outputs: decoded });
  const y = normals([2, 6, 2], new Random(8));
  const states = await reader.predict(x);
  expect([...(await writer.predict({ other: y, ...states })).dataSync()]).toEqual([
    ...(await whole.predict([x, y])).dataSync(),
  ]);
  const same = new Functional({ inputs: decoded, outputs: decoded });
  expect([...(await same.predict(await whole.predict([x, y]))).dataSync()]).toEqual([
    ...(await whole.predict([x, y])).dataSync(),
  ]);
});

it('a way around the tensors where a model is to begin is named', async () => {
  const { text, first, second, output } = residual();
  expect(await messageAfter(() => new Functional({ inputs: { second }, outputs: output }))).toMatch(
    /from an input `text` that is not among[\s\S]*received: second\n.*or begin where every way to the outputs passes/,
  );
  expect(await messageAfter(() => new Functional({ inputs: { text, first }, outputs: output }))).toMatch(
    /no output is computed from the input `text`/,
  );
  expect(await messageAfter(() => new Functional({ inputs: [first, first], outputs: output }))).toMatch(
    /an input is given twice/,
  );
  const code = new LSTM({ units: 5, returnState: true, name: 'reader' }).apply(text);
  const both = new Concatenate().apply([code.output, code.states[0].cell]);
  expect(await messageAfter(() => new Functional({ inputs: code.output, outputs: both }))).toMatch(
    /from an input `text` that is not among/,
  );
});
