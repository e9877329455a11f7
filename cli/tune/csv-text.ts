/**
 * A table for spreadsheets (RFC 4180): a line of names, then one a row. What is missing is an empty cell; lines end in
 * LF.
 */
export function csvText(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = [...(rows.length > 0 ? [Object.keys(rows[0])] : []), ...rows.map((row) => Object.values(row))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
