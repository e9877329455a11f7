/**
 * Writes models.json: layers models as TensorFlow.js saves them, with random weights, and what they give for two batches.
 *
 *     node test/vectors/tensorflow-js/make-tensorflow-js.mjs
 *
 * TensorFlow.js is among the development dependencies. Two runs give the same bytes.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
require('@tensorflow/tfjs-backend-cpu');
const tf = { ...require('@tensorflow/tfjs-core'), ...require('@tensorflow/tfjs-layers') };
await tf.setBackend('cpu');

let state = 20_240_407;
/** Mulberry32. */
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

const L = tf.layers;
const zeros = {
  kernelInitializer: 'zeros',
  recurrentInitializer: 'zeros',
  biasInitializer: 'zeros',
  unitForgetBias: false,
};
const plain = { kernelInitializer: 'zeros', biasInitializer: 'zeros' };
const steps = (features, time = null) => ({ inputShape: [time, features] });
const noBias = { ...zeros, useBias: false };

/** Models with the kind of each input: features of steps, words, or words with padding at their end. */
const models = {
  'lstm with its defaults': [
    tf.sequential({ layers: [L.lstm({ units: 5, ...zeros, ...steps(7) }), L.dense({ units: 2, ...plain })] }),
    [[5, 7]],
  ],
  'lstm layers, sigmoid, backwards in time': [
    tf.sequential({
      layers: [
        L.lstm({
          units: 5,
          recurrentActivation: 'sigmoid',
          returnSequences: true,
          goBackwards: true,
          ...zeros,
          ...steps(3),
        }),
        L.lstm({ units: 6, recurrentActivation: 'sigmoid', activation: 'relu', ...noBias }),
      ],
    }),
    [[5, 3]],
  ],
  'gru with its defaults': [
    tf.sequential({ layers: [L.gru({ units: 5, returnSequences: true, ...zeros, ...steps(7) })] }),
    [[5, 7]],
  ],
  'gru, sigmoid, no bias': [
    tf.sequential({ layers: [L.gru({ units: 6, recurrentActivation: 'sigmoid', ...noBias, ...steps(3) })] }),
    [[5, 3]],
  ],
  'simple rnn, relu': [
    tf.sequential({
      layers: [
        L.simpleRNN({ units: 5, activation: 'relu', returnSequences: true, ...zeros, ...steps(3) }),
        L.dropout({ rate: 0.3 }),
        L.simpleRNN({ units: 7, ...zeros }),
      ],
    }),
    [[6, 3]],
  ],
  'words with padding': [
    tf.sequential({
      layers: [
        L.embedding({ inputDim: 11, outputDim: 3, maskZero: true, embeddingsInitializer: 'zeros', inputShape: [null] }),
        L.lstm({ units: 5, returnSequences: true, ...zeros }),
        L.gru({ units: 3, ...zeros }),
        L.dense({ units: 5, activation: 'softmax', ...plain }),
      ],
    }),
    [['padded', 7, 11]],
  ],
  'both directions, masked': [
    tf.sequential({
      layers: [
        L.masking({ maskValue: 0, ...steps(3) }),
        L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true, ...zeros }), mergeMode: 'concat' }),
        L.bidirectional({ layer: L.gru({ units: 5, ...zeros }), mergeMode: 'ave' }),
      ],
    }),
    [['zeros', 5, 3]],
  ],
  'both directions, summed and multiplied': [
    tf.sequential({
      layers: [
        L.bidirectional({
          layer: L.gru({ units: 5, recurrentActivation: 'sigmoid', returnSequences: true, ...zeros }),
          mergeMode: 'sum',
          ...steps(3),
        }),
        L.bidirectional({ layer: L.simpleRNN({ units: 3, returnSequences: true, ...zeros }), mergeMode: 'mul' }),
      ],
    }),
    [[5, 3]],
  ],
  'stacked cells': [
    tf.sequential({
      layers: [
        L.rnn({
          cell: [
            L.lstmCell({ units: 5, ...zeros }),
            L.gruCell({ units: 3, recurrentActivation: 'sigmoid', ...zeros }),
            L.simpleRNNCell({ units: 6, ...zeros }),
          ],
          returnSequences: true,
          ...steps(7),
        }),
        L.rnn({ cell: L.gruCell({ units: 5, ...zeros }) }),
      ],
    }),
    [[5, 7]],
  ],
  'each step alone, flattened': [
    tf.sequential({
      layers: [
        L.timeDistributed({ layer: L.dense({ units: 3, activation: 'elu', ...plain }), ...steps(7, 5) }),
        L.layerNormalization({}),
        L.permute({ dims: [2, 1] }),
        L.reshape({ targetShape: [5, 3] }),
        L.flatten(),
        L.dense({ units: 5, activation: 'softplus', ...plain }),
        L.repeatVector({ n: 3 }),
      ],
    }),
    [[5, 7]],
  ],
  'convolutions and pools': [
    tf.sequential({
      layers: [
        L.conv1d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'selu', ...plain, ...steps(3, 11) }),
        L.batchNormalization({}),
        L.maxPooling1d({ poolSize: 2 }),
        L.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2, ...plain }),
        L.leakyReLU({ alpha: 0.1 }),
        L.prelu({ sharedAxes: [1] }),
        L.globalAveragePooling1d(),
        L.activation({ activation: 'hardSigmoid' }),
      ],
    }),
    [[11, 3]],
  ],
  'two inputs and two outputs': [
    (() => {
      const [first, second] = [tf.input({ shape: [null, 3], name: 'first' }), tf.input({ shape: [5], name: 'second' })];
      const encoder = L.gru({ units: 5, ...zeros, name: 'encoder' });
      const code = encoder.apply(first);
      const shared = L.dense({ units: 5, activation: 'tanh', ...plain, name: 'shared' });
      const [a, b] = [shared.apply(code), shared.apply(second)];
      const sum = L.add().apply([a, b]);
      const both = L.concatenate().apply([L.multiply().apply([a, b]), sum]);
      return tf.model({
        inputs: [first, second],
        outputs: [L.dense({ units: 3, activation: 'sigmoid', ...plain }).apply(both), L.average().apply([a, sum])],
      });
    })(),
    [[7, 3], [5]],
  ],
  'an encoder whose states begin a decoder': [
    (() => {
      const [source, target] = [
        tf.input({ shape: [null, 3], name: 'source' }),
        tf.input({ shape: [null, 5], name: 'target' }),
      ];
      const [, hidden, cell] = L.lstm({ units: 6, returnState: true, ...zeros, name: 'encoder' }).apply(source);
      const decoder = L.lstm({ units: 6, returnSequences: true, ...zeros, name: 'decoder' });
      const steps = decoder.apply([target, hidden, cell]);
      return tf.model({ inputs: [source, target], outputs: [L.dense({ units: 3, ...plain }).apply(steps), cell] });
    })(),
    [
      [5, 3],
      [7, 5],
    ],
  ],
};

