import type { TensorDtype } from '../safetensors-types.js';

/** NumPy's limit since version 2. */
export const mostAxes = 64;

/** Element types by NumPy's letters and bytes. NumPy has no bfloat16. */
export const dtypeOfCode = {
  b1: 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
} as const satisfies Readonly<Record<string, TensorDtype>>;

export type NpyCode = keyof typeof dtypeOfCode;

export function isNpyCode(code: string): code is NpyCode {
  return Object.hasOwn(dtypeOfCode, code);
}

/** The letters of an element type, for writing. */
export function codeOfDtype(dtype: TensorDtype): NpyCode | undefined {
  return (Object.keys(dtypeOfCode) as NpyCode[]).find((code) => dtypeOfCode[code] === dtype);
}

/** What arrays that are not read hold, by the first letter of their type, and what to save instead. */
export const unreadKinds: Readonly<Record<string, readonly [kind: string, fix: string]>> = {
  O: ['Python objects, which are a program to be run and never read', 'save numbers: array.astype(np.float32).'],
  U: ['texts', 'save texts as JSON or as lines of a text file.'],
  S: ['byte strings', 'save texts as JSON or as lines of a text file.'],
  a: ['byte strings', 'save texts as JSON or as lines of a text file.'],
  V: [
    'records or bytes without a type',
    'save each field as an array of its own; bfloat16 as array.astype(np.float32).',
  ],
  c: ['complex numbers', 'save array.real and array.imag as two arrays.'],
  M: ['dates', 'save array.astype(np.int64).'],
  m: ['spans of time', 'save array.astype(np.int64).'],
  f: ['floats of another width', 'save array.astype(np.float64).'],
};
