/** The 31 scales of IEEE 754 half precision: 2^(exponent - 25), the weight of the fraction's last bit. */
const scaleOfLastBit = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** IEEE 754 half-precision words as single precision; every half has an exact single. */
export function float32FromHalf(words: Uint16Array): Float32Array {
  const result = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const exponent = (word >> 10) & 31;
    const fraction = word & 1023;
    let magnitude: number;
    if (exponent === 31) magnitude = fraction === 0 ? Infinity : NaN;
    else magnitude = (exponent === 0 ? fraction : fraction + 1024) * scaleOfLastBit[exponent];
    result[i] = word & 0x8000 ? -magnitude : magnitude;
  }
  return result;
}

/** bfloat16 words as single precision: a bfloat16 is the upper half of a single. */
export function float32FromBfloat16(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i] << 16;
  return new Float32Array(bits.buffer);
}
