/**
 * Writes onnx-files/runtime.json: small ONNX models with random weights, and what ONNX Runtime gives for them.
 *
 *     npx esbuild test/vectors/make-onnx-runtime.ts --bundle --platform=node --format=esm --outfile=dist/make-onnx.mjs
 *     node dist/make-onnx.mjs bench/peers
 *
 * The argument is a folder whose node_modules have onnxruntime-node.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { onnxBytes, type WrittenGraph } from '../support/onnx-writer.js';
import { operatorCases } from './onnx-operator-cases.js';
import { runtimeCases } from './onnx-runtime-cases.js';

interface OrtTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}
interface Ort {
  readonly Tensor: new (type: string, data: unknown, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{ run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> }>;
  };
}

const require = createRequire(resolve(process.argv[2], 'package.json'));
const ort = require('onnxruntime-node') as Ort;
const { version } = require('onnxruntime-node/package.json') as { version: string };

const arrays = {
  float: (data: readonly number[]) => Float32Array.from(data),
  uint8: (data: readonly number[]) => Uint8Array.from(data),
  int8: (data: readonly number[]) => Int8Array.from(data),
  int32: (data: readonly number[]) => Int32Array.from(data),
  int64: (data: readonly number[]) => BigInt64Array.from(data, BigInt),
};

const cases: Record<string, unknown> = {};
for (const [name, { graph, inputs }] of Object.entries({ ...runtimeCases, ...operatorCases })) {
  const bytes = onnxBytes(graph as WrittenGraph);
  const session = await ort.InferenceSession.create(bytes);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([key, { type = 'float', shape, data }]) => [
      key,
      new ort.Tensor(type === 'float' ? 'float32' : type, arrays[type](data), shape),
    ]),
  );
  const results = await session.run(feeds);
  cases[name] = {
    model: Buffer.from(bytes).toString('base64'),
    inputs,
    outputs: Object.fromEntries(
      Object.entries(results).map(([key, { dims, data }]) => [
        key,
        { shape: dims, data: Array.from(data, (x) => Number(Number(x).toPrecision(9))) },
      ]),
    ),
  };
}
const file = join(resolve(process.argv[3] ?? 'test/vectors/onnx-files'), 'runtime.json');
const lines = Object.entries(cases).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
writeFileSync(file, `{"source": "onnxruntime-node ${version}", "cases": {\n${lines.join(',\n')}\n}}\n`);
