import {
  linesOf,
  type PairFormat,
  pairFormatOf,
  parallelPairs,
  readPairs,
  type SentencePair,
  type TextEncoding,
} from '../../src/index.js';
import type { Given } from '../options.js';
import { say } from '../output.js';
import { filesOf } from '../protect-inputs.js';
import { readTextInput } from '../read-input.js';
import { WrongUsage } from '../wrong-usage.js';
import type { pairOptions } from './translate-options.js';

type PairOptions = Given<typeof pairOptions>;

/** What of the options a model file keeps, so that other files are read in the same way. */
export function readingOf([first, second]: readonly string[], options: PairOptions): Record<string, string> {
  const { source, target, encoding, format = pairFormatOf(first) } = options;
  const kept = second === undefined ? { format, source, target, encoding } : { encoding };
  return Object.fromEntries(Object.entries(kept).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** What {@link readingOf} gave; nothing in a training itself. */
export type Reading = Readonly<Record<string, string>>;

/** The format that the name of a file says. */
export function namedFormat(path: string): PairFormat | undefined {
  return /\.(csv|tsv|jsonl|ndjson)(\.gz)?$/i.test(path) ? pairFormatOf(path) : undefined;
}

/** The text of a file in the encoding that is given, else in that of the training, which says nothing of a pipe. */
export async function readInEncoding(
  path: string,
  { encoding }: Partial<PairOptions>,
  reading: Reading,
): Promise<string> {
  const known = path === '-' ? undefined : (reading.encoding as TextEncoding | undefined);
  if (encoding === undefined && known !== undefined && known !== 'utf-8')
    say(`${path}: read as ${known}, as the pairs of the training; --encoding says otherwise`);
  return readTextInput(path, encoding ?? known);
}

/** The text of one file, and how it is read: as the options say, else as its name says, else as in the training. */
export async function readAsTrained(
  path: string,
  options: Partial<PairOptions>,
  reading: Reading,
  sides: readonly ('source' | 'target')[],
): Promise<{ readonly content: string; readonly where: string } & ReadAs> {
  const where = path === '-' ? 'standard input' : path;
  const content = await readInEncoding(path, options, reading);
  const format = options.format ?? namedFormat(path) ?? (reading.format as PairFormat | undefined) ?? 'tsv';
  if (format !== reading.format) return { content, where, format, source: options.source, target: options.target };
  const source = options.source ?? reading.source;
  const target = options.target ?? reading.target;
  const trained = sides.flatMap((side) => reading[side] ?? []);
  const isGiven = sides.some((side) => options[side] !== undefined);
  const names = format === 'tsv' ? firstFields(content) : trained;
  if (isGiven || trained.every((name) => names.includes(name))) return { content, where, format, source, target };
  say(`${where}: its first line does not name ${trained.join(' and ')}, the columns of the training`);
  return { content, where, format };
}

interface ReadAs extends Partial<Pick<PairOptions, 'source' | 'target'>> {
  readonly format: PairFormat;
}

function firstFields(content: string): string[] {
  return (linesOf(content).find((line) => line.trim() !== '') ?? '').split('\t').map((name) => name.trim());
}

/** What a file of pairs holds that is not read, or may be another thing than it is taken for. */
function notesOf(where: string, content: string, { format, source, target }: ReadAs): string[] {
  if (format !== 'tsv') return [];
  const first = firstFields(content);
  if ([source ?? 'source', target ?? 'target'].every((name) => first.includes(name)) || !(first[0] && first[1]))
    return [];
  const [own, other] = first.map((text) => JSON.stringify(text.slice(0, 40)));
  return [
    `${where}: its first line names no columns source and target, so it is a pair: ${own} becomes ${other}` +
      (first.length === 2 ? '' : `; the columns behind the first two are left out (${first.length - 2} of them)`),
  ];
}

/** The pairs of one file, or of two with a sentence a line. @throws FILE_ACCESS, DATA_FORMAT, UNKNOWN_NAME, USAGE */
export async function readPairFiles(
  files: readonly string[],
  options: PairOptions,
  reading: Reading = {},
): Promise<SentencePair[]> {
  const [first, second] = files;
  if (files.length > 2)
    throw new WrongUsage({
      where: 'files of pairs',
      what: 'pairs stand in one file, or their sides in two.',
      expected: 'PAIRS, or SOURCE TARGET',
      received: files.join(' '),
      fix: 'give one file or two.',
    });
  if (second === undefined) {
    const { content, where, ...readAs } = await readAsTrained(first, options, reading, ['source', 'target']);
    const pairs = await readPairs(content, { where, ...readAs });
    notesOf(where, content, readAs).forEach(say);
    return pairs;
  }
  const { format, source, target } = options;
  const unused = Object.entries({ format, source, target }).filter(([, value]) => value !== undefined);
  if (unused.length > 0)
    throw new WrongUsage({
      where: 'two files of sentences',
      what: `${unused.map(([name]) => `--${name}`).join(', ')} can be used with one file of pairs only.`,
      expected: 'SOURCE TARGET, each a text with a sentence a line',
      fix: 'leave it out, or give one file.',
    });
  const [own, other] = await Promise.all([first, second].map((path) => readInEncoding(path, options, reading)));
  if (isOfPairs(first, own) && isOfPairs(second, other))
    throw new WrongUsage({
      where: 'two files of sentences',
      what: 'each of them is a file of pairs.',
      expected: 'SOURCE TARGET, each a text with a sentence a line',
      received: `${first} ${second}, whose lines have tabs`,
      fix: 'give one file of pairs; join the two where both are to be read.',
    });
  return parallelPairs(own, other, { source: first, target: second });
}

/** Whether a text looks like pairs with tabs between. */
function isOfPairs(path: string, text: string): boolean {
  if (!/\.tsv(\.gz)?$/i.test(path)) return false;
  return linesOf(text)
    .slice(0, 10)
    .every((line) => line.includes('\t'));
}

/** The pairs of an option: a file of pairs, or the names of two with a comma between. */
export async function readPairOption(
  given: string | undefined,
  options: PairOptions,
): Promise<SentencePair[] | undefined> {
  if (given === undefined) return undefined;
  const files = filesOf(given);
  const isParallel = files.length === 2;
  return readPairFiles(
    files,
    isParallel ? { ...options, format: undefined, source: undefined, target: undefined } : options,
  );
}
