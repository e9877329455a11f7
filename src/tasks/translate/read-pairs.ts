import { readTable } from '../../data/csv.js';
import { linesOf } from '../../data/text.js';
import { columnOf, readTextRows } from '../../data/text-rows.js';
import { RondoError, requireKind, unknownName } from '../../errors.js';
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
 * @throws DATA_FORMAT naming file and line; UNKNOWN_NAME for a column or field that does not exist; USAGE where the
 *   column is to be named
 */
export async function readPairs(
  content: string,
  options: ReadPairsOptions = { where: 'readPairs' },
): Promise<SentencePair[]> {
  const { source, target } = await sidesOf(content, options, ['source', 'target']);
  return source.map((text, i) => ({ source: text, target: target[i] }));
}

/** The sources of a file of pairs, whose targets need not be there. @throws as {@link readPairs} */
export async function readSources(content: string, options: ReadPairsOptions): Promise<string[]> {
  return (await sidesOf(content, options, ['source'])).source;
}

async function sidesOf<Side extends keyof SentencePair>(
  content: string,
  options: ReadPairsOptions,
  sides: readonly Side[],
): Promise<Record<Side, string[]>> {
  const { where } = options;
  const format = options.format ?? pairFormatOf(where);
  if (!pairFormats.includes(format)) throw unknownName('readPairs', 'format', format, pairFormats);
  if (format === 'tsv') return tabbedSides(content, options, sides);
  const table = format === 'csv' ? await readTable(content, { where }) : undefined;
  const read = async (side: Side): Promise<string[]> => {
    if (table !== undefined) return columnOf(table, side, options[side]);
    const { texts } = await readTextRows(content, { where, format, text: options[side] ?? side, label: null });
    return [...texts];
  };
  const all = await Promise.all(sides.map(async (side) => [side, await read(side)] as const));
  return Object.fromEntries(all) as Record<Side, string[]>;
}

function tabbedSides<Side extends keyof SentencePair>(
  content: string,
  options: ReadPairsOptions,
  sides: readonly Side[],
): Record<Side, string[]> {
  const { where } = options;
  const lines = linesOf(content.replace(/^\ufeff/, '')).map((line, i) => ({ line, number: i + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  const names = filled[0]?.line.split('\t').map((name) => name.trim()) ?? [];
  const missing = sides.map((side) => options[side] ?? side).find((name) => !names.includes(name));
  const isNamed = missing === undefined;
  if (!isNamed && (options.source ?? options.target) !== undefined) throw unknownName(where, 'column', missing, names);
  const places = sides.map((side) => (isNamed ? names.indexOf(options[side] ?? side) : side === 'source' ? 0 : 1));
  const rows = filled.slice(isNamed ? 1 : 0).map(({ line, number }) => {
    const fields = line.split('\t');
    if (fields.slice(names.length).some((field) => field.trim() !== ''))
      throw new RondoError('DATA_FORMAT', {
        where: `${where}, line ${number}`,
        what: 'the line has more tabs than the first one, and nobody knows which part is meant.',
        expected: `${names.length} fields, as in line ${filled[0].number}`,
        received: `${fields.length}: ${JSON.stringify(line.slice(0, 80))}`,
        fix: 'write tabs inside of texts as spaces, or give two files with a sentence a line as SOURCE TARGET.',
      });
    if (places.every((place) => fields[place] !== undefined)) return places.map((place) => fields[place]);
    throw new RondoError('DATA_FORMAT', {
      where: `${where}, line ${number}`,
      what: 'the line is no pair.',
      expected: 'a source, a tab and a target',
      received: JSON.stringify(line.slice(0, 80)),
      fix: 'put a tab between both sides; two files with a sentence a line are given as SOURCE TARGET.',
    });
  });
  return Object.fromEntries(sides.map((side, i) => [side, rows.map((row) => row[i])])) as Record<Side, string[]>;
}

/**
 * The pairs of two texts, of which line n of one is a translation of line n of the other; pairs with an empty side too.
 *
 * @throws DATA_FORMAT where they have different numbers of lines
 */
export function parallelPairs(
  source: string,
  target: string,
  where: { readonly source: string; readonly target: string } = { source: 'source', target: 'target' },
): SentencePair[] {
  requireKind(typeof source === 'string' && typeof target === 'string', typeof source === 'string' ? target : source, {
    where: 'parallelPairs',
    what: 'these are no texts.',
    fix: 'give the contents of two files, each one text.',
  });
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

/** What the name of a file says of pairs in it. */
export function pairFormatOf(where: string): PairFormat {
  const ending = /\.(csv|jsonl|ndjson)(\.gz)?$/i.exec(where)?.[1].toLowerCase();
  return ending === undefined ? 'tsv' : ending === 'csv' ? 'csv' : 'jsonl';
}
