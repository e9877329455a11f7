import { buffer } from 'node:stream/consumers';
import { decodeUtf8, readTable, type Table } from '../src/index.js';
import { readText } from '../src/node.js';
import { WrongUsage } from './wrong-usage.js';

/** The text of a file, or of the standard input for `-`. @throws FILE_ACCESS, DATA_FORMAT */
export async function readTextInput(path: string): Promise<string> {
  if (path !== '-') return readText(path);
  if (process.stdin.isTTY) throw new WrongUsage({ where: 'standard input', what: 'nothing is sent to it.', expected: 'text from a pipe or a file', fix: 'write `rondo ... - < FILE`, or name a file.' });
  return decodeUtf8(new Uint8Array(await buffer(process.stdin)), 'standard input');
}

/** Several texts as one, each ended by a line end. */
export async function readTextInputs(paths: readonly string[]): Promise<string> {
  let all = '';
  for (const path of paths) {
    const text = await readTextInput(path);
    all += text.endsWith('\n') || paths.length === 1 ? text : `${text}\n`;
  }
  return all;
}

export async function readTableInput(path: string): Promise<Table> {
  return readTable(await readTextInput(path), { where: path === '-' ? 'standard input' : path });
}
