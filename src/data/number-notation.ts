import { RondoError } from '../errors.js';
import type { CellKind } from './cell-kind.js';
import { type NumberForms, numberForms, type UnitCount } from './number-forms.js';
import type { Table } from './table.js';
import type { DecimalSign } from './written-number.js';

/** How the numbers of a column are written. */
export interface NumberNotation {
  /** What stands before their decimals. */
  readonly decimal: DecimalSign;
  /** What stands before and after all of them: a currency, a unit, a percent sign. */
  readonly before: string;
  readonly after: string;
}

/** What a column holds, read in its notation. */
export interface NumberFacts {
  readonly notation: NumberNotation;
  /** Cells by what they are. */
  readonly counts: Readonly<Record<CellKind, number>>;
  /** What is not written as programs write numbers, in words. */
  readonly notes: readonly string[];
  /** A cell that can be read as two numbers, where nothing tells as which; the notation is then a guess. */
  readonly ambiguous: string | undefined;
}

/**
 * A smaller share of whole numbers below a thousand may be there by chance, or typed by hand beside numbers with
 * decimals.
 */
const fewestWhole = 0.1;

const formsOf = new WeakMap<Table, Map<string, NumberForms>>();

/** How a column's cells are written; a column is gone through once. */
function formsOfColumn(table: Table, name: string): NumberForms {
  let known = formsOf.get(table);
  if (known === undefined) formsOf.set(table, (known = new Map()));
  let forms = known.get(name);
  if (forms === undefined) known.set(name, (forms = numberForms(table.cells(name), table.numRows)));
  return forms;
}

/**
 * Decides from all cells of a column how its numbers are written. What the table was told (`Table.decimal`) comes
 * first. Then whatever fits one reading alone decides. Where every cell fits both and they differ, as for a column of
 * `1.234` and `998`, the evidence is, in this order: numbers of four digits without a sign between thousands; the
 * notation that a model was trained with; other columns; cells such as `1.230` beside whole numbers, which a format of
 * three decimals would not write; and what separates the cells, and the dates, which tell the country.
 *
 * @param kept the notation of the same column in the data that a model was trained on.
 * @throws UNKNOWN_NAME
 */
export function numberFacts(table: Table, name: string, kept?: NumberNotation): NumberFacts {
  const forms = formsOfColumn(table, name);
  const unit = forms.units.reduce((most, other) => (numbersOf(other) > numbersOf(most) ? other : most));
  const decided = table.decimal ?? decisiveSign(forms) ?? kept?.decimal ?? signOfTable(table, forms);
  const decimal = decided ?? 'point';
  const numbers = unit.either + unit.ambiguous + unit[decimal];
  const all = forms.units.reduce((sum, other) => sum + numbersOf(other), 0);
  return {
    notation: { decimal, before: unit.before, after: unit.after },
    counts: { number: numbers, missing: forms.missing, date: forms.date, text: forms.text + all - numbers },
    notes: notesOf(forms, unit, decimal),
    ambiguous: decided === undefined && isAmbiguous(forms) ? forms.example : undefined,
  };
}

/** @throws DATA_FORMAT where a column can be read as two series of numbers */
export function requireClearNotation(table: Table, name: string, { ambiguous }: NumberFacts): void {
  if (ambiguous === undefined) return;
  const [thousand, decimals] = [ambiguous.replace(/[.,]/, ''), ambiguous.replace(',', '.')];
  throw new RondoError('DATA_FORMAT', {
    where: `${table.where}, column \`${name}\``,
    what:
      `the numbers can be read in two ways: \`${ambiguous}\` is ${thousand} or ${decimals}, and no cell tells ` +
      'which.',
    expected: 'a point or a comma that stands before decimals, or between thousands',
    received: `\`${ambiguous}\`, and others like it`,
    fix: "say what stands before decimals: `decimal` 'point' or 'comma'.",
    option: 'decimal',
  });
}

