/** First bytes of well-known formats, as Latin-1 text. Longer and rarer beginnings come first. */
const beginnings: readonly (readonly [start: string, kind: string])[] = [
  ['\x89HDF\r\n\x1a\n', 'an HDF5 file (Keras .h5 and .weights.h5 files are HDF5)'],
  ['version https://git-lfs', 'a Git LFS pointer: the file itself was never downloaded'],
  ['SQLite format 3', 'an SQLite database'],
  ['\xfd7zXZ\0', 'an xz archive'],
  ["7z\xbc\xaf'\x1c", 'a 7-Zip archive'],
  ['\x93NUMPY', 'a NumPy .npy array'],
  ['\x89PNG', 'a PNG image'],
  ['\xd0\xcf\x11\xe0', 'an old Microsoft Office file (.xls, .doc)'],
  ['PK\x03\x04', 'a ZIP archive (PyTorch .pt, Keras .keras, NumPy .npz and Excel .xlsx files are ZIP archives)'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['PAR1', 'a Parquet table'],
  ['ARROW1', 'an Arrow table'],
  ['GGUF', 'a GGUF model'],
  ['%PDF', 'a PDF document'],
  ['Rar!', 'a RAR archive'],
  ['BZh', 'a bzip2 archive'],
  ['\x1f\x8b', 'a gzip archive'],
  ['\xff\xfe', 'text in UTF-16 (little endian)'],
  ['\xfe\xff', 'text in UTF-16 (big endian)'],
  ['\x80\x02', 'a Python pickle'],
  ['\x80\x03', 'a Python pickle'],
  ['\x80\x04', 'a Python pickle'],
  ['\x80\x05', 'a Python pickle'],
];

/**
 * What a file that is not in the wanted format looks like, for an error message; undefined when nothing is
 * recognised. It reads at most the first 512 bytes and is a guess: ask it only after the wanted format was refused.
 */
export function fileKindOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file';
  const head = Array.from(bytes.subarray(0, 512), (byte) => String.fromCharCode(byte)).join('');
  const known = beginnings.find(([start]) => head.startsWith(start));
  if (known !== undefined) return known[1];
  if (/^\0+$/.test(head)) return 'a file of zero bytes (an interrupted copy or download leaves such files)';
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^(<!doctype html|<html)/i.test(text)) return 'a web page (a failed download often is one)';
  if (text.startsWith('<?xml')) return 'an XML file';
  if (/[\0-\x08\x0e-\x1f]/.test(head)) return undefined;
  if (/^(\{\s*["}]|\[)/.test(text)) return 'a JSON file';
  return 'a text file';
}
