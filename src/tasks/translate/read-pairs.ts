import { linesOf } from '../../data/text.js';
import { readTextRows } from '../../data/text-rows.js';
import { RondoError, unknownName } from '../../errors.js';
import type { SentencePair } from './sentence-pair.js';

/** How pairs stand in one file: fields apart by tabs, or by name in a table or in JSON objects. */
export const pairFormats = ['tsv', 'csv', 'jsonl'] as const;
export type PairFormat = (typeof pairFormats)[number];

export interface ReadPairsOptions {
  /** The file's name, for messages. */
  readonly where: string;
  /** Default: what the name says, else tsv. */
  readonly format?: PairFormat | undefined;
  /** Column or field of what is read. Default `source`. */
  readonly source?: string | undefined;
  /** Column or field of what it becomes. Default `target`. */
  readonly target?: string | undefined;
}

/**
 * The pairs of a file, those with an empty side too. In a `tsv` quotes are signs as others are, as lists of sentences
 * have them; where its first line does not name both columns, these are the first two.
 *
 * @throws DATA_FORMAT naming file and line; UNKNOWN_NAME for a column or field that does not exist
 */
export async function readPairs(content: string, options: ReadPairsOptions): Promise<SentencePair[]> {
  const { where, source = 'source', target = 'target' } = options;
  const format = options.format ?? formatOf(where);
  if (!pairFormats.includes(format)) throw unknownName('readPairs', 'format', format, pairFormats);
  if (format !== 'tsv') {
    const [own, other] = await Promise.all(
      [source, target].map((text) => readTextRows(content, { where, format, text, label: null })),
    );
    return own.texts.map((text, i) => ({ source: text, target: other.texts[i] }));
  }
  const lines = linesOf(content.replace(/^\ufeff/, '')).map((line, i) => ({ line, number: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  const names = filled[0]?.line.split('\t').map((name) => name.trim()) ?? [];
  const isNamed = names.includes(source) && names.includes(target);
  const missing = [source, target].find((name) => !names.includes(name));
  if (missing !== undefined && (options.source ?? options.target) !== undefined)
    throw unknownName(where, 'column', missing, names);
  const [from, to] = isNamed ? [names.indexOf(source), names.indexOf(target)] : [0, 1];
  return filled.slice(isNamed ? 1 : 0).map(({ line, number }) => {
    const fields = line.split('\t');
    const [own, other] = [fields[from], fields[to]];
    if (own !== undefined && other !== undefined) return { source: own, target: other };
    throw new RondoError('DATA_FORMAT', {
      where: `${where}, line ${number}`,
      what: 'the line is no pair.',
      expected: 'a source, a tab and a target',
      received: JSON.stringify(line.slice(0, 80)),
      fix: 'put a tab between both sides; two files with a sentence a line are given as SOURCE TARGET.',
    });
  });
}

/**
 * The pairs of two texts, of which line n of one is a translation of line n of the other; pairs with an empty side too.
 *
 * @throws DATA_FORMAT where they have different numbers of lines
 */
export function parallelPairs(
  source: string,
  target: string,
  where: { readonly source: string; readonly target: string },
): SentencePair[] {
  const [own, other] = [source, target].map((text) => linesOf(text.replace(/^\ufeff/, '')));
  if (own.length === other.length) return own.map((text, i) => ({ source: text, target: other[i] }));
  const shorter = own.length < other.length ? where.source : where.target;
  const last = Math.min(own.length, other.length);
  throw new RondoError('DATA_FORMAT', {
    where: `${shorter}, line ${last + 1}`,
    what: `the file ends after line ${last}, and the other one goes on.`,
    expected: `as many lines in both: ${where.source} has ${own.length}, ${where.target} has ${other.length}`,
    received: `the last pair: ${[own, other].map((lines) => JSON.stringify((lines[last - 1] ?? '').slice(0, 40))).join(' and ')}`,
    fix: 'give two files of which each line translates that of the other; look for the first lines that do not.',
  });
}

function formatOf(where: string): PairFormat {
  const ending = /\.(csv|jsonl|ndjson)(\.gz)?$/i.exec(where)?.[1].toLowerCase();
  return ending === undefined ? 'tsv' : ending === 'csv' ? 'csv' : 'jsonl';
}
