/** How plots and tables are drawn on the standard output. */
export interface Style {
  readonly width: number;
  readonly colour: boolean;
  readonly ascii: boolean;
}

/** What the terminal can show: colour only where a person looks and NO_COLOR is not set, ASCII where TERM is `dumb`. */
export function styleOf(stream: NodeJS.WriteStream = process.stdout): Style {
  const { NO_COLOR, TERM } = process.env;
  return {
    width: Math.min(Math.max(columnsOf(stream) ?? 80, 40), 120),
    colour: stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb',
    ascii: TERM === 'dumb',
  };
}

/** Columns of the terminal, or what COLUMNS says; undefined for files and pipes, whose lines may have any length. */
export function columnsOf(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  const given = Number(process.env.COLUMNS);
  return stream.columns ?? (Number.isInteger(given) && given > 0 ? given : undefined);
}
