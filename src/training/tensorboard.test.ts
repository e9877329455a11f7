import { describe, expect, test } from 'vitest';
import { crc32c } from '../checksum.js';
import { encodeFileVersion, encodeScalar } from './tensorboard.js';

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  test.each([
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['32 rising bytes', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 falling bytes', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s is the published one', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

// Made with tensorboard 2.21.0: RecordWriter.write(Event(...).SerializeToString()).
describe('an event record', () => {
  test('of the file version has the bytes that TensorBoard writes', () => {
    expect(hex(encodeFileVersion(1700000000.25))).toBe(
      '1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9',
    );
  });

  test('of a scalar has them too, with a tag beyond ASCII and a step beyond 32 bits', () => {
    expect(
      hex(encodeScalar({ tag: 'loss/训练', value: 0.1, step: 5_000_000_000, wallTimeSeconds: 1700000001.5 })),
    ).toBe(
      '2500000000000000eabc36f30900006040fc54d9411080e497d0122a140a120a0b6c6f73732fe8aeade7bb8315cdcccc3d30a11747',
    );
  });

  test('leaves out step 0 and keeps a value that is not a number', () => {
    expect(hex(encodeScalar({ tag: 'a', value: NaN, step: 0, wallTimeSeconds: 1.5 }))).toBe(
      '1500000000000000d6ab6b2b09000000000000f83f2a0a0a080a0161150000c07ffb2d4ab7',
    );
  });

  test('takes a tag longer than one length byte', () => {
    const tag = 'x'.repeat(300);
    const record = encodeScalar({ tag, value: 1, step: 1, wallTimeSeconds: 0 });
    const length = new DataView(record.buffer).getUint32(0, true);
    expect(record.length).toBe(length + 16);
    expect(hex(record)).toContain(`0aac02${'78'.repeat(300)}150000803f`);
  });

  test('is refused for a step that cannot be counted and for an empty tag', () => {
    for (const step of [-1, 0.5, NaN, 2 ** 53]) {
      expect(() => encodeScalar({ tag: 'a', value: 1, step, wallTimeSeconds: 0 })).toThrow(/OUT_OF_RANGE/);
    }
    expect(() => encodeScalar({ tag: '', value: 1, step: 1, wallTimeSeconds: 0 })).toThrow(/OUT_OF_RANGE/);
  });
});
