import { bytesOf, type DType } from '../../dtype.js';
import { bfloat16Words } from '../vector/bfloat16-words.js';
import { isNaNIn } from '../vector/vector-code.js';
import type { Operation, Place, RowAddress, Value } from './body.js';
import type { VectorName } from './instructions.js';
import type { Memory } from './registers.js';
import type { Bundle, X64VectorCode } from './vector-code.js';

/** An array of the call: where its current row is, and what its elements are. */
export interface TypedRow {
  readonly row: RowAddress;
  readonly dtype: DType;
}

/** A part of a row that AVX2 cannot load or store by lanes, and which passes through the stack. */
export interface Passage {
  readonly row: RowAddress;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly buffer: Memory;
  readonly isInput: boolean;
}

/** The part of a vector where a row ends. */
export interface LastLanes {
  /** The lanes that count, and with AVX-512 those of the upper half by themselves. */
  readonly mask: Value;
  readonly upper: Value | undefined;
  /** Notes a passage through the stack. @returns where the elements lie there */
  pass(row: RowAddress, bytes: 1 | 2 | 4 | 8, isInput: boolean): Memory;
}

/** The place of each vector in a row, and how far the upper half of one lies behind the lower. */
type Access = (vector: number, upper?: boolean) => Pick<Operation, 'place' | 'mask'> & { readonly place: Place };

function accessOf(
  code: X64VectorCode,
  { row, dtype }: TypedRow,
  lanes: LastLanes | undefined,
  isInput: boolean,
): Access {
  const step = bytesOf[dtype] as 1 | 2 | 4 | 8;
  const { lanes: numLanes, isa } = code.unit;
  const half = (numLanes / 2) * step;
  if (lanes !== undefined && isa === 'avx2' && step !== 4) {
    const buffer = lanes.pass(row, step, isInput);
    return (_, upper = false) => ({
      place: upper ? { ...buffer, displacement: buffer.displacement + half } : buffer,
    });
  }
  return (vector, upper = false) => {
    const place = { row, step, offset: vector * numLanes * step + (upper ? half : 0) };
    const mask = isa === 'avx512' ? (upper ? lanes?.upper : lanes?.mask) : undefined;
    return mask === undefined ? { place } : { place, mask };
  };
}

/** Vectors of single-precision numbers at the place of a walk; nothing beyond the lanes that count is read. */
export function loadElements(code: X64VectorCode, array: TypedRow, lanes: LastLanes | undefined): Bundle {
  const access = accessOf(code, array, lanes, true);
  const load = (name: VectorName, upper = false, rest: Partial<Operation> = {}): Bundle =>
    code.each((i) => {
      const at = access(i, upper);
      const zeroing = at.mask === undefined ? {} : { zeroing: true };
      return code.body.value({ name, sources: [], ...at, ...zeroing, ...rest });
    });
  const words = (): Bundle => {
    const isPart = lanes !== undefined && code.unit.isa === 'avx2';
    return isPart
      ? code.each((i) => code.body.value({ name: 'vmaskmovps', sources: [lanes.mask], ...access(i) }))
      : load('vmovups');
  };
  switch (array.dtype) {
    case 'float32':
      return words();
    case 'int32':
      return code.fromWhole(words());
    case 'uint8':
      return code.fromWhole(load('vpmovzxbd'));
    case 'int8':
      return code.fromWhole(load('vpmovsxbd'));
    case 'bfloat16':
      return code.shiftLeft(load('vpmovzxwd'), 16);
    case 'float16':
      return load('vcvtph2ps');
    case 'float64': {
      const { bits } = code.unit;
      const [low, high] = [false, true].map((upper) => load('vcvtpd2ps', upper, { resultBits: code.halfBits, bits }));
      const name = bits === 512 ? 'vinsertf64x4' : 'vinsertf128';
      return code.op(name, [low, high], { immediate: 1, lastSourceBits: code.halfBits, inMemory: undefined });
    }
  }
}

/** Writes vectors of numbers at the place of a walk, rounded as rounding.ts does, and nothing beyond the lanes that count. */
export function storeElements(
  code: X64VectorCode,
  array: TypedRow,
  numbers: Bundle,
  lanes: LastLanes | undefined,
): void {
  const access = accessOf(code, array, lanes, false);
  const store = (name: VectorName, values: Bundle, upper = false, rest: Partial<Operation> = {}): void =>
    values.forEach((value, i) => code.body.store({ name, sources: [value], ...access(i, upper), ...rest }));
  const words = (values: Bundle): void => {
    if (lanes === undefined || code.unit.isa === 'avx512') return store('vmovupsStore', values);
    values.forEach((value, i) =>
      code.body.store({ name: 'vmaskmovpsStore', sources: [lanes.mask, value], ...access(i) }),
    );
  };
  const narrow = (values: Bundle, bytes: 1 | 2, isSigned: boolean): void => {
    if (code.unit.isa === 'avx512') return store(bytes === 1 ? 'vpmovdb' : 'vpmovdw', values);
    const packed = packedWords(code, values, isSigned);
    if (bytes === 2) return store('vmovupsStore', packed, false, { sourceBits: 128 });
    const name = isSigned ? 'vpacksswb' : 'vpackuswb';
    const rest = { sourceBits: 128, resultBits: 128, inMemory: undefined } as const;
    store('vmovqStore', code.op(name, [packed, packed], rest), false, { sourceBits: 128 });
  };
  switch (array.dtype) {
    case 'float32':
      return words(numbers);
    case 'int32':
      return words(wholeNumbers(code, numbers));
    case 'uint8': {
      // NaN becomes 0 with what is below it.
      const kept = code.smaller(code.float(255), code.larger(code.float(0), numbers));
      return narrow(code.truncate(kept), 1, false);
    }
    case 'int8': {
      const known = code.dropWhere(isNaNIn(code, numbers), numbers);
      const kept = code.smaller(code.float(127), code.larger(code.float(-128), known));
      return narrow(code.truncate(kept), 1, true);
    }
    case 'bfloat16':
      return narrow(bfloat16Words(code, numbers), 2, false);
    case 'float16':
      return store('vcvtps2ph', numbers, false, { immediate: 0 });
    case 'float64':
      store('vmovupdStore', code.widened(numbers));
      return store('vmovupdStore', code.widened(code.upperHalves(numbers)), true);
  }
}

/** The whole numbers that int32 can hold; 0 for NaN. */
function wholeNumbers(code: X64VectorCode, numbers: Bundle): Bundle {
  // The processor gives -2^31 for all that it cannot hold.
  const largestBelow = 2 ** 31 - 128;
  const isAbove = code.greater(numbers, code.float(largestBelow));
  const whole = code.choose(isAbove, code.bits(0x7fffffff), code.truncate(numbers));
  return code.dropWhere(isNaNIn(code, numbers), whole);
}

/** Whole numbers as words of 16 bits in the lower half, with AVX2, which packs within 128 bits. */
function packedWords(code: X64VectorCode, values: Bundle, isSigned: boolean): Bundle {
  const packed = code.op(isSigned ? 'vpackssdw' : 'vpackusdw', [values, values], { inMemory: undefined });
  return code.op('vpermq', [packed], { immediate: 0x08, inMemory: undefined });
}
