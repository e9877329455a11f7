import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RondoError } from '../errors.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';

const text = new TextEncoder();

/** A file with the header given as text, so that tests can damage it. */
function fileOf(header: string, numDataBytes = 0): Uint8Array {
  const json = text.encode(header);
  const bytes = new Uint8Array(8 + json.length + numDataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function fault(run: () => unknown): RondoError {
  try {
    run();
  } catch (error) {
    if (error instanceof RondoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const example = new Map<string, StoredTensor>([
  ['1', { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 4, 5, 6) }],
  ['lstm.kernel', { dtype: 'F64', shape: [2], data: Float64Array.of(0.1, -1e300) }],
  ['__proto__', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) }],
  ['ids', { dtype: 'I32', shape: [3, 1], data: Int32Array.of(7, -8, 9) }],
  ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
  ['mask', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 0, 255) }],
  ['层.权重', { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) }],
]);

describe('a safetensors file', () => {
  test('gives back what was stored, names in any script and empty tensors included', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(example, { note: 'a "b"\n语', z: '' }), 'x');
    expect(metadata).toEqual({ note: 'a "b"\n语', z: '' });
    expect(new Set(tensors.keys())).toEqual(new Set(example.keys()));
    for (const [name, tensor] of example) expect(tensors.get(name)).toEqual({ ...tensor, storedDtype: tensor.dtype });
  });

  test('may hold an empty tensor where another begins', () => {
    const tensors = new Map<string, StoredTensor>([
      ['a', { dtype: 'I64', shape: [0], data: new BigInt64Array(0) }],
      ['1', { dtype: 'F32', shape: [1], data: Float32Array.of(7) }],
    ]);
    expect([...decodeSafetensors(encodeSafetensors(tensors), 'x').tensors.keys()]).toEqual(['a', '1']);
  });

  test('has the same bytes whatever the order of tensors and metadata', () => {
    const reversed = new Map([...example].reverse());
    expect(encodeSafetensors(reversed, { b: '2', a: '1' })).toEqual(encodeSafetensors(example, { a: '1', b: '2' }));
  });

  test('has the bytes that the reference implementation writes', () => {
    // safetensors 0.8.0, Python: sha256(safetensors.numpy.save(tensors, {'format': 'rondo'})).
    const tensors = new Map<string, StoredTensor>([
      ['b', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
      ['a', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
      ['c', { dtype: 'F64', shape: [1], data: Float64Array.of(0.5) }],
      ['层', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-2n) }],
      ['i32', { dtype: 'I32', shape: [], data: Int32Array.of(-7) }],
      ['bool', { dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) }],
      ['i8', { dtype: 'I8', shape: [1], data: Int8Array.of(-1) }],
      ['i16', { dtype: 'I16', shape: [1], data: Int16Array.of(-1) }],
      ['u16', { dtype: 'U16', shape: [1], data: Uint16Array.of(9) }],
      ['u32', { dtype: 'U32', shape: [1], data: Uint32Array.of(9) }],
      ['u64', { dtype: 'U64', shape: [1], data: BigUint64Array.of(9n) }],
    ]);
    const bytes = encodeSafetensors(tensors, { format: 'rondo' });
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'dfb31e08f83647b6b31136daf62f4acbcc9be0c7b524a7082b7662a9cf6169f9',
    );
  });

  test('of 16-bit floats is that of the reference implementation, rounding included', () => {
    // safetensors 0.8.0 and PyTorch 2.13.0: sha256(safetensors.torch.save(tensors)), of tensors made by .half() and
    // .bfloat16() from these numbers in single precision.
    const tensors = new Map<string, StoredTensor>([
      ['h', { dtype: 'F16', shape: [5], data: Float32Array.of(0.1, -2.7, 65519, 1e-8, 70_000) }],
      ['b', { dtype: 'BF16', shape: [5], data: Float32Array.of(0.1, -2.7, 3e38, 3.4e38, 1e-40) }],
      ['i', { dtype: 'I16', shape: [1], data: Int16Array.of(-7) }],
      ['f', { dtype: 'F32', shape: [1], data: Float32Array.of(0.5) }],
      ['w', { dtype: 'I32', shape: [2], data: Int32Array.of(3, 4) }],
    ]);
    const bytes = encodeSafetensors(tensors);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'e4534ddc5f546edac5a91e34ef5889cee2909f77521d8707c8a463a404635652',
    );
    const read = decodeSafetensors(bytes, 'x').tensors.get('h')!;
    expect([read.dtype, read.storedDtype, ...read.data.slice(2)]).toEqual(['F32', 'F16', 65504, 0, Infinity]);
    expect(() =>
      encodeSafetensors(new Map([['h', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }]])),
    ).toThrow(/Float32Array for F16/);
  });

  test('begins its data at a multiple of 8, after spaces', () => {
    for (const name of ['a', 'ab', 'abc', 'abcdefgh']) {
      const bytes = encodeSafetensors(new Map([[name, { dtype: 'U8', shape: [1], data: Uint8Array.of(255) }]]));
      expect((bytes.length - 1) % 8).toBe(0);
      expect(bytes[bytes.length - 1]).toBe(255);
      expect([0x7d, 0x20]).toContain(bytes[bytes.length - 2]);
    }
  });

  test('is read from any byte offset of a larger buffer, and the tensors do not share its memory', () => {
    const encoded = encodeSafetensors(example);
    const pool = Buffer.alloc(encoded.length + 3);
    pool.set(encoded, 3);
    const { tensors } = decodeSafetensors(pool.subarray(3), 'x');
    pool.fill(0);
    expect(tensors.get('lstm.kernel')?.data).toEqual(Float64Array.of(0.1, -1e300));
  });

  test('with half-precision tensors is widened without loss', () => {
    const halves = fileOf(
      '{"h":{"dtype":"F16","shape":[7],"data_offsets":[0,14]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[14,20]}}',
      20,
    );
    const words = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x8000, 0x3f80, 0xc2f7, 0x7f80];
    new Uint8Array(halves.buffer).set(new Uint8Array(Uint16Array.from(words).buffer), halves.length - 20);
    const { tensors } = decodeSafetensors(halves, 'x');
    expect(tensors.get('h')).toEqual({
      dtype: 'F32',
      storedDtype: 'F16',
      shape: [7],
      data: Float32Array.of(1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, -Infinity, -0),
    });
    expect(tensors.get('b')?.data).toEqual(Float32Array.of(1, -123.5, Infinity));
  });
});

