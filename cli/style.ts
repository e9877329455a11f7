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
    width: Math.min(Math.max(stream.columns ?? 80, 40), 120),
    colour: stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb',
    ascii: TERM === 'dumb',
  };
}
