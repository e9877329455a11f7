import { appendFile } from 'node:fs/promises';
import { RondoError } from '../src/index.js';
import { readText, writeFileAtomically } from '../src/node.js';
import { exists } from './output-paths.js';

/** Undefined for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How records stand in a file, one a line. */
export interface RecordLines<Record> {
  /** What a record is of, for messages, such as `a run`. */
  readonly of: string;
  lineOf(record: Record): string;
  /** Undefined for a line that is none. */
  recordOf(line: string): Record | undefined;
}

/**
 * The records of a file; none where there is no file. A last line that was being written when the machine went down is
 * no record, and is removed.
 *
 * @throws FILE_FORMAT for any other line that is none; FILE_ACCESS
 */
export async function readRecords<Record>(
  path: string,
  { of, lineOf, recordOf }: RecordLines<Record>,
): Promise<Record[]> {
  if (!(await exists(path))) return [];
  const records: Record[] = [];
  const lines = (await readText(path)).split('\n').filter((line) => line !== '');
  for (const [i, line] of lines.entries()) {
    const record = recordOf(line);
    if (record !== undefined) records.push(record);
    else if (i < lines.length - 1)
      throw new RondoError('FILE_FORMAT', {
        where: `${path}, line ${i + 1}`,
        what: `this is no record of ${of}.`,
        received: line.slice(0, 80),
        fix: 'remove the line; its run is then done again.',
      });
  }
  await writeFileAtomically(path, records.map((record) => `${lineOf(record)}\n`).join(''));
  return records;
}

/** Adds a record at the end: one write of one line, so that a reader sees whole lines. */
export async function addRecord<Record>(path: string, { lineOf }: RecordLines<Record>, record: Record): Promise<void> {
  await appendFile(path, `${lineOf(record)}\n`);
}
