import { crc32 } from '../../checksum.js';
import { RondoError } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { inflated } from './inflated.js';

import { type ZipMember, zipDirectory } from './zip-directory.js';

/** What the deflated members of an archive may unpack to together, unless the caller knows better: 4 GiB. */
export const defaultMaxBytes = 2 ** 32;

/** A ZIP archive in memory, whose members are unpacked when they are asked for. */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  readonly #members: ReadonlyMap<string, ZipMember>;

  /** @param maxBytes for what is deflated. @throws FILE_FORMAT as {@link zipDirectory}; OUT_OF_MEMORY beyond `maxBytes` */
  constructor(bytes: Uint8Array, where: string, maxBytes = defaultMaxBytes) {
    this.#bytes = bytes;
    this.#where = where;
    this.#members = zipDirectory(bytes, where);
    let total = 0;
    for (const { isDeflated, sizeBytes } of this.#members.values()) if (isDeflated) total += sizeBytes;
    if (total > maxBytes)
      throw new RondoError('OUT_OF_MEMORY', {
        where,
        what: 'the archive unpacks to more than is read.',
        expected: `at most ${maxBytes} bytes`,
        received: `${total} bytes, packed in ${bytes.length}`,
        fix: 'raise `maxBytes` if you trust the archive.',
        option: 'maxBytes',
      });
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /**
   * The bytes of a member; of a stored one a view of the archive.
   *
   * @throws FILE_FORMAT where there is none, or its length or checksum is another one.
   */
  async read(name: string): Promise<Uint8Array> {
    const member = this.#members.get(name);
    const where = `${this.#where}: ${name}`;
    if (member === undefined)
      throw damagedFile({
        where: this.#where,
        what: `the archive has no member \`${name}\`.`,
        received: this.names.slice(0, 10).join(', '),
      });
    const packed = this.#bytes.subarray(member.begin, member.end);
    const bytes = member.isDeflated ? await inflated(packed, member.sizeBytes, where) : packed;
    if (crc32(bytes) !== member.crc)
      throw damagedFile({ where, what: 'the content is not what was packed: its checksum is another one.' });
    return bytes;
  }
}
