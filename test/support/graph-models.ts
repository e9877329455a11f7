import { Add } from '../../src/layers/add.js';
import { Attention } from '../../src/layers/attention.js';
import { Concatenate } from '../../src/layers/concatenate.js';
import { Dense } from '../../src/layers/dense.js';
import { Embedding } from '../../src/layers/embedding.js';
import { GRU } from '../../src/layers/gru.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Masking } from '../../src/layers/masking.js';
import { MultiHeadAttention } from '../../src/layers/multi-head-attention.js';
import { Multiply } from '../../src/layers/multiply.js';
import { Subtract } from '../../src/layers/subtract.js';
import { input, type SymbolicTensor } from '../../src/layers/symbolic-tensor.js';
import { Functional } from '../../src/training/graph/functional.js';

type ByName = Readonly<Record<string, SymbolicTensor>>;

/** A model of test/vectors/graphs. */
export interface GraphModel {
  readonly build: () => Functional<ByName>;
  /** Inputs that stay over all steps of a stream. */
  readonly fixed: readonly string[];
}

const of = (inputs: ByName, outputs: ByName): Functional<ByName> => new Functional({ inputs, outputs });
const [FEATURES, UNITS, WORDS] = [7, 5, 11];

/** By file, built as their twins are in test/vectors/generators/keras_graphs.py. */
export const graphModels: Readonly<Record<string, GraphModel>> = {
  'two-outputs': {
    fixed: ['side'],
    build() {
      const [series, side] = [input({ shape: [null, FEATURES] }), input({ shape: [4] })];
      const read = new LSTM({ units: UNITS, name: 'reader' }).apply(series);
      const facts = new Dense({ units: 3, activation: 'tanh', name: 'facts' }).apply(side);
      const both = new Concatenate({ name: 'both' }).apply([read, facts]);
      const value = new Dense({ units: 2, name: 'value' }).apply(both);
      return of({ series, side }, { value, kind: softmax(3, 'kind').apply(both) });
    },
  },
  residual: {
    fixed: [],
    build() {
      const series = input({ shape: [null, FEATURES] });
      const narrow = new Dense({ units: UNITS, activation: 'tanh', name: 'narrow' }).apply(series);
      const inner = new LSTM({ units: UNITS, returnSequences: true, name: 'inner' }).apply(narrow);
      const first = new Add({ name: 'first' }).apply([narrow, inner]);
      const outer = new GRU({ units: UNITS, returnSequences: true, name: 'outer' }).apply(first);
      const second = new Add({ name: 'second' }).apply([first, outer]);
      return of({ series }, { steps: new Dense({ units: 2, name: 'steps' }).apply(second) });
    },
  },
  'shared-layers': {
    fixed: [],
    build() {
      const [left, right] = [input({ shape: [null, FEATURES] }), input({ shape: [null, FEATURES] })];
      const reader = new LSTM({ units: UNITS, name: 'reader' });
      const summary = new Dense({ units: 3, activation: 'tanh', name: 'summary' });
      const both = [left, right].map((one) => summary.apply(reader.apply(one)));
      const joined = new Concatenate({ name: 'joined' }).apply([
        new Subtract({ name: 'difference' }).apply(both),
        new Multiply({ name: 'product' }).apply(both),
      ]);
      return of({ left, right }, { same: new Dense({ units: 1, activation: 'sigmoid', name: 'same' }).apply(joined) });
    },
  },
  masks: {
    fixed: [],
    build() {
      const [words, tags] = [input({ shape: [null] }), input({ shape: [null] })];
      const hidden = { units: UNITS, returnSequences: true, zeroOutputForMask: true };
      const word = new Embedding({ inputDim: WORDS, outputDim: FEATURES, maskZero: true, name: 'word' }).apply(words);
      const tag = new Embedding({ inputDim: 6, outputDim: 2, maskZero: true, name: 'tag' }).apply(tags);
      const left = new LSTM({ ...hidden, name: 'left' }).apply(word);
      const right = new GRU({ ...hidden, name: 'right' }).apply(tag);
      const sum = new Add({ name: 'sum' }).apply([left, right]);
      const joined = new Concatenate({ name: 'joined' }).apply([sum, left]);
      const steps = new GRU({ units: 4, returnSequences: true, name: 'steps' }).apply(joined);
      const last = new LSTM({ units: 3, name: 'last' }).apply(joined);
      const score = new Dense({ units: 2, name: 'score' }).apply(last);
      return of({ words, tags }, { label: softmax(3, 'label').apply(steps), score });
    },
  },
  'encoder-decoder': {
    fixed: ['text'],
    build() {
      const [text, target] = [input({ shape: [null] }), input({ shape: [null] })];
      const word = new Embedding({ inputDim: WORDS, outputDim: FEATURES, maskZero: true, name: 'word' });
      const { states } = new LSTM({ units: UNITS, returnState: true, name: 'encoder' }).apply(word.apply(text));
      const decoder = new LSTM({ units: UNITS, returnSequences: true, name: 'decoder' });
      const decoded = decoder.apply(word.apply(target), { initialState: states });
      return of({ text, target }, { next: softmax(WORDS, 'next').apply(decoded) });
    },
  },
  attention: {
    fixed: ['signal'],
    build() {
      const [signal, target] = [input({ shape: [null, FEATURES] }), input({ shape: [null, 4] })];
      const counting = new Masking({ name: 'counting' }).apply(signal);
      const encoder = new GRU({ units: UNITS, returnSequences: true, returnState: true, name: 'encoder' });
      const { output: memory, states } = encoder.apply(counting);
      const decoder = new GRU({ units: UNITS, returnSequences: true, name: 'decoder' });
      const decoded = decoder.apply(target, { initialState: states });
      const heads = new MultiHeadAttention({ numHeads: 2, keyDim: 3, name: 'heads' }).apply([decoded, memory]);
      const found = new Attention({ useScale: true, name: 'found' }).apply([decoded, memory]);
      const joined = new Concatenate({ name: 'joined' }).apply([decoded, found, heads]);
      return of({ signal, target }, { next: new Dense({ units: 3, name: 'next' }).apply(joined) });
    },
  },
};

function softmax(units: number, name: string): Dense {
  return new Dense({ units, activation: 'softmax', name });
}
