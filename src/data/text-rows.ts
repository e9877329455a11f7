import { nearestNames, RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { readTable } from './csv.js';
import type { Table } from './table.js';
import { linesOf } from './text.js';

export const textFormats = ['csv', 'tsv', 'jsonl', 'lines', 'fasttext', 'texts'] as const;
/**
 * How texts and their labels stand in a file. `csv`, `tsv`: a table with a line of column names. `jsonl`: one JSON
 * object a line. `lines`: `label text...` a line, as TREC's questions. `fasttext`: `__label__NAME text...` a line.
 * `texts`: one text a line, without labels.
 */
export type TextFormat = (typeof textFormats)[number];

/** Texts, and their classes where they have some. */
export interface TextRows {
  readonly texts: readonly string[];
  /** One for each text; undefined where the file has no labels. */
  readonly labels: readonly string[] | undefined;
  /** File and line of each text, for messages; by default its number. */
  readonly places?: readonly string[] | undefined;
  /** What was done to a file and may not be what was meant, a sentence each. */
  readonly notes?: readonly string[] | undefined;
}

/** Texts whose classes are known. */
export interface LabelledTexts extends TextRows {
  readonly labels: readonly string[];
}

export interface ReadTextRowsOptions {
  /** The file's name, for messages. */
  where: string;
  format: TextFormat;
  /** Column or field of the text. Default `text`. */
  text?: string | undefined;
  /** Column or field of the label; null leaves the labels out. Default `label`. */
  label?: string | null | undefined;
  /** Keeps a label up to this sign: with `:`, `DESC:manner` becomes `DESC`. */
  labelUntil?: string | undefined;
  /** Keeps the empty lines of `texts`, so that there is one text for each line. Default false. */
  keepEmpty?: boolean | undefined;
  /** Column names of a table without a line of them. */
  columns?: readonly string[] | undefined;
}

/**
 * The texts of a file, in its order.
 *
 * @throws DATA_FORMAT naming file and line for what is not in the format, or a label that is empty; UNKNOWN_NAME for a
 * column or field that does not exist; USAGE where the column is to be named.
 */
export async function readTextRows(content: string, options: ReadTextRowsOptions): Promise<TextRows> {
  const where = 'readTextRows';
  refuseUnknownOptions(where, options, ['where', 'format', 'text', 'label', 'labelUntil', 'keepEmpty', 'columns']);
  if (!textFormats.includes(options.format)) throw unknownName(where, 'format', String(options.format), textFormats);
  const { format } = options;
  const rows =
    format === 'csv' || format === 'tsv'
      ? await tableRows(content, options)
      : format === 'jsonl'
        ? jsonRows(content, options)
        : lineRows(content, options);
  return rows.labels === undefined
    ? rows
    : { ...rows, labels: rows.labels.map((label, i) => tidyLabel(label, placeOf(rows, i), options.labelUntil)) };
}

/** Where a text comes from, as messages name it. */
export function placeOf({ places }: TextRows, i: number): string {
  return places?.[i] ?? `text ${i}`;
}

/** The rows at some positions. */
export function pickTextRows<Rows extends TextRows>(rows: Rows, positions: ArrayLike<number>): Rows {
  const pick = <T>(list: readonly T[]): T[] => Array.from(positions, (i) => list[i]);
  return {
    ...rows,
    texts: pick(rows.texts),
    labels: rows.labels && pick(rows.labels),
    places: rows.places && pick(rows.places),
  };
}

/** Several files' rows as one list. @throws DATA_FORMAT where some have labels and some have none */
export function joinTextRows(parts: readonly TextRows[]): TextRows {
  const labelled = parts.filter(({ labels }) => labels !== undefined);
  if (labelled.length > 0 && labelled.length < parts.length) {
    throw new RondoError('DATA_FORMAT', {
      where: placeOf(parts.find(({ labels }) => labels === undefined)!, 0),
      what: 'these texts have no labels, and others have.',
      expected: 'labels in every file',
      fix: 'give files of one kind.',
    });
  }
  const notes = parts.flatMap((part) => part.notes ?? []);
  return {
    texts: parts.flatMap(({ texts }) => texts),
    labels: labelled.length === 0 ? undefined : parts.flatMap(({ labels }) => labels ?? []),
    places: parts.flatMap((part) => part.texts.map((_, i) => placeOf(part, i))),
    ...(notes.length > 0 && { notes }),
  };
}

async function tableRows(
  content: string,
  { where, format, text, label, columns }: ReadTextRowsOptions,
): Promise<TextRows> {
  const table = await readTable(content, { where, delimiter: format === 'tsv' ? '\t' : undefined, columns });
  return {
    texts: columnOf(table, 'text', text),
    labels: label === null ? undefined : columnOf(table, 'label', label),
    places: Array.from(table.lines, (line) => `${where}, line ${line}`),
    ...(table.unnamedNote && { notes: [`${where}: ${table.unnamedNote}`] }),
  };
}

/** The column of a name, or of the usual one. @throws USAGE where no name is given and the usual one is absent */
export function columnOf(table: Table, usual: string, given: string | undefined): string[] {
  if (given !== undefined || table.columns.includes(usual)) return table.column(given ?? usual);
  throw new RondoError('USAGE', {
    where: table.where,
    what: `${table.where} has no column "${usual}", so that of the ${usual}s must be named.`,
    expected: `one of ${table.columns
      .slice(0, 20)
      .map((name) => `\`${name}\``)
      .join(', ')}`,
    received: 'no name',
    fix: `say with \`${usual}\` which column holds the ${usual}s.`,
    option: usual,
  });
}

