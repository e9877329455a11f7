import { type BenchCase, lengthsOf, outputWidthOf } from './cases.js';
import { repeatableNumbers } from './numbers.js';

/** Numbers that a case computes with, under a name: what a peer is given too. */
export interface CaseArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * The data of a case: `input` `[batch, time, features]`; `target`, as large as the output, or the words `[batch, time]`
 * to tell; where sequences differ in length also `lengths` `[batch]`.
 */
export function dataOf(benchCase: BenchCase): CaseArray[] {
  const { batch, timesteps, features, numWords } = benchCase;
  const outputWidth = outputWidthOf(benchCase);
  const lengths = lengthsOf(benchCase);
  const input = randomArray('input', [batch, timesteps, features], 1, 1);
  const target =
    numWords === undefined
      ? randomArray('target', [batch, timesteps, outputWidth], 1, 2)
      : {
          name: 'target',
          shape: [batch, timesteps],
          values: repeatableNumbers(batch * timesteps, 1, 2).map(
            (value) => Math.floor(((value + 1) / 2) * numWords) % numWords,
          ),
        };
  if (lengths === undefined) return [input, target];
  clearPadding(input, lengths);
  clearPadding(target, lengths);
  return [input, target, { name: 'lengths', shape: [batch], values: Float32Array.from(lengths) }];
}

/** Even over (-scale, scale). */
export function randomArray(name: string, shape: readonly number[], scale: number, seed: number): CaseArray {
  return {
    name,
    shape,
    values: repeatableNumbers(
      shape.reduce((a, b) => a * b, 1),
      scale,
      seed,
    ),
  };
}

/** Sets what stands behind the end of each sequence to 0. */
export function clearPadding(
  { shape: [batch, timesteps, columns], values }: Pick<CaseArray, 'shape' | 'values'>,
  lengths: readonly number[],
): void {
  for (let b = 0; b < batch; b++) values.fill(0, (b * timesteps + lengths[b]) * columns, (b + 1) * timesteps * columns);
}

/** `[batch * time]`: 1 where a step counts. */
export function maskOfLengths(lengths: readonly number[], timesteps: number): Uint8Array {
  const mask = new Uint8Array(lengths.length * timesteps);
  lengths.forEach((length, b) => mask.fill(1, b * timesteps, b * timesteps + length));
  return mask;
}