/** @throws DATA_FORMAT where numbers have another unit than those that a model was trained on */
export function requireSameUnit(
  table: Table,
  name: string,
  { notation, counts }: NumberFacts,
  kept: NumberNotation | undefined,
): void {
  if (kept === undefined || counts.number === 0 || (notation.before === kept.before && notation.after === kept.after))
    return;
  throw new RondoError('DATA_FORMAT', {
    where: `${table.where}, column \`${name}\``,
    what: 'the numbers have another unit than those of the training.',
    expected: `numbers such as ${JSON.stringify(`${kept.before}12${kept.after}`)}`,
    received: `numbers such as ${JSON.stringify(`${notation.before}12${notation.after}`)}`,
    fix: 'write the column as in the training data.',
  });
}

function numbersOf({ either, point, comma, ambiguous }: UnitCount): number {
  return either + point + comma + ambiguous;
}

/** The reading that cells which fit only one vote for; undefined where there is no such cell. */
function decisiveSign({ units, ambiguous, largestWhole, least }: NumberForms): DecimalSign | undefined {
  const [point, comma] = [
    units.reduce((sum, unit) => sum + unit.point, 0),
    units.reduce((sum, unit) => sum + unit.comma, 0),
  ];
  if (point + comma > 0) return comma > point ? 'comma' : 'point';
  const single = onlySign(ambiguous);
  if (single === undefined) return undefined;
  // Thousands would have been set apart in whole numbers too; some countries begin at five digits.
  return largestWhole >= 10_000 || (largestWhole >= 1000 && least < 10_000) ? single : undefined;
}

/** The sign of all ambiguous cells. */
function onlySign({ point, comma }: NumberForms['ambiguous']): DecimalSign | undefined {
  if ((point === 0) === (comma === 0)) return undefined;
  return point > 0 ? 'point' : 'comma';
}

function isAmbiguous({ ambiguous }: NumberForms): boolean {
  return ambiguous.point + ambiguous.comma > 0;
}

/** What the rest of a table says of a column that could be read in two ways; undefined where it says nothing clear. */
function signOfTable(table: Table, forms: NumberForms): DecimalSign | undefined {
  if (!isAmbiguous(forms)) return 'point';
  const columns = table.columns.map((name) => formsOfColumn(table, name));
  const others = new Set(
    columns
      .filter((other) => other.text <= numbersIn(other))
      .map(decisiveSign)
      .filter((sign) => sign !== undefined),
  );
  if (others.size > 0) return others.size === 1 ? [...others][0] : undefined;
  const sign = onlySign(forms.ambiguous);
  if (sign === undefined) return undefined;
  const hasWhole = forms.shortWhole >= fewestWhole * (forms.shortWhole + forms.ambiguous.point + forms.ambiguous.comma);
  if (hasWhole && forms.endsInZero) return otherSign(sign);
  const hasDottedDates = columns.some((other) => other.hasDottedDates);
  if (table.delimiter === ',') return sign === 'comma' || !hasWhole ? 'point' : undefined;
  if (table.delimiter === ';' || hasDottedDates) {
    // Points here are most often thousands, but programs write such files with points before decimals, too.
    if (sign === 'point') return hasWhole || hasDottedDates ? 'comma' : undefined;
    return hasWhole ? undefined : 'comma';
  }
  return sign === 'point' && !hasWhole ? 'point' : undefined;
}

function numbersIn({ units }: NumberForms): number {
  return units.reduce((sum, unit) => sum + numbersOf(unit), 0);
}

function otherSign(sign: DecimalSign): DecimalSign {
  return sign === 'point' ? 'comma' : 'point';
}

function notesOf(forms: NumberForms, { before, after }: UnitCount, decimal: DecimalSign): string[] {
  const hasCommas = decimal === 'comma' && (forms.units.some(({ comma }) => comma > 0) || forms.ambiguous.comma > 0);
  const hasThousands = forms.grouped > 0 || forms.ambiguous[otherSign(decimal)] > 0;
  return [
    ...(hasCommas ? ['decimal commas'] : []),
    ...(hasThousands ? ['signs between thousands'] : []),
    ...(before === '' ? [] : [`${before} before the numbers`]),
    ...(after === '' ? [] : [`${after} after the numbers`]),
    ...(forms.parentheses > 0 ? ['parentheses for negative numbers'] : []),
  ];
}
