const english = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** Languages whose names of months are understood, in the order in which they are tried. */
export const monthLanguages = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'da', 'nb', 'fi', 'pl', 'tr'] as const;

export type MonthLanguage = (typeof monthLanguages)[number];

/** A name of a month or a weekday, without accents, points and upper case. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f.]/g, '')
    .toLowerCase();
}

/** The long names, as they are in a date: some languages bend them. */
function namesOf(language: MonthLanguage, style: 'long' | 'short'): string[] {
  if (language === 'en') return english.map((name) => (style === 'long' ? name : name.slice(0, 3)));
  const format = new Intl.DateTimeFormat(language, { day: 'numeric', month: style, timeZone: 'UTC' });
  return english.map(
    (_, i) => format.formatToParts(Date.UTC(2021, i, 1)).find(({ type }) => type === 'month')?.value ?? '',
  );
}

const known = new Map<MonthLanguage, { readonly long: readonly string[]; readonly short: readonly string[] }>();

function knownNames(language: MonthLanguage): { readonly long: readonly string[]; readonly short: readonly string[] } {
  let names = known.get(language);
  if (names === undefined)
    known.set(language, (names = { long: namesOf(language, 'long'), short: namesOf(language, 'short') }));
  return names;
}

/**
 * From 1 to 12; undefined for another word. Three letters or more of a name are enough where they are of one month
 * alone: its first ones, or else any in their order (`Mrz` for März).
 */
export function monthOfName(word: string, language: MonthLanguage): number | undefined {
  const { long, short } = knownNames(language);
  const name = plain(word);
  const exact = short.findIndex((known) => plain(known) === name);
  if (exact >= 0) return exact + 1;
  if (name.length < 3) return undefined;
  const months = (holds: (known: string) => boolean): number[] =>
    long.flatMap((known, i) => (holds(plain(known)) ? [i + 1] : []));
  const begun = months((known) => known.startsWith(name));
  const found = begun.length > 0 ? begun : months((known) => known[0] === name[0] && isSubsequence(name, known));
  return found.length === 1 ? found[0] : undefined;
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of whole) if (letter === part[at]) at++;
  return at === part.length;
}

/** How a file writes the names of months. */
export interface MonthStyle {
  readonly language: MonthLanguage;
  readonly letters: 'upper' | 'lower' | 'title';
}

/** @param month from 1. */
export function nameOfMonth(month: number, style: 'long' | 'short', { language, letters }: MonthStyle): string {
  const name = knownNames(language)[style][month - 1];
  if (letters === 'upper') return name.toUpperCase();
  return letters === 'lower' ? name.toLowerCase() : name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** The English name. @param weekday from 1 for Monday. */
export function nameOfWeekday(weekday: number, style: 'long' | 'short'): string {
  return style === 'long' ? weekdays[weekday - 1] : weekdays[weekday - 1].slice(0, 3);
}
