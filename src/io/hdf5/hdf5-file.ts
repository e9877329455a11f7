import { foreignFile } from '../file-fault.js';
import type { DecodedTensor } from '../safetensors-types.js';
import { datasetOf, datasetValues, type Hdf5Dataset } from './dataset-values.js';
import { groupLinks } from './group-links.js';
import { attributeOf, attributeValue, type Hdf5Attribute, type Hdf5AttributeValue } from './hdf5-attribute.js';
import { Hdf5Bytes, undefinedAddress } from './hdf5-bytes.js';
import { type HeaderMessage, headerMessages, messageOf, messageTypes } from './object-header.js';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether bytes begin as an HDF5 file does. */
export function isHdf5(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** A group or a dataset of an HDF5 file. */
export class Hdf5Object {
  readonly #file: Hdf5Bytes;
  readonly #messages: readonly HeaderMessage[];
  readonly #open: (address: number, path: string) => Hdf5Object;
  #attributes: ReadonlyMap<string, Hdf5Attribute> | undefined;
  #links: ReadonlyMap<string, number> | undefined;
  #dataset: Hdf5Dataset | undefined;

  constructor(
    file: Hdf5Bytes,
    readonly path: string,
    readonly address: number,
    open: (address: number, path: string) => Hdf5Object,
  ) {
    this.#file = file;
    this.#messages = headerMessages(file, address);
    this.#open = open;
  }

  get isDataset(): boolean {
    return this.#messages.some(({ type }) => type === messageTypes.layout);
  }

  /** The members of a group; none of a dataset. */
  get names(): string[] {
    return [...this.#members.keys()];
  }

  /** A member of a group, or one further down: `a/b`. */
  member(path: string): Hdf5Object | undefined {
    let found: Hdf5Object = this;
    for (const name of path.split('/')) {
      if (name === '') continue;
      const address = found.#members.get(name);
      if (address === undefined) return undefined;
      found = this.#open(address, found.path === '' ? name : `${found.path}/${name}`);
    }
    return found;
  }

  /** The value of an attribute; undefined where there is none. @throws FILE_FORMAT where it cannot be read */
  attribute(name: string): Hdf5AttributeValue | undefined {
    this.#attributes ??= this.#readAttributes();
    const found = this.#attributes.get(name);
    return found && attributeValue(this.#file, found);
  }

  /** The shape of a dataset. @throws FILE_FORMAT for a group */
  get shape(): readonly number[] {
    return this.#asDataset.shape;
  }

  /** How many bytes the values of a dataset take, and whether they come out of packed chunks. @throws FILE_FORMAT for a group */
  get extent(): { readonly sizeBytes: number; readonly isPacked: boolean } {
    const { sizeBytes, layout } = this.#asDataset;
    return { sizeBytes, isPacked: layout.kind === 'chunks' };
  }

  /** The values of a dataset, row-major; floats of 16 bits as Float32Array. @throws FILE_FORMAT, OUT_OF_MEMORY */
  values(): Promise<DecodedTensor> {
    return datasetValues(this.#file, this.#asDataset, this.path);
  }

  get #members(): ReadonlyMap<string, number> {
    this.#links ??= this.isDataset ? new Map() : groupLinks(this.#file, this.#messages);
    return this.#links;
  }

  get #asDataset(): Hdf5Dataset {
    this.#dataset ??= datasetOf(this.#file, this.#messages, this.path);
    return this.#dataset;
  }

  #readAttributes(): ReadonlyMap<string, Hdf5Attribute> {
    const file = this.#file;
    const info = messageOf(file, this.#messages, messageTypes.attributeInfo, 'the attributes of an object');
    if (info !== undefined) {
      info.skip(1);
      info.skip(info.u8() & 1 ? 2 : 0);
      if (info.address() !== undefinedAddress) throw file.refused('attributes that lie in a heap', this.path);
    }
    const attributes = new Map<string, Hdf5Attribute>();
    for (const { type, isShared, begin, end } of this.#messages) {
      if (type !== messageTypes.attribute) continue;
      if (isShared) throw file.refused('facts that several objects share', 'an attribute');
      const attribute = attributeOf(file, file.cursor(begin, end - begin, 'an attribute'));
      attributes.set(attribute.name, attribute);
    }
    return attributes;
  }
}

/**
 * The root group of an HDF5 file in memory: groups, attributes, and datasets of numbers that lie together or in deflated chunks, as
 * h5py writes them. What leads out of the file (links to others, values kept elsewhere, virtual datasets) is refused, every size is held
 * against the bytes that there are, and work is bounded by the length of the file. The HDF Group, "HDF5 File Format Specification",
 * version 3.0.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT
 */
export function openHdf5(bytes: Uint8Array, where: string): Hdf5Object {
  if (!isHdf5(bytes)) throw foreignFile(where, 'HDF5 file', bytes, 'bytes that begin with 89 48 44 46');
  const file = new Hdf5Bytes(bytes, where);
  const head = file.cursor(8, bytes.length - 8, 'the superblock');
  const version = head.u8();
  if (version > 3) throw file.refused('a superblock of a newer version', `version ${version}`);
  if (version < 2) head.skip(4);
  file.offsetBytes = head.u8();
  file.lengthBytes = head.u8();
  if (![2, 4, 8].includes(file.offsetBytes) || ![2, 4, 8].includes(file.lengthBytes))
    throw file.damaged('addresses have no possible width.', `${file.offsetBytes} and ${file.lengthBytes} bytes`);
  head.skip(version < 2 ? (version === 1 ? 13 : 9) : 1);
  const base = head.address();
  if (base !== 0) throw file.refused('addresses that begin elsewhere', `base ${base}`);
  // Of the first versions: free space, end, driver, and a table entry whose first field is a name. Of others: extension, end.
  const skipped =
    version < 2 ? [head.address(), head.address(), head.address(), head.address()] : [head.address(), head.address()];
  const end = skipped[1];
  if (end > bytes.length) throw file.damaged('it is cut short.', `${bytes.length} of ${end} bytes`);
  const objects = new Map<number, Hdf5Object>();
  const open = (address: number, path: string): Hdf5Object => {
    // An object has the path by which it was met first.
    const known = objects.get(address);
    if (known !== undefined) return known;
    const made = new Hdf5Object(file, path, address, open);
    objects.set(address, made);
    return made;
  };
  return open(head.address(), '');
}
