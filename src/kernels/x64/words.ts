const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The word that holds a number in single precision. */
export function floatWord(value: number): number {
  float[0] = value;
  return word[0];
}
