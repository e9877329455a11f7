import { crc32c } from '../checksum.js';
import { RondoError } from '../errors.js';
import type { DecodedTensor, StoredTensor } from './safetensors.js';

/** The key of the metadata that holds the checksum of a model file. */
export const checksumKey = 'rondo.checksum';

/**
 * The checksum of a file's tensors, in the order of their names, and of its description: `crc32c:` and eight digits.
 */
export function checksumOf(
  tensors: ReadonlyMap<string, StoredTensor & Pick<DecodedTensor, 'pieces'>>,
  description: string,
): string {
  const utf8 = new TextEncoder();
  let sum = 0;
  for (const name of [...tensors.keys()].sort()) {
    const tensor = tensors.get(name)!;
    sum = crc32c(utf8.encode(name), sum);
    for (const { buffer, byteOffset, byteLength } of tensor.pieces?.() ?? [tensor.data])
      sum = crc32c(new Uint8Array(buffer, byteOffset, byteLength), sum);
  }
  return `crc32c:${crc32c(utf8.encode(description), sum).toString(16).padStart(8, '0')}`;
}

/** Finds damage that leaves the form of a file intact. Files without a checksum are older. @throws FILE_FORMAT */
export function requireChecksum(
  tensors: ReadonlyMap<string, DecodedTensor>,
  metadata: Readonly<Record<string, string>>,
  description: string,
  where: string,
): void {
  const expected = metadata[checksumKey];
  if (expected === undefined) return;
  const received = checksumOf(tensors, description);
  if (expected === received) return;
  throw new RondoError('FILE_FORMAT', {
    where,
    what: 'the content is not what was saved.',
    expected: `checksum ${expected.slice(0, 40)}`,
    received,
    fix: `use an intact copy; where the file was changed on purpose, remove \`${checksumKey}\` from its metadata.`,
  });
}
