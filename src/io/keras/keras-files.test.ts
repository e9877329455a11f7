import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { itWithData } from '../../../test/support/published-data.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dot } from '../../layers/dot.js';
import { Embedding } from '../../layers/embedding.js';
import { Flatten } from '../../layers/flatten.js';
import { LSTM } from '../../layers/lstm.js';
import { Softmax } from '../../layers/softmax.js';
import { input } from '../../layers/symbolic-tensor.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { Functional } from '../../training/graph/functional.js';
import { loadKerasWeights, readKeras } from './read-keras.js';

for (const name of ['mlx_lstm_masking_7237ec7', 'mlx_lstm_masking_ce9aec7'])
  itWithData(`a published file of Keras 3 is read: ${name}`, `models/keras_v3/${name}.keras`, async (path) => {
    const { model, leftOver, notes } = await readKeras(new Uint8Array(readFileSync(path)), path);
    expect([leftOver, notes]).toEqual([[], []]);
    const steps = tensor([
      [
        [1, 2],
        [0, 0],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
        [0, 0],
      ],
    ]);
    const output = scope(() => Array.from((model.apply(steps) as Tensor).dataSync(), Number));
    expect(output.every((value) => Math.abs(value) < 1)).toBe(true);
  });

/** The net of textgenrnn: its attention is a mean over time with weights softmax(x . w), so a Dense without a bias, a Softmax and a Dot. */
function textgenrnn(): Functional {
  const words = input({ shape: [40] });
  const embedded = new Embedding({ name: 'embedding', inputDim: 465, outputDim: 100 }).apply(words);
  const first = new LSTM({ name: 'rnn_1', units: 128, returnSequences: true }).apply(embedded);
  const second = new LSTM({ name: 'rnn_2', units: 128, returnSequences: true }).apply(first);
  const all = new Concatenate().apply([embedded, first, second]);
  const scores = new Dense({ name: 'attention', units: 1, useBias: false }).apply(all);
  const shares = new Softmax({ axis: 1 }).apply(scores);
  const mean = new Flatten().apply(new Dot({ axes: 1 }).apply([shares, all]));
  return new Functional({
    inputs: words,
    outputs: new Dense({ name: 'output', units: 465, activation: 'softmax' }).apply(mean),
  });
}

itWithData(
  'the weights of textgenrnn go into a model made in code, and write a headline',
  'models/textgenrnn/hacker_news.hdf5',
  async (path) => {
    const model = textgenrnn();
    const { matched, leftOver, notes } = await loadKerasWeights(model, new Uint8Array(readFileSync(path)), path);
    expect(leftOver).toEqual([]);
    expect(matched.map(({ source }) => source)).toEqual(['embedding', 'rnn_1', 'rnn_2', 'attention', 'output']);
    expect(notes).toEqual(["weights of cuDNN's layers were put in order (rnn_1, rnn_2)"]);
    const vocabulary = JSON.parse(readFileSync(join(dirname(path), 'textgenrnn_vocab.json'), 'utf8')) as Record<
      string,
      number
    >;
    const characters = new Map(Object.entries(vocabulary).map(([character, id]) => [id, character]));
    // `<s>` begins and ends a text; the likeliest character is written each time.
    const ids = [vocabulary['<s>']];
    while (ids.length < 60) {
      const row = [...new Array<number>(40).fill(0), ...ids].slice(-40);
      const shares = scope(() => Array.from((model.apply(tensor([row])) as Tensor).dataSync(), Number));
      const next = shares.indexOf(Math.max(...shares));
      if (next === vocabulary['<s>']) break;
      ids.push(next);
    }
    const text = ids
      .slice(1)
      .map((id) => characters.get(id) ?? '')
      .join('');
    // What a net with a gate at another place does not write.
    expect(text).toMatch(/^A startup’s Firebase bill suddenly in/);
  },
);
