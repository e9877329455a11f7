import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { readBrain } from '../../src/io/brain/read-brain.js';
import { deserializeModel, serializeModel } from '../../src/io/checkpoint.js';
import { readKeras } from '../../src/io/keras/read-keras.js';
import { readModel } from '../../src/io/model-formats.js';
import { readNpz } from '../../src/io/numpy/npz.js';
import { readNpy } from '../../src/io/numpy/read-npy.js';
import { type OnnxModel, readOnnx } from '../../src/io/onnx/onnx-model.js';
import { readStateDict } from '../../src/io/pytorch/read-state-dict.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.js';
import { readTensorFlowJs } from '../../src/io/tensorflow-js/read-tensorflow-js.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { Dense } from '../../src/layers/dense.js';
import { Embedding } from '../../src/layers/embedding.js';
import { GRU } from '../../src/layers/gru.js';
import { LSTM } from '../../src/layers/lstm.js';
import { zeros } from '../../src/tensor/constants.js';
import { Sequential } from '../../src/training/sequential.js';
import type { FuzzedFormat } from './fuzzed-format.js';

/** A file of vectors, from the project's folder, in which tests and `npm run fuzz` run. */
function vectors<Content>(name: string): Content {
  return JSON.parse(readFileSync(join(process.cwd(), 'test/vectors', name), 'utf8')) as Content;
}

const ofBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** Runs a graph with zeros, of sizes that may not fit. */
function run(model: OnnxModel): void {
  const sizes = (shape: readonly unknown[] | undefined): number[] =>
    (shape ?? []).slice(0, 4).map((axis) => (typeof axis === 'number' ? Math.min(axis, 5) : 2));
  model.apply(Object.fromEntries(model.inputs.map(({ name, shape }) => [name, zeros(sizes(shape))])));
}

/** Every format of models and arrays that is read. */
export const fuzzedFormats: readonly FuzzedFormat[] = [
  {
    name: 'safetensors',
    async good() {
      const shapes = [[3, 2], [5], []];
      const tensors = shapes.map((shape, i) => {
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => k / 7 - i);
        return [`tensor${i}`, { dtype: (['F32', 'F16', 'F32'] as const)[i], shape, data }] as const;
      });
      return [encodeSafetensors(new Map(tensors), { format: 'pt' })];
    },
    read: (bytes) => decodeSafetensors(bytes, 'fuzzed'),
    inside: 'safetensors',
  },
  {
    name: 'model files',
    async good() {
      const text = new Sequential([
        new Embedding({ inputDim: 7, outputDim: 3, maskZero: true, inputShape: [null] }),
        new Bidirectional({ layer: new LSTM({ units: 2, returnSequences: true }) }),
        new GRU({ units: 3 }),
        new Dense({ units: 2, activation: 'softmax' }),
      ]);
      text.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      return [serializeModel(text, { includeOptimizer: true, preprocessing: { classes: ['a', 'b'] } })];
    },
    read: (bytes) => deserializeModel(bytes, 'fuzzed'),
    inside: 'safetensors',
  },
  {
    name: 'npy',
    good: async () =>
      vectors<{ arrays: { file: string }[] }>('numpy/files.json').arrays.map(({ file }) => ofBase64(file)),
    read: (bytes) => readNpy(bytes, 'fuzzed'),
  },
  {
    name: 'npz',
    good: async () =>
      vectors<{ archives: [name: string, file: string][] }>('numpy/files.json').archives.map(([, file]) =>
        ofBase64(file),
      ),
    read: (bytes) => readNpz(bytes, 'fuzzed'),
    inside: 'zip',
  },
  {
    name: 'pytorch archives',
    good: async () => torchFiles().filter((bytes) => bytes[0] === 0x50),
    read: (bytes) => readStateDict(bytes, 'fuzzed'),
    inside: 'zip',
  },
  {
    name: 'pytorch pickles',
    good: async () => torchFiles().filter((bytes) => bytes[0] === 0x80),
    read: (bytes) => readStateDict(bytes, 'fuzzed'),
  },
  {
    name: 'onnx',
    good: async () =>
      Object.values(vectors<{ cases: Record<string, { model: string }> }>('onnx-files/runtime.json').cases).map(
        ({ model }) => ofBase64(model),
      ),
    read: (bytes) => run(readOnnx(bytes, 'fuzzed')),
  },
  {
    name: 'brain.js',
    good: async () =>
      Object.values(vectors<{ nets: Record<string, { json: object }> }>('brain/nets.json').nets).map(({ json }) =>
        new TextEncoder().encode(JSON.stringify(json)),
      ),
    read: (bytes) => readBrain(new TextDecoder().decode(bytes), 'fuzzed'),
    inside: 'json',
  },
  {
    name: 'tensorflow.js',
    good: async () => [new TextEncoder().encode(JSON.stringify(layersModel().json))],
    read: (bytes) => {
      const { files } = layersModel();
      const shard = async (path: string) => ofBase64(Object.hasOwn(files, path) ? files[path] : '');
      return readTensorFlowJs(new TextDecoder().decode(bytes), { name: 'fuzzed', shard });
    },
    inside: 'json',
  },
  {
    name: 'keras archives',
    good: async () => kerasFiles('.keras').slice(0, 12),
    read: (bytes) => readKeras(bytes, 'fuzzed.keras'),
    inside: 'zip',
  },
  {
    name: 'keras hdf5',
    good: async () => kerasFiles('.h5').slice(0, 12),
    read: (bytes) => readKeras(bytes, 'fuzzed.h5'),
  },
  {
    name: 'any model',
    good: async () => {
      const { recurrent, models } = vectors<Record<'recurrent' | 'models', { file: string }[]>>('pytorch/models.json');
      return [...recurrent.slice(0, 5), models[0]].map(({ file }) => ofBase64(file));
    },
    read: (bytes) => readModel(bytes, 'fuzzed'),
    inside: 'zip',
  },
];

/** Files of models as Keras saved them. */
function kerasFiles(ending: string): Uint8Array[] {
  return vectors<{ cases: { name: string; file: string }[] }>('keras/models.json')
    .cases.filter(({ name }) => name.endsWith(ending))
    .map(({ file }) => new Uint8Array(inflateSync(Buffer.from(file, 'base64'))));
}

let read: { readonly json: object; readonly files: Readonly<Record<string, string>> } | undefined;

/** A model of TensorFlow.js with its weights in fewer bits. */
function layersModel(): NonNullable<typeof read> {
  read ??= vectors<{ cases: Record<string, NonNullable<typeof read>> }>('tensorflow-js/models.json').cases[
    'words with padding, uint16'
  ];
  return read;
}

function torchFiles(): Uint8Array[] {
  return vectors<{ files: { file: string }[] }>('pytorch/files.json').files.map(({ file }) => ofBase64(file));
}
