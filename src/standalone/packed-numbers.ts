import { halfWords } from '../rounding.js';

/** In which form weights are in the code. */
export const standaloneWeights = ['float32', 'float16'] as const;
export type StandaloneWeights = (typeof standaloneWeights)[number];

/** Numbers as little-endian bytes. */
export function packedNumbers(numbers: ArrayLike<number>, form: 'float32' | 'float16'): Uint8Array {
  const width = form === 'float32' ? 4 : 2;
  const bytes = new Uint8Array(width * numbers.length);
  const view = new DataView(bytes.buffer);
  if (form === 'float32') for (let i = 0; i < numbers.length; i++) view.setFloat32(4 * i, numbers[i], true);
  else halfWords('float16', numbers).forEach((word, i) => void view.setUint16(2 * i, word, true));
  return bytes;
}
