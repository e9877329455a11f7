import { numbersAt } from './dataset-values.js';
import type { Hdf5Bytes, Hdf5Cursor } from './hdf5-bytes.js';
import { axesOf, countOf, type Hdf5Type, typeOf } from './hdf5-type.js';
import { heapText } from './heap-text.js';

/** What an attribute holds: one text or number, or a list of them. */
export type Hdf5AttributeValue = string | number | readonly string[] | readonly number[];

/** An attribute whose value is read when it is asked for. */
export interface Hdf5Attribute {
  readonly name: string;
  readonly type: Hdf5Type;
  readonly axes: readonly number[] | undefined;
  readonly begin: number;
  readonly end: number;
}

/** One attribute message. HDF5 File Format Specification 3.0, section IV.A.2.m. */
export function attributeOf(file: Hdf5Bytes, message: Hdf5Cursor): Hdf5Attribute {
  const version = message.u8();
  if (version < 1 || version > 3) throw file.damaged('an attribute has no known version.', String(version));
  const flags = message.u8();
  const sizes = [message.u16(), message.u16(), message.u16()];
  if (version === 3) message.skip(1);
  if (version > 1 && flags !== 0) throw file.refused('facts that several objects share', 'an attribute');
  const [name, type, shape] = sizes.map((size) => message.part(version === 1 ? 8 * Math.ceil(size / 8) : size));
  const text = name.bytes(name.left);
  const end = text.indexOf(0);
  return {
    name: file.text(end < 0 ? text : text.subarray(0, end)),
    type: typeOf(file, type),
    axes: axesOf(file, shape),
    begin: message.at,
    end: message.end,
  };
}

/** The value of an attribute. @throws FILE_FORMAT where it is longer than its message, or of a kind that is not read */
export function attributeValue(file: Hdf5Bytes, { name, type, axes, begin, end }: Hdf5Attribute): Hdf5AttributeValue {
  if (axes === undefined) return [];
  const count = countOf(file, axes);
  if (count * type.size > end - begin)
    throw file.damaged(
      `the attribute \`${name}\` is longer than its message.`,
      `${count} values of ${type.size} bytes`,
    );
  const data = file.cursor(begin, count * type.size, `the attribute ${name}`);
  file.spend(count);
  if (type.kind === 'text' || type.kind === 'heapText') {
    const texts = Array.from({ length: count }, () =>
      type.kind === 'heapText' ? heapText(file, data.part(type.size)) : file.text(padded(data.bytes(type.size))),
    );
    return axes.length === 0 ? texts[0] : texts;
  }
  if (type.kind !== 'number') throw file.refused(`an attribute of ${type.kind} values`, name);
  const numbers = Array.from(numbersAt(file, type, data.bytes(count * type.size)), Number);
  return axes.length === 0 ? numbers[0] : numbers;
}

/** Bytes up to the first NUL: fixed lengths are filled with them. */
function padded(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