function inputsOf(kinds, batch) {
  return kinds.map((kind) => {
    if (kind[0] === 'padded') {
      const [, time, words] = kind;
      const data = Array.from({ length: batch * time }, (_, i) =>
        i % time > time - 1 - (Math.floor(i / time) % 4) ? 0 : 1 + Math.floor(uniform() * (words - 1)),
      );
      return { shape: [batch, time], data };
    }
    const isMasked = kind[0] === 'zeros';
    const shape = [batch, ...kind.filter((size) => typeof size === 'number')];
    const [, time, features] = shape;
    const data = Array.from({ length: sizeOf(shape) }, (_, i) => {
      const value = Number(normal().toFixed(3));
      const step = Math.floor(i / features) % time;
      return isMasked && step > time - 1 - (Math.floor(i / features / time) % 3) ? 0 : value;
    });
    return { shape, data };
  });
}

async function artifactsOf(model) {
  let saved;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return saved;
}

/** What a model gives for its inputs. */
function outputsOf(model, inputs) {
  const given = inputs.map(({ shape, data }) => tf.tensor(data, shape));
  const results = [model.predict(given.length === 1 ? given[0] : given)].flat();
  return results.map((result) => ({
    shape: result.shape,
    data: Array.from(result.dataSync(), (value) => Number(value.toPrecision(8))),
  }));
}

/** The bytes of a group, as those of several shards. */
function cut(bytes, sizes) {
  let at = 0;
  return [...sizes, bytes.length].map((size) =>
    Buffer.from(bytes.subarray(at, (at = Math.min(at + size, bytes.length)))),
  );
}

