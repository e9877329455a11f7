import { linesOf, parallelPairs, readPairs, type SentencePair } from '../../src/index.js';
import type { Given } from '../options.js';
import { filesOf } from '../protect-inputs.js';
import { readTextInput } from '../read-input.js';
import { WrongUsage } from '../wrong-usage.js';
import type { pairOptions } from './translate-options.js';

type PairOptions = Given<typeof pairOptions>;

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
    return readPairs(await readTextInput(first, encoding), { where, format, source, target });
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
