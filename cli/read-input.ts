import {
  decodeText,
  type ReadTableOptions,
  readTable,
  type Table,
  type TextEncoding,
  utf8Pieces,
} from '../src/index.js';
import { joined, readTableFile, readText, unpacked } from '../src/node.js';
import { WrongUsage } from './wrong-usage.js';

const standardInput = 'standard input';

/** What comes from the standard input, unpacked where it is a gzip archive. @throws WrongUsage where nothing is sent */
function inputPieces(): AsyncIterable<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new WrongUsage({
      where: standardInput,
      what: 'nothing is sent to it.',
      expected: 'text from a pipe or a file',
      fix: 'write `rondo ... - < FILE`, or name a file.',
    });
  }
  return unpacked(process.stdin, standardInput);
}

/** The text of a file, or of the standard input for `-`. @throws FILE_ACCESS, DATA_FORMAT */
export async function readTextInput(path: string, encoding?: TextEncoding): Promise<string> {
  if (path !== '-') return readText(path, encoding);
  return decodeText(await joined(inputPieces(), standardInput), standardInput, encoding);
}

/** Several texts as one, each ended by a line end. */
export async function readTextInputs(paths: readonly string[], encoding?: TextEncoding): Promise<string> {
  return (await readEachTextInput(paths, encoding)).join('');
}

/** Several texts, each ended by a line end where it is not the only one. */
export async function readEachTextInput(paths: readonly string[], encoding?: TextEncoding): Promise<string[]> {
  const texts: string[] = [];
  for (const path of paths) {
    const text = await readTextInput(path, encoding);
    texts.push(text.endsWith('\n') || paths.length === 1 ? text : `${text}\n`);
  }
  return texts;
}

/** How a table is read, as far as the command line says. */
export interface TableInputOptions extends Pick<ReadTableOptions, 'columns' | 'decimal'> {
  readonly encoding?: TextEncoding | undefined;
}

/** The table of a file, or of the standard input for `-`. @throws FILE_ACCESS, DATA_FORMAT */
export async function readTableInput(path: string, { encoding, ...options }: TableInputOptions = {}): Promise<Table> {
  if (path !== '-') return readTableFile(path, { encoding, ...options });
  return readTable(utf8Pieces(inputPieces(), standardInput, encoding), { where: standardInput, ...options });
}
