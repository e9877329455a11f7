import { linesOf, pairFormatOf, parallelPairs, readPairs, type SentencePair } from '../../src/index.js';
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

/** The options given, and for the others those that the model was trained with, where the file is of their kind. */
export function withReading<Options extends Partial<PairOptions>>(
  options: Options,
  { format, source, target, encoding }: Readonly<Record<string, string>>,
  files: readonly string[],
): Options {
  const isNamed = files.length === 1 && (options.format ?? pairFormatOf(files[0])) === format;
  const all = { encoding, ...(isNamed && { source, target }) };
  const known = Object.entries(all).filter(([name, value]) => value !== undefined && !(options as never)[name]);
  return { ...options, ...Object.fromEntries(known) };
}

/** What a file of pairs holds that is not read, or may be another thing than it is taken for. */
function notesOf(where: string, content: string, { format, source, target }: PairOptions): string[] {
  if ((format ?? pairFormatOf(where)) !== 'tsv') return [];
  const [first = []] = linesOf(content).map((line) => line.split('\t').map((name) => name.trim()));
  if ([source ?? 'source', target ?? 'target'].every((name) => first.includes(name)) || !(first[0] && first[1]))
    return [];
  const [own, other] = first.map((text) => JSON.stringify(text.slice(0, 40)));
  return [
    `${where}: its first line names no columns source and target, so it is a pair: ${own} becomes ${other}` +
      (first.length === 2 ? '' : `; the columns behind the first two are left out (${first.length - 2} of them)`),
  ];
}

/** The pairs of one file, or of two with a sentence a line. @throws FILE_ACCESS, DATA_FORMAT, UNKNOWN_NAME, USAGE */
export async function readPairFiles(files: readonly string[], options: PairOptions): Promise<SentencePair[]> {
  const { format, source, target, encoding } = options;
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
    const where = first === '-' ? 'standard input' : first;
    const content = await readTextInput(first, encoding);
    const pairs = await readPairs(content, { where, format, source, target });
    notesOf(where, content, options).forEach(say);
    return pairs;
  }
  const unused = Object.entries({ format, source, target }).filter(([, value]) => value !== undefined);
  if (unused.length > 0)
    throw new WrongUsage({
      where: 'two files of sentences',
      what: `${unused.map(([name]) => `--${name}`).join(', ')} can be used with one file of pairs only.`,
      expected: 'SOURCE TARGET, each a text with a sentence a line',
      fix: 'leave it out, or give one file.',
    });
  const [own, other] = await Promise.all([first, second].map((path) => readTextInput(path, encoding)));
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
