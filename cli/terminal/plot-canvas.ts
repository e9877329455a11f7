/**
 * A grid of character cells, each divided into dots, on which lines are drawn. Every cell remembers its dots and the
 * series that touched it last. Dot (0, 0) is at the top left.
 */
export class PlotCanvas {
  readonly dotsWide: number;
  readonly dotsHigh: number;
  /** The dots of each cell as braille numbers them: a bit each. */
  readonly #dots: Uint8Array;
  readonly #owners: Int16Array;

  readonly #dotsAcross: number;
  readonly #dotsDown: number;

  /** @param dotsAcross 2 and @param dotsDown 4 for braille, 1 and 1 for whole characters. */
  constructor(
    readonly columns: number,
    readonly rows: number,
    dotsAcross: number,
    dotsDown: number,
  ) {
    this.#dotsAcross = dotsAcross;
    this.#dotsDown = dotsDown;
    this.dotsWide = columns * dotsAcross;
    this.dotsHigh = rows * dotsDown;
    this.#dots = new Uint8Array(columns * rows);
    this.#owners = new Int16Array(columns * rows).fill(-1);
  }

  /** A straight line between two dots, both included (Bresenham 1965). */
  line(x0: number, y0: number, x1: number, y1: number, series: number): void {
    const [dx, dy] = [Math.abs(x1 - x0), -Math.abs(y1 - y0)];
    const [stepX, stepY] = [Math.sign(x1 - x0), Math.sign(y1 - y0)];
    let [x, y, error] = [x0, y0, dx + dy];
    for (;;) {
      this.#dot(x, y, series);
      if (x === x1 && y === y1) return;
      const twice = 2 * error;
      if (twice >= dy) {
        error += dy;
        x += stepX;
      }
      if (twice <= dx) {
        error += dx;
        y += stepY;
      }
    }
  }

  /**
   * The characters of one row without trailing spaces. `glyph` is asked for each cell that a line touched, the others
   * are spaces; `paint` for each run of cells of one series.
   */
  row(
    row: number,
    glyph: (series: number, dots: number) => string,
    paint: (text: string, series: number) => string,
  ): string {
    let text = '';
    let run = '';
    const end = (row + 1) * this.columns;
    for (let cell = row * this.columns; cell < end; cell++) {
      const series = this.#owners[cell];
      run += series < 0 ? ' ' : glyph(series, this.#dots[cell]);
      if (cell + 1 < end && this.#owners[cell + 1] === series) continue;
      text += series < 0 ? run : paint(run, series);
      run = '';
    }
    return text.trimEnd();
  }

  #dot(x: number, y: number, series: number): void {
    const [column, row] = [Math.floor(x / this.#dotsAcross), Math.floor(y / this.#dotsDown)];
    const cell = row * this.columns + column;
    this.#dots[cell] |= brailleBits[y % this.#dotsDown][x % this.#dotsAcross];
    this.#owners[cell] = series;
  }
}

/** The bit of each dot of a braille cell, `[row][column]`; the lowest row was added later, hence its numbers. */
const brailleBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
