import { isObject } from '../../data/saved-fields.js';
import { describeValue } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { isPathBelow, oddInAddresses } from '../path-below.js';

/** What TensorFlow.js has made smaller, and how: `value = stored * scale + min`, or half precision. */
export interface Quantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

/** A weight of a manifest. */
export interface ManifestWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly quantization?: Quantization | undefined;
  /** Bytes in the shards. */
  readonly sizeBytes: number;
  /** Whether it is a state of the optimizer. */
  readonly isOptimizer: boolean;
}

/** Weights that lie one behind the other in the bytes of some shards. */
export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly ManifestWeight[];
  readonly sizeBytes: number;
}

const valueBytes = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;

/** The largest number of axes that a weight of a layer has, and more. */
const mostAxes = 8;

/**
 * The groups of a `weightsManifest`. Sizes follow from shapes, so that they can be held against the bytes of shards before anything
 * is allocated.
 *
 * @throws FILE_FORMAT where it is none, a path leaves the folder, or a type of numbers is not known
 */
export function groupsOf(manifest: unknown, where: string): WeightGroup[] {
  if (!Array.isArray(manifest)) throw fault(where, 'weightsManifest', 'a list of groups of weights', manifest);
  const names = new Set<string>();
  const paths = new Set<string>();
  return manifest.map((entry: unknown, i) => {
    const at = `weightsManifest[${i}]`;
    const group = recordAt(entry, at, where);
    const weights = listAt(group.weights, `${at}.weights`, where).map((weight, j) =>
      weightAt(weight, `${at}.weights[${j}]`, where),
    );
    for (const { name } of weights) requireOnce(names, name, 'a weight', where);
    const files = listAt(group.paths, `${at}.paths`, where).map((path, j) => {
      if (typeof path !== 'string' || !isPathBelow(path, oddInAddresses))
        throw fault(where, `${at}.paths[${j}]`, 'the name of a file in the folder of the model', path);
      requireOnce(paths, path, 'a file', where);
      return path;
    });
    const sizeBytes = weights.reduce((sum, weight) => sum + weight.sizeBytes, 0);
    if (!Number.isSafeInteger(sizeBytes)) throw fault(where, at, 'weights that fit into memory', `${sizeBytes} bytes`);
    return { paths: files, weights, sizeBytes };
  });
}

function weightAt(entry: unknown, at: string, where: string): ManifestWeight {
  const { name, shape, dtype, quantization, group } = recordAt(entry, at, where);
  if (typeof name !== 'string' || name === '') throw fault(where, `${at}.name`, 'a name', name);
  const isShape =
    Array.isArray(shape) && shape.length <= mostAxes && shape.every((axis) => Number.isInteger(axis) && axis >= 0);
  if (!isShape) throw fault(where, `${at}.shape`, `a list of at most ${mostAxes} whole numbers`, shape);
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw fault(where, `${at}.dtype`, 'float32, int32 or bool: weights of layers are numbers', dtype);
  const size = (shape as number[]).reduce((product, axis) => product * axis, 1);
  const stored =
    quantization === undefined ? undefined : quantizationAt(quantization, dtype, `${at}.quantization`, where);
  const sizeBytes = size * valueBytes[stored?.dtype ?? dtype];
  if (!Number.isSafeInteger(sizeBytes)) throw fault(where, `${at}.shape`, 'a shape that fits into memory', shape);
  return {
    name,
    shape: shape as number[],
    dtype,
    ...(stored && { quantization: stored }),
    sizeBytes,
    isOptimizer: group === 'optimizer',
  };
}

function quantizationAt(value: unknown, stored: ManifestWeight['dtype'], at: string, where: string): Quantization {
  const { dtype, scale = 1, min = 0, original_dtype: original = stored } = recordAt(value, at, where);
  if (original !== stored) throw fault(where, `${at}.original_dtype`, stored, original);
  if (dtype === 'float16') {
    if (stored !== 'float32') throw fault(where, at, 'half precision of weights that are float32', stored);
    return { dtype, scale: 1, min: 0 };
  }
  if ((dtype !== 'uint8' && dtype !== 'uint16') || stored === 'bool')
    throw fault(where, `${at}.dtype`, 'uint8, uint16 or float16 of numbers', dtype);
  const { scale: givenScale, min: givenMin } = value as Record<string, unknown>;
  const largest = dtype === 'uint8' ? 255 : 65535;
  const isNumber = [givenScale, givenMin].every((number) => typeof number === 'number');
  if (!isNumber || !Number.isFinite(Math.fround((scale as number) * largest + (min as number))))
    throw fault(where, at, 'numbers as `scale` and `min`', { scale: givenScale, min: givenMin });
  return { dtype, scale: scale as number, min: min as number };
}

function requireOnce(seen: Set<string>, name: string, kind: string, where: string): void {
  if (seen.has(name))
    throw damagedFile({ where, what: `the manifest names ${kind} twice.`, received: JSON.stringify(name) });
  seen.add(name);
}

function recordAt(value: unknown, at: string, where: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw fault(where, at, 'an object', value);
}

function listAt(value: unknown, at: string, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw fault(where, at, 'a list', value);
}

function fault(where: string, at: string, expected: string, received: unknown): Error {
  const text = typeof received === 'object' ? JSON.stringify(received) : describeValue(received);
  return damagedFile({
    where,
    what: `\`${at}\` is not what TensorFlow.js writes.`,
    expected,
    received: text,
    fix: 'give the model.json that model.save or tensorflowjs_converter wrote.',
  });
}
