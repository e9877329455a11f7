/**
 * Repeatable numbers, even over (-scale, scale): a linear congruential generator (Knuth 1997, section 3.3.4), so that
 * peers in other languages could make the same.
 */
export function repeatableNumbers(size: number, scale: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (state / 2 ** 31 - 1);
  });
}
