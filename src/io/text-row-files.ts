import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import {
  joinTextRows,
  looksLikeFastText,
  type ReadTextRowsOptions,
  readTextRows,
  type TextFormat,
  type TextRows,
} from '../data/text-rows.js';
import { RondoError } from '../errors.js';
import { readData, readText } from './data-files.js';
import { decodeText, type TextEncoding } from './encodings.js';
import { fileAccessError } from './files.js';

/**
 * `folders`: a folder for each class, with one text a file. `class-files`: a file for each class, with one text a line.
 */
export type TextFileFormat = TextFormat | 'folders' | 'class-files';
export const textFileFormats: readonly TextFileFormat[] = [
  'csv',
  'tsv',
  'jsonl',
  'lines',
  'fasttext',
  'folders',
  'class-files',
  'texts',
];

export interface ReadTextFilesOptions extends Omit<ReadTextRowsOptions, 'where' | 'format'> {
  /**
   * By default what the names say: .csv, .tsv, .jsonl, .ndjson, or a folder; or fastText's labels at the beginning of a
   * file.
   */
  format?: TextFileFormat | undefined;
  /** Default utf-8. */
  encoding?: TextEncoding | undefined;
}

/**
 * The texts of files or folders, in the order given.
 *
 * @throws USAGE where the names do not tell the format; FILE_ACCESS; as `readTextRows` and `decodeText`
 */
export async function readTextFiles(paths: readonly string[], options: ReadTextFilesOptions = {}): Promise<TextRows> {
  const { encoding, format, ...own } = options;
  const parts: TextRows[] = [];
  const names = paths.map((path) => withoutArchive(basename(path)));
  for (const [i, path] of paths.entries()) {
    const kind = format ?? (await formatOf(path, encoding));
    if (kind === 'folders') parts.push(await readClassFolders(path, encoding));
    else if (kind === 'class-files') parts.push(await readClassFile(path, classOf(names, i), encoding));
    else parts.push(await readTextRows(await readText(path, encoding), { ...own, where: path, format: kind }));
  }
  return joinTextRows(parts);
}

async function formatOf(path: string, encoding: TextEncoding | undefined): Promise<TextFileFormat> {
  const facts = await stat(path).catch(async (cause: unknown) => {
    throw await fileAccessError('read', path, cause);
  });
  if (facts.isDirectory()) return 'folders';
  const known: Readonly<Record<string, TextFormat>> = {
    '.csv': 'csv',
    '.tsv': 'tsv',
    '.jsonl': 'jsonl',
    '.ndjson': 'jsonl',
  };
  const found = known[extname(withoutArchive(path)).toLowerCase()];
  if (found !== undefined) return found;
  if (looksLikeFastText(decodeText(await readData(path), path, encoding))) return 'fasttext';
  throw new RondoError('USAGE', {
    where: path,
    what: 'the name does not tell how texts and labels stand in it.',
    expected: `a format: ${textFileFormats.join(', ')}`,
    received: extname(path) === '' ? 'a name without an ending' : extname(path),
    fix: 'give the `format`.',
  });
}

async function readClassFolders(folder: string, encoding: TextEncoding | undefined): Promise<TextRows> {
  const entries = await listed(folder);
  const classes = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (classes.length === 0)
    throw new RondoError('DATA_FORMAT', {
      where: folder,
      what: 'the folder holds no folders.',
      expected: 'a folder for each class, with one text a file',
      received: `${entries.length} files`,
      fix: 'sort the files into one folder a class.',
    });
  const [texts, labels, places]: [string[], string[], string[]] = [[], [], []];
  for (const label of classes) {
    for (const entry of await listed(join(folder, label))) {
      const path = join(folder, label, entry.name);
      if (!entry.isFile())
        throw new RondoError('DATA_FORMAT', {
          where: path,
          what: 'a folder of a class holds another folder.',
          expected: 'text files',
          fix: 'give the folder that holds the folders of the classes.',
        });
      const bytes = await readData(path);
      texts.push(bytes.length === 0 ? '' : decodeText(bytes, path, encoding));
      labels.push(label);
      places.push(path);
    }
  }
  return { texts, labels, places };
}

async function readClassFile(path: string, label: string, encoding: TextEncoding | undefined): Promise<TextRows> {
  const rows = await readTextRows(await readText(path, encoding), { where: path, format: 'texts' });
  return { ...rows, labels: rows.texts.map(() => label) };
}

/** The name of what a gzip archive holds. */
function withoutArchive(path: string): string {
  return path.replace(/\.gz$/i, '');
}

/** The name without its ending; the ending where that is all that differs (`polarity.pos`, `polarity.neg`). */
function classOf(names: readonly string[], i: number): string {
  const stems = names.map((name) => name.slice(0, name.length - extname(name).length));
  const isByEnding = names.length > 1 && new Set(stems).size === 1 && names.every((name) => extname(name) !== '');
  return isByEnding ? extname(names[i]).slice(1) : stems[i];
}

async function listed(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw await fileAccessError('read', folder, cause);
  }
}
