import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, type Sequential } from '../../src/index.js';
import { benchFolder } from '../write-results.js';
import { PeerProcess } from './peer-process.js';
import { readFloats, writeArrays } from './shared-arrays.js';

/** Steps that ONNX Runtime computes in one call. */
export const timesteps = 100;

/** What ONNX Runtime computes of a recurrent layer, in a process of its own on one thread. */
export interface OnnxSteps {
  /** What goes in, and what comes out: `[timesteps, columns]`. */
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** Microseconds a step, of one call. */
  stepUs(): Promise<number>;
  close(): void;
}

/**
 * A layer of one cell on a sequence of noise.
 *
 * @param model one recurrent layer
 * @param quantized whether with weights of 8 bits
 * @throws PeerRefusal where it is not installed, or has no such operator
 */
export async function onnxSteps(
  model: Sequential,
  layer: { readonly cell: string; readonly units: number; readonly quantized: boolean },
): Promise<OnnxSteps> {
  const { units } = layer;
  const peer = new PeerProcess({
    name: 'ONNX Runtime',
    program: process.execPath,
    args: [join(benchFolder, 'peers/onnx-runtime-peer.mjs'), 'node'],
    numThreads: 1,
    timeoutMs: 120_000,
  });
  const random = new Random(3);
  const input = Float32Array.from({ length: timesteps * units }, () => random.normal());
  const directory = mkdtempSync(join(tmpdir(), 'rondo-onnx-'));
  try {
    writeArrays(directory, [
      { name: 'input', shape: [1, timesteps, units], values: input },
      ...model.weights.map((weight, i) => ({
        name: `weight ${i}`,
        shape: weight.shape,
        values: Float32Array.from(weight.dataSync()),
      })),
    ]);
    const benchCase = { ...layer, mode: 'infer', layers: 1, batch: 1, timesteps, features: units };
    const { outputFile, variants } = await peer.prepare(benchCase, directory);
    return {
      input,
      output: readFloats(join(directory, outputFile)),
      stepUs: async () => (1000 * (await peer.measure(variants[0], 1)).elapsedMs[0]) / timesteps,
      close: () => peer.close(),
    };
  } catch (reason) {
    peer.close();
    throw reason;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
