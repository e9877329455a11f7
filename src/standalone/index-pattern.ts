import type { IndicesOf } from './program.js';

/** Wider windows than any convolution has are listed. */
const widestWindow = 64;

/** What indices have in common, so that it can be written for sequences of any length; the list itself where that is nothing. */
export function indexPattern(indices: Int32Array): IndicesOf<number> {
  const [first] = indices;
  const count = indices.length;
  const step = count > 1 ? indices[1] - first : 1;
  if (first >= 0 && indices.every((index, i) => index >= 0 && index === first + i * step))
    return { kind: 'even', count, first, step };
  for (let width = 1; width <= widestWindow && 2 * width <= count; width++) {
    if (count % width !== 0) continue;
    const windows = windowsOf(indices, width);
    if (windows !== undefined) return windows;
  }
  return { kind: 'list', values: indices.slice() };
}

function windowsOf(indices: Int32Array, width: number): IndicesOf<number> | undefined {
  const rows = indices.length / width;
  // In the middle nothing is cut off.
  const middle = Math.floor((rows - 1) / 2);
  const at = (i: number, j: number): number => indices[i * width + j];
  const step = at(middle + 1, 0) - at(middle, 0);
  const innerStep = width > 1 ? at(middle, 1) - at(middle, 0) : 0;
  const first = at(middle, 0) - middle * step;
  let [limit, least] = [0, Infinity];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) {
      const meant = first + i * step + j * innerStep;
      if (at(i, j) >= 0 && at(i, j) !== meant) return undefined;
      if (at(i, j) >= 0) limit = Math.max(limit, meant + 1);
      else if (meant >= 0) least = Math.min(least, meant);
    }
  }
  if (limit > least) return undefined;
  return { kind: 'windows', count: rows, width, first, step, innerStep, limit };
}
