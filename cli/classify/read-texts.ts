import { stat } from 'node:fs/promises';
import {
  type LabelledTexts,
  RondoError,
  readTextRows,
  type TextEncoding,
  type TextFormat,
  type TextRows,
} from '../../src/index.js';
import { readTextFiles, type TextFileFormat } from '../../src/node.js';
import type { Given } from '../options.js';
import { say } from '../output.js';
import { readTextInput } from '../read-input.js';
import { WrongUsage } from '../wrong-usage.js';
import type { readingOptions } from './reading-options.js';

type ReadingOptions = Given<typeof readingOptions>;

/** What of the options a model file keeps, so that other files are read in the same way. */
export function readingOf(options: ReadingOptions): Record<string, string> {
  const { format, text, label, columns, encoding } = options;
  const kept = { format, text, label, 'label-until': options['label-until'], columns, encoding };
  return Object.fromEntries(Object.entries(kept).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The options given, and for the others those that the model was trained with. */
export function withReading(options: ReadingOptions, reading: Readonly<Record<string, string>>): ReadingOptions {
  const given = readingOf(options);
  return { ...reading, ...given } as ReadingOptions;
}

/** Labelled texts of files. @throws FILE_ACCESS, DATA_FORMAT, UNKNOWN_NAME, USAGE */
export async function readLabelled(paths: readonly string[], options: ReadingOptions): Promise<LabelledTexts> {
  const rows = await read(paths, options, undefined);
  rows.notes?.forEach(say);
  if (rows.labels !== undefined) return rows as LabelledTexts;
  throw new RondoError('USAGE', {
    where: paths[0],
    what: 'texts without labels cannot be learned from or measured on.',
    expected: 'a format with labels',
    received: `--format ${options.format}`,
    fix: 'choose another --format.',
  });
}

/**
 * Texts of a file or, for `-`, of the standard input; labels are not read. Files that tell no format hold one text a
 * line.
 *
 * @param keepEmpty whether empty lines of such files are texts too.
 */
export async function readUnlabelled(path: string, options: ReadingOptions, keepEmpty = false): Promise<TextRows> {
  const format = options.format ?? (await plainFormat(path));
  const rows = await read([path], { ...options, format }, null, keepEmpty);
  rows.notes?.forEach(say);
  return { ...rows, labels: undefined };
}

async function read(
  paths: readonly string[],
  options: ReadingOptions,
  noLabel: null | undefined,
  keepEmpty = false,
): Promise<TextRows> {
  const { format, text, columns, encoding } = options;
  const common = {
    text,
    label: noLabel === null ? null : options.label,
    labelUntil: options['label-until'],
    keepEmpty,
    columns: columns?.split(','),
  };
  if (!paths.includes('-'))
    return readTextFiles(paths, {
      ...common,
      format: format as TextFileFormat | undefined,
      encoding: encoding as TextEncoding | undefined,
    });
  if (paths.length > 1 || format === undefined || format === 'folders' || format === 'class-files') {
    throw new WrongUsage({
      where: 'standard input',
      what: format === undefined ? 'it has no name that tells the format.' : 'it cannot be read in this way.',
      expected: '- alone, with --format csv, tsv, jsonl, lines or texts',
      received: paths.join(' '),
      fix: 'give --format, or name files.',
    });
  }
  const content = await readTextInput('-', encoding as TextEncoding | undefined);
  return readTextRows(content, { ...common, where: 'standard input', format: format as TextFormat });
}

async function plainFormat(path: string): Promise<TextFileFormat | undefined> {
  if (path === '-') return 'texts';
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return undefined;
  return /\.(csv|tsv|jsonl|ndjson)(\.gz)?$/i.test(path) ? undefined : 'texts';
}