function filesOf(artifacts, groups) {
  const files = {};
  const weightsManifest = groups.map(({ weights, bytes, sizes = [] }, i) => {
    const parts = cut(bytes, sizes);
    const paths = parts.map((part, j) => {
      const path = `group${i + 1}-shard${j + 1}of${parts.length}.bin`;
      files[path] = part.toString('base64');
      return path;
    });
    return { paths, weights };
  });
  const { modelTopology, format, generatedBy, convertedBy } = artifacts;
  return { json: { format, generatedBy, convertedBy, modelTopology, weightsManifest }, files };
}

function runsOf(model, kinds) {
  return [3, 5].map((batch) => {
    const inputs = inputsOf(kinds, batch);
    return { inputs, outputs: outputsOf(model, inputs) };
  });
}

const cases = {};
let i = 0;
for (const [name, [model, kinds]] of Object.entries(models)) {
  model.setWeights(
    model.weights.map((weight) => {
      const isVariance = /moving_variance/.test(weight.originalName);
      const values = Array.from({ length: sizeOf(weight.shape) }, () =>
        isVariance ? 0.5 + uniform() : 0.6 * normal(),
      );
      return tf.tensor(values, weight.shape);
    }),
  );
  const artifacts = await artifactsOf(model);
  const bytes = new Uint8Array(artifacts.weightData);
  const weights = artifacts.weightSpecs;
  // Some lie in several shards, cut inside of numbers, some in two groups.
  const firstBytes = 4 * sizeOf(weights[0].shape);
  const groups =
    i % 3 === 2
      ? [
          { weights: weights.slice(0, 1), bytes: bytes.subarray(0, firstBytes) },
          { weights: weights.slice(1), bytes: bytes.subarray(firstBytes), sizes: [9] },
        ]
      : [{ weights, bytes, sizes: i % 3 === 1 ? [7, 30] : [] }];
  cases[name] = { ...filesOf(artifacts, groups), runs: runsOf(model, kinds) };
  i++;
}

/** Weights in fewer bits, as tensorflowjs_converter writes them; TensorFlow.js loads them, and says what they give. */
for (const dtype of ['uint8', 'uint16', 'float16']) {
  const [model, kinds] = models['words with padding'];
  const artifacts = await artifactsOf(model);
  const all = new Float32Array(artifacts.weightData);
  let at = 0;
  const parts = [];
  const weights = artifacts.weightSpecs.map((spec) => {
    const values = all.subarray(at, (at += sizeOf(spec.shape)));
    if (dtype === 'float16') {
      // Halves that are exact: 11 bits of a fraction.
      parts.push(new Uint8Array(Uint16Array.from(values, halfOf).buffer));
      return { ...spec, quantization: { dtype, original_dtype: 'float32' } };
    }
    const min = Math.min(...values);
    const largest = dtype === 'uint8' ? 255 : 65535;
    const scale = (Math.max(...values) - min) / largest;
    const words = (dtype === 'uint8' ? Uint8Array : Uint16Array).from(values, (value) =>
      Math.round((value - min) / scale),
    );
    parts.push(new Uint8Array(words.buffer));
    return { ...spec, quantization: { dtype, min, scale, original_dtype: 'float32' } };
  });
  const bytes = new Uint8Array(Buffer.concat(parts));
  const loaded = await tf.loadLayersModel(
    tf.io.fromMemory({ ...artifacts, weightSpecs: weights, weightData: bytes.buffer }),
  );
  cases[`words with padding, ${dtype}`] = { ...filesOf(artifacts, [{ weights, bytes }]), runs: runsOf(loaded, kinds) };
}

function halfOf(value) {
  const magnitude = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const word = ((exponent + 15) << 10) + Math.round((magnitude / 2 ** exponent - 1) * 1024);
  return magnitude < 2 ** -14 ? 0 : value < 0 ? word | 0x8000 : word;
}

const lines = Object.entries(cases).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
writeFileSync(
  new URL('models.json', import.meta.url),
  `{"source": "TensorFlow.js ${tf.version_layers}, make-tensorflow-js.mjs, seed 20240407", "cases": {\n${lines.join(',\n')}\n}}\n`,
);
