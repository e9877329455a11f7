/**
 * Writes nets.json: small nets of brain.js, trained for a few steps, with every weight moved by a random number, and what they give.
 *
 *     node test/vectors/brain/make-brain.mjs bench/peers
 *
 * The argument is a folder whose node_modules have brain.js 2.0.0-beta.24. Two runs give the same bytes: Math.random is seeded.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const require = createRequire(resolve(process.argv[2], 'package.json'));
const brain = require('brain.js');
const { version } = JSON.parse(readFileSync(join(dirname(require.resolve('brain.js')), '../package.json'), 'utf8'));

let state = 20_240_229;
/** Mulberry32. */
Math.random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const rounded = (value) => Number(value.toFixed(4));
const plain = (value) => JSON.parse(JSON.stringify(value));

/** Weights and biases with noise, four decimals each. */
function moved(value, key) {
  if (key === 'options' || key === 'trainOpts' || key.endsWith('Lookup') || key === 'sizes') return value;
  if (Array.isArray(value))
    return value.map((each) =>
      typeof each === 'number' ? rounded(each + 0.9 * (2 * Math.random() - 1)) : moved(each, ''),
    );
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, moved(each, name)]));
}

const nets = {};

/** The probabilities of every step for tokens of a net of texts. */
function probabilities(net, tokens) {
  while (net.model.equations.length < tokens.length) net.bindEquation();
  return tokens.map((token, i) => {
    const logits = Array.from(net.model.equations[i].runIndex(token).weights);
    const largest = Math.max(...logits);
    const terms = logits.map((logit) => Math.exp(logit - largest));
    const sum = terms.reduce((a, b) => a + b, 0);
    return terms.map((term) => Number((term / sum).toPrecision(8)));
  });
}

function textNet(name, Net, data, options, texts, endBias = 1) {
  const trained = new Net(options);
  trained.train(data, { iterations: 5 });
  const json = moved(plain(trained.toJSON()), '');
  // Random nets end too many texts at once.
  json.output.weights[0] = rounded(json.output.weights[0] - endBias);
  const net = new Net();
  net.fromJSON(json);
  const tokens = [0, ...Array.from({ length: 6 }, () => Math.floor(Math.random() * json.input.rows))];
  nets[name] = {
    json,
    tokens,
    probabilities: probabilities(net, tokens),
    runs: texts.map((text) => ({ text, written: net.run(text) })),
  };
}

const rhymes = ['the cat sat', 'the dog ran', 'a hat', 'rats'];
const prompts = ['', 't', 'the ', 'the cat s', 'rat', 'hats and cats'];
const options = { maxPredictionLength: 23 };
textNet('text RNN', brain.recurrent.RNN, rhymes, { hiddenLayers: [7], ...options }, prompts, 2.5);
textNet('text LSTM', brain.recurrent.LSTM, rhymes, { hiddenLayers: [7, 5], ...options }, prompts);
textNet('text GRU', brain.recurrent.GRU, rhymes, { hiddenLayers: [5, 6], ...options }, prompts);
const pairs = [
  { input: 'good film', output: 'up' },
  { input: 'bad film', output: 'down' },
];
textNet('pairs LSTM', brain.recurrent.LSTM, pairs, { hiddenLayers: [6], ...options }, ['good', 'bad film', 'odd!']);
textNet(
  'numbers GRU',
  brain.recurrent.GRU,
  [
    [1, 2, 3],
    [3, 2, 1],
  ],
  { hiddenLayers: [5], ...options },
  [],
);

const sequence = (length, width) =>
  Array.from({ length }, () => Array.from({ length: width }, () => rounded(2 * Math.random() - 1)));

function timeStepNet(name, Net, data, options, inputs) {
  const trained = new Net(options);
  trained.train(data, { iterations: 3 });
  const json = moved(plain(trained.toJSON()), '');
  const net = new Net();
  net.fromJSON(json);
  const run = (input) => {
    const output = net.run(input);
    return typeof output === 'number' ? output : plain(ArrayBuffer.isView(output) ? Array.from(output) : output);
  };
  nets[name] = { json, runs: inputs.map((input) => ({ input, output: run(input) })) };
}

for (const [cell, hiddenLayers] of [
  ['RNN', [5, 7]],
  ['LSTM', [7, 5]],
  ['GRU', [6, 7]],
])
  timeStepNet(
    `${cell}TimeStep`,
    brain.recurrent[`${cell}TimeStep`],
    [sequence(6, 3)],
    { inputSize: 3, outputSize: 3, hiddenLayers },
    [sequence(5, 3), sequence(9, 3)],
  );
timeStepNet('one number LSTMTimeStep', brain.recurrent.LSTMTimeStep, [[0.1, 0.3, 0.2, 0.5]], { hiddenLayers: [5] }, [
  [0.4, -0.2, 0.7],
  [0.9],
]);
const weather = () => Array.from({ length: 5 }, () => ({ wind: rounded(Math.random()), rain: rounded(Math.random()) }));
timeStepNet(
  'objects GRUTimeStep',
  brain.recurrent.GRUTimeStep,
  [weather()],
  { inputSize: 2, outputSize: 2, hiddenLayers: [5] },
  [weather()],
);

for (const activation of ['sigmoid', 'relu', 'leaky-relu', 'tanh']) {
  const trained = new brain.NeuralNetwork({ hiddenLayers: [7, 5], activation, leakyReluAlpha: 0.07 });
  trained.train(
    Array.from({ length: 4 }, () => ({ input: sequence(1, 3)[0], output: [rounded(Math.random()), 0.5] })),
    { iterations: 3 },
  );
  const json = moved(plain(trained.toJSON()), '');
  const net = new brain.NeuralNetwork().fromJSON(json);
  nets[`NeuralNetwork ${activation}`] = {
    json,
    runs: sequence(4, 3).map((input) => ({ input, output: Array.from(net.run(input)) })),
  };
}
const named = new brain.NeuralNetwork({ hiddenLayers: [3] });
named.train([{ input: { red: 0.2, green: 0.8 }, output: { light: 1 } }], { iterations: 2 });
nets['NeuralNetwork of objects'] = { json: plain(named.toJSON()), runs: [{ input: { green: 0.4, red: 0.1 } }] };
nets['NeuralNetwork of objects'].runs[0].output = named.run({ green: 0.4, red: 0.1 });

const lines = Object.entries(nets).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
writeFileSync(
  new URL('nets.json', import.meta.url),
  `{"source": "brain.js ${version}, make-brain.mjs, seed 20240229", "nets": {\n${lines.join(',\n')}\n}}\n`,
);