function jsonRows(content: string, { where, text = 'text', label = 'label' }: ReadTextRowsOptions): TextRows {
  const texts: string[] = [];
  const labels: string[] = [];
  const places: string[] = [];
  linesOf(content.replace(/^\ufeff/, '')).forEach((line, i) => {
    if (line.trim() === '') return;
    const place = `${where}, line ${i + 1}`;
    const record = recordOf(line, place);
    texts.push(fieldOf(record, text, place, ['string']));
    if (label !== null) labels.push(fieldOf(record, label, place, ['string', 'number', 'boolean']));
    places.push(place);
  });
  return { texts, labels: label === null ? undefined : labels, places };
}

function recordOf(line: string, place: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new RondoError('DATA_FORMAT', {
      where: place,
      what: 'the line is no JSON.',
      expected: 'one JSON object a line',
      received: JSON.stringify(line.slice(0, 60)),
      fix: 'write one object a line, without line ends inside; a list over several lines is JSON but not JSONL.',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RondoError('DATA_FORMAT', {
    where: place,
    what: 'the line is no JSON object.',
    expected: 'an object such as {"text": "...", "label": "..."}',
    received: line.slice(0, 60),
    fix: 'write one object a line.',
  });
}

function fieldOf(
  record: Readonly<Record<string, unknown>>,
  name: string,
  place: string,
  types: readonly string[],
): string {
  const value = Object.hasOwn(record, name) ? record[name] : undefined;
  if (types.includes(typeof value)) return String(value);
  const near = nearestNames(name, Object.keys(record), 1);
  if (value === undefined) {
    throw new RondoError('UNKNOWN_NAME', {
      where: place,
      what: `there is no field \`${name}\`${near.length > 0 ? `; did you mean \`${near[0]}\`?` : '.'}`,
      expected: `one of ${Object.keys(record)
        .slice(0, 20)
        .map((key) => `\`${key}\``)
        .join(', ')}`,
      received: `\`${name}\``,
      fix: near.length > 0 ? `use \`${near[0]}\`.` : 'use a name that the lines have.',
    });
  }
  throw new RondoError('DATA_FORMAT', {
    where: `${place}, field \`${name}\``,
    what: 'the field is of another kind.',
    expected: types.join(' or '),
    received: JSON.stringify(value).slice(0, 60),
    fix: 'correct the line, or choose another field.',
  });
}

function lineRows(
  content: string,
  { where, format, label = 'label', keepEmpty = false }: ReadTextRowsOptions,
): TextRows {
  const lines = linesOf(content.replace(/^\ufeff/, ''))
    .map((line, i) => ({ line, place: `${where}, line ${i + 1}` }))
    .filter(({ line }) => (keepEmpty && format === 'texts') || line.trim() !== '');
  const places = lines.map(({ place }) => place);
  if (format === 'texts') return { texts: lines.map(({ line }) => line), labels: undefined, places };
  const parts = lines.map(({ line, place }) =>
    format === 'fasttext' ? fastTextParts(line, place, label !== null) : /^\s*(\S+)\s*(.*)$/su.exec(line)!,
  );
  return {
    texts: parts.map(([, , rest]) => rest),
    labels: label === null ? undefined : parts.map(([, first]) => first),
    places,
  };
}

const fastTextLabel = '__label__';

/** Whether a text is in fastText's format: its first line that is not empty begins with a label. */
export function looksLikeFastText(text: string): boolean {
  return text
    .replace(/^\ufeff/, '')
    .trimStart()
    .startsWith(fastTextLabel);
}

/** The line, its label and its text, as a match. @param needsLabel whether a line without a label is refused */
function fastTextParts(line: string, place: string, needsLabel: boolean): readonly string[] {
  const words = line.trim().split(/\s+/);
  const labels = words.filter((word) => word.startsWith(fastTextLabel));
  if (labels.length !== 1 && needsLabel) {
    throw new RondoError('DATA_FORMAT', {
      where: place,
      what:
        labels.length === 0
          ? 'the line has no label.'
          : `the line has ${labels.length} labels, and a classifier gives every text one class.`,
      expected: '__label__NAME and a text',
      received: JSON.stringify(line.slice(0, 60)),
      fix: labels.length === 0 ? 'give it a label, or remove the line.' : 'keep one label in each line.',
    });
  }
  return [
    line,
    (labels[0] ?? '').slice(fastTextLabel.length),
    words.filter((word) => !word.startsWith(fastTextLabel)).join(' '),
  ];
}

function tidyLabel(label: string, place: string, until: string | undefined): string {
  const at = until === undefined ? -1 : label.indexOf(until);
  const kept = (at < 0 ? label : label.slice(0, at)).trim();
  if (kept !== '') return kept;
  throw new RondoError('DATA_FORMAT', {
    where: place,
    what: 'the label is empty.',
    expected: 'a label',
    received: JSON.stringify(label),
    fix: 'fill it in, or remove the row.',
  });
}
