import { readdirSync, readFileSync } from 'node:fs';

/** A tensor as the vector files write it. */
export interface VectorTensor {
  readonly shape: number[];
  readonly data: number[];
}

/** One case of test/vectors/layers or test/vectors/cells. */
export interface LayerVector {
  readonly file: string;
  readonly source: { readonly library: string };
  readonly layer: string;
  readonly config: Record<string, unknown>;
  readonly weights: Record<string, VectorTensor>;
  readonly training?: boolean;
  readonly inputs: {
    readonly input: VectorTensor;
    readonly mask?: VectorTensor;
    readonly initialState?: Record<string, VectorTensor>;
    readonly lengths?: number[];
  };
  readonly cotangents: { readonly output: VectorTensor; readonly finalState?: Record<string, VectorTensor> };
  readonly expected: {
    readonly output: VectorTensor;
    readonly finalState?: Record<string, VectorTensor>;
    /** In training: weights that the layer itself has changed; they have no gradients. */
    readonly updatedWeights?: Record<string, VectorTensor>;
    readonly gradients: {
      readonly input?: VectorTensor;
      readonly weights: Record<string, VectorTensor>;
      readonly initialState?: Record<string, VectorTensor>;
    };
  };
}

/** All vector files of a group, by name. */
export function readVectors<T = LayerVector>(group: string): (T & { file: string })[] {
  const folder = new URL(`../vectors/${group}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T),
      file: name.replace('.json', ''),
    }));
}