describe('decodeSafetensors refuses', () => {
  test('a file cut anywhere, as FILE_FORMAT', () => {
    const whole = encodeSafetensors(example, { a: 'b' });
    for (let length = 0; length < whole.length; length++) {
      expect(fault(() => decodeSafetensors(whole.subarray(0, length), 'w')).code).toBe('FILE_FORMAT');
    }
  });

  test('any damaged header with a coded error and never a crash', () => {
    const whole = encodeSafetensors(example);
    const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
    fc.assert(
      fc.property(fc.nat(headerEnd - 1), fc.nat(255), (at, value) => {
        const bytes = whole.slice();
        bytes[at] = value;
        try {
          decodeSafetensors(bytes, 'w');
        } catch (error) {
          expect(error).toBeInstanceOf(RondoError);
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  test.each([
    ['nothing', [], 'an empty file'],
    ['a ZIP archive', [0x50, 0x4b, 3, 4, 20, 0, 8, 8, 0, 0, 0, 0], 'ZIP archive'],
    ['an HDF5 file', [0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0, 0], 'HDF5'],
    ['a pickle', [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20], 'pickle'],
    ['JSON', [...text.encode('{"modelTopology": {"class_name": "Sequential"}}')], 'JSON'],
    ['a Git LFS pointer', [...text.encode('version https://git-lfs.github.com/spec/v1\noid sha256:4d')], 'Git LFS'],
    ['a web page', [...text.encode('<!DOCTYPE html><html><body>404')], 'web page'],
    ['zeros', new Array(64).fill(0), 'zero bytes'],
  ])('%s, saying what it looks like', (_, bytes, kind) => {
    const { code, message } = fault(() => decodeSafetensors(Uint8Array.from(bytes), 'model.safetensors'));
    expect(code).toBe('FILE_FORMAT');
    expect(message).toContain(kind);
    expect(message).toContain('fix:');
  });

  test('a header longer than 100 MB without allocating it', () => {
    const bytes = new Uint8Array(64).fill(0x7b);
    new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
    expect(fault(() => decodeSafetensors(bytes, 'w')).message).toContain('100000000');
  });

  const one = (facts: string): string => `{"a":{${facts}}}`;
  test.each([
    [
      'overlapping tensors',
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
      6,
      'overlaps',
    ],
    [
      'a gap',
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}',
      6,
      'gap',
    ],
    ['offsets beyond the end', one('"dtype":"U8","shape":[9],"data_offsets":[0,9]'), 6, 'cut short'],
    ['bytes after the end', one('"dtype":"U8","shape":[2],"data_offsets":[0,2]'), 6, 'goes on'],
    ['a wrong byte count', one('"dtype":"F32","shape":[2],"data_offsets":[0,6]'), 6, '8 bytes for F32 [2]'],
    ['negative sizes', one('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), 4, 'impossible shape'],
    [
      'sizes that overflow',
      one('"dtype":"F32","shape":[4503599627370496,4503599627370496],"data_offsets":[0,4]'),
      4,
      'wrong number',
    ],
    ['reversed offsets', one('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), 4, 'offsets'],
    ['an element type it cannot read', one('"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]'), 4, 'F8_E4M3'],
    ['metadata that is not text', '{"__metadata__":{"a":1}}', 0, 'not text'],
    ['a header that is no JSON', '{"a":', 0, 'not JSON'],
    ['an entry that is no object', '{"a":null}', 0, 'not an object'],
  ])('%s', (_, header, numDataBytes, said) => {
    const { code, message } = fault(() => decodeSafetensors(fileOf(header, numDataBytes), 'w'));
    expect(code).toBe('FILE_FORMAT');
    expect(message).toContain(said);
  });
});

describe('encodeSafetensors refuses', () => {
  test.each<[string, string, StoredTensor, string]>([
    ['a reserved name', '__metadata__', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }, 'rename'],
    ['half a surrogate pair in a name', '\ud800', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }, 'surrogate'],
    ['an array of another type', 'a', { dtype: 'F32', shape: [1], data: Float64Array.of(1) }, 'Float32Array for F32'],
    ['a shape that does not fit', 'a', { dtype: 'U8', shape: [2, 2], data: Uint8Array.of(1) }, '4 values for [2, 2]'],
  ])('%s', (_, name, tensor, said) => {
    expect(fault(() => encodeSafetensors(new Map([[name, tensor]]))).message).toContain(said);
  });
});
