/**
 * The element types of buffers and tensors, under NumPy's names. Backends compute in floating point whatever is stored:
 * values become numbers of the backend's {@link FloatType} when they are loaded, and are rounded when they are stored.
 *
 * Floats are rounded to the nearest value, ties to even, as IEEE 754 does, and become infinite beyond the largest.
 * Whole numbers are what is left of the point, kept within the type's bounds; NaN becomes 0.
 */
export const dtypes = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'int8'] as const;
export type DType = (typeof dtypes)[number];
/** What a backend computes in. */
export type FloatType = 'float32' | 'float64';

export const bytesOf: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint8: 1,
  int8: 1,
};

/** What is left of the point, kept within a type's bounds; NaN is 0. */
export function whole(dtype: 'int32' | 'uint8' | 'int8', value: number): number {
  const { least, most } = bounds[dtype];
  // `+ 0` makes -0 a plain zero.
  return Number.isNaN(value) ? 0 : Math.min(most, Math.max(least, Math.trunc(value))) + 0;
}

const bounds = {
  int32: { least: -(2 ** 31), most: 2 ** 31 - 1 },
  uint8: { least: 0, most: 255 },
  int8: { least: -128, most: 127 },
} as const;

export function isFloating(dtype: DType): boolean {
  return dtype.includes('float');
}
