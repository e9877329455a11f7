import { RondoError, withinMemory } from '../../errors.js';
import { damagedFile } from '../file-fault.js';

/**
 * Deflated bytes unpacked, stopping as soon as there are more than were announced.
 *
 * @param format `deflate-raw` as in ZIP archives, or `deflate` with the frame of zlib.
 * @throws FILE_FORMAT where they are damaged, or of another length; OUT_OF_MEMORY
 */
export async function inflated(
  packed: Uint8Array,
  sizeBytes: number,
  where: string,
  format: 'deflate-raw' | 'deflate' = 'deflate-raw',
): Promise<Uint8Array> {
  const result = withinMemory(where, () => new Uint8Array(sizeBytes));
  const lying = (received: string): RondoError =>
    damagedFile({
      where,
      what: 'it unpacks to another length than was announced.',
      expected: `${sizeBytes} bytes`,
      received,
    });
  const stream = new DecompressionStream(format);
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  // The reader sees what goes wrong, too.
  writer.write(packed as BufferSource).catch(() => undefined);
  writer.close().catch(() => undefined);
  let filled = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const piece = next.value as Uint8Array;
      if (filled + piece.length > sizeBytes) throw lying('more');
      result.set(piece, filled);
      filled += piece.length;
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    if (cause instanceof RondoError) throw cause;
    throw damagedFile({
      where,
      what: 'the packed bytes are damaged.',
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  if (filled !== sizeBytes) throw lying(`${filled} bytes`);
  return result;
}
