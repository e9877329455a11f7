import { type Hdf5Bytes, type Hdf5Cursor, undefinedAddress } from './hdf5-bytes.js';
import { type HeaderMessage, messageOf, messageTypes } from './object-header.js';

/** Deeper than any tree of links: each level has at least two children. */
const deepestTree = 64;

/**
 * The members of a group by name: the addresses of their headers. Links to other files are refused, and so are those by name, which no
 * file of weights has.
 *
 * @throws FILE_FORMAT
 */
export function groupLinks(file: Hdf5Bytes, messages: readonly HeaderMessage[]): ReadonlyMap<string, number> {
  const links = new Map<string, number>();
  const add = (name: string, address: number): void => {
    file.spend();
    if (links.has(name)) throw file.damaged('a group has two members of one name.', name);
    links.set(name, address);
  };
  const table = messageOf(file, messages, messageTypes.symbolTable, 'a group');
  if (table !== undefined) addSymbols(file, table, add);
  const info = messageOf(file, messages, messageTypes.linkInfo, 'the links of a group');
  if (info !== undefined) {
    info.skip(1);
    info.skip(info.u8() & 1 ? 8 : 0);
    if (info.address() !== undefinedAddress) throw file.refused('a group whose links lie in a heap', 'dense links');
  }
  for (const { type, isShared, begin, end } of messages)
    if (type === messageTypes.link) {
      if (isShared) throw file.refused('facts that several objects share', 'a link');
      addLink(file, file.cursor(begin, end - begin, 'a link'), add);
    }
  return links;
}

/** One link message. Specification IV.A.2.g. */
function addLink(file: Hdf5Bytes, message: Hdf5Cursor, add: (name: string, address: number) => void): void {
  message.skip(1);
  const flags = message.u8();
  const type = flags & 0x08 ? message.u8() : 0;
  message.skip((flags & 0x04 ? 8 : 0) + (flags & 0x10 ? 1 : 0));
  const name = file.text(message.bytes(message.uint(1 << (flags & 3))));
  if (type !== 0) throw linkElsewhere(file, name, type === 64 ? 'a link to another file' : 'a link by name');
  add(name, message.address());
}

/** The links of the older form: a tree of tables, with names in a heap. Specification III.A.1, III.B, III.C. */
function addSymbols(file: Hdf5Bytes, message: Hdf5Cursor, add: (name: string, address: number) => void): void {
  const [tree, heap] = [message.address(), message.address()];
  const header = file.signed(heap, 'HEAP', 'the heap of names');
  header.skip(4);
  const size = header.length();
  header.skip(file.lengthBytes);
  const names = file.cursor(header.address(), size, 'the heap of names');
  const seen = new Set<number>();
  const walk = (address: number, depth: number): void => {
    if (seen.has(address) || depth > deepestTree) throw file.damaged('the tree of a group goes in a circle.');
    seen.add(address);
    file.spend();
    const node = file.signed(address, 'TREE', 'the tree of a group');
    const [type, level, entries] = [node.u8(), node.u8(), node.u16()];
    if (type !== 0) throw file.damaged('the tree of a group is another one.', `type ${type}`);
    node.skip(2 * file.offsetBytes);
    for (let i = 0; i < entries; i++) {
      node.skip(file.lengthBytes);
      const child = node.address();
      if (level > 0) walk(child, depth + 1);
      else table(child);
    }
  };
  const table = (address: number): void => {
    if (seen.has(address)) throw file.damaged('a table of a group is listed twice.');
    seen.add(address);
    const node = file.signed(address, 'SNOD', 'a table of a group');
    node.skip(2);
    for (let left = node.u16(); left > 0; left--) {
      const place = node.address();
      const target = node.address();
      const kind = node.u32();
      node.skip(20);
      const name = terminated(file, names, place);
      if (kind === 2) throw linkElsewhere(file, name, 'a link by name');
      add(name, target);
    }
  };
  walk(tree, 0);
}

/** The text at a place of the heap, up to the NUL behind it. */
function terminated(file: Hdf5Bytes, heap: Hdf5Cursor, place: number): string {
  const begin = heap.at + place;
  const end = place < 0 || begin >= heap.end ? -1 : file.bytes.indexOf(0, begin);
  if (end < 0 || end > heap.end) throw file.damaged('a name does not lie inside of its heap.', String(place));
  file.spend(end - begin);
  return file.text(file.bytes.subarray(begin, end));
}

function linkElsewhere(file: Hdf5Bytes, name: string, kind: string): Error {
  return file.refused(kind, `${kind}, \`${name.slice(0, 100)}\``, 'copy what it links to into the file itself.');
}
