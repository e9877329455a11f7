import { requireKind } from '../../errors.js';
import { numbersOfHalves } from '../../rounding.js';
import { damagedFile } from '../file-fault.js';
import type { ManifestWeight, WeightGroup } from './weights-manifest.js';

/** Gives the bytes of a file beside model.json. */
export type ReadShard = (path: string) => Promise<Uint8Array>;

/** A weight as numbers. */
export interface ReadWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/**
 * The weights of a group, by name, without those of an optimizer. The shards must hold as many bytes as the manifest's shapes ask
 * for, which is checked before anything is allocated.
 *
 * @throws FILE_FORMAT where they do not; what `shard` throws
 */
export async function weightsOfGroup(
  { paths, weights, sizeBytes }: WeightGroup,
  shard: ReadShard,
  where: string,
): Promise<[name: string, weight: ReadWeight][]> {
  const shards: Uint8Array[] = [];
  let received = 0;
  for (const path of paths) {
    const bytes = await shard(path);
    requireKind(bytes instanceof Uint8Array, bytes, {
      where,
      what: `\`shard\` gave no bytes for ${path}.`,
      fix: 'give a Uint8Array: async (path) => new Uint8Array(await (await fetch(new URL(path, url))).arrayBuffer()).',
    });
    received += bytes.length;
    shards.push(bytes);
  }
  if (received !== sizeBytes)
    throw damagedFile({
      where,
      what: `the files of weights do not have the size that model.json states.`,
      expected: `${sizeBytes} bytes in ${paths.join(', ').slice(0, 120)}`,
      received: `${received} bytes`,
      fix: 'copy model.json again with all of its .bin files.',
    });
  const taken: [string, ReadWeight][] = [];
  const next = readerOf(shards);
  for (const weight of weights) {
    const bytes = next(weight.sizeBytes, weight.isOptimizer);
    if (bytes !== undefined) taken.push([weight.name, { shape: weight.shape, data: numbersOf(weight, bytes) }]);
  }
  return taken;
}

/** Reads on in several arrays as if they were one. Copies, so that numbers lie where their type wants them. */
function readerOf(shards: readonly Uint8Array[]): (sizeBytes: number, isSkipped: boolean) => Uint8Array | undefined {
  let at = 0;
  let offset = 0;
  return (sizeBytes, isSkipped) => {
    const bytes = isSkipped ? undefined : new Uint8Array(sizeBytes);
    for (let done = 0; done < sizeBytes; ) {
      const part = shards[at].subarray(offset, offset + sizeBytes - done);
      bytes?.set(part, done);
      done += part.length;
      offset += part.length;
      if (offset === shards[at].length) {
        at += 1;
        offset = 0;
      }
    }
    return bytes;
  };
}

/** Numbers in the order of bytes of every current processor, little-endian, as TensorFlow.js writes and reads them. */
function numbersOf({ dtype, quantization }: ManifestWeight, bytes: Uint8Array): ReadWeight['data'] {
  if (quantization === undefined) {
    if (dtype === 'bool') return bytes;
    return dtype === 'float32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer);
  }
  const stored = quantization.dtype === 'uint8' ? bytes : new Uint16Array(bytes.buffer);
  if (quantization.dtype === 'float16') return numbersOfHalves('float16', stored as Uint16Array);
  const { scale, min } = quantization;
  const isWhole = dtype === 'int32';
  const values = isWhole ? new Int32Array(stored.length) : new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    const value = stored[i] * scale + min;
    values[i] = isWhole ? Math.round(value) : value;
  }
  return values;
}
