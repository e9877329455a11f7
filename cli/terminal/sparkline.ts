export interface SparklineOptions {
  /** Longest result in characters; neighbouring values are averaged to fit. One character a value by default. */
  width?: number | undefined;
  /** Use ASCII characters only; false by default. */
  ascii?: boolean | undefined;
}

const levels = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.-=+*%#' };

/** Values as a line of small bars from the lowest to the highest; a gap is a space, and a constant has half height. */
export function sparkline(values: ArrayLike<number>, options: SparklineOptions = {}): string {
  const { width = Infinity, ascii = false } = options;
  const points = averaged(values, Math.max(1, Math.min(width, values.length)));
  const finite = points.filter(Number.isFinite);
  const low = finite.reduce((least, value) => Math.min(least, value), Infinity);
  const high = finite.reduce((most, value) => Math.max(most, value), -Infinity);
  const bars = ascii ? levels.ascii : levels.unicode;
  return points
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return bars[Math.min(bars.length - 1, Math.floor(share * bars.length))];
    })
    .join('');
}

/** The mean of the finite values of each of `count` equal stretches; NaN where there is none. */
function averaged(values: ArrayLike<number>, count: number): number[] {
  if (values.length === 0) return [];
  return Array.from({ length: Math.floor(count) }, (_, k) => {
    const from = Math.floor((k * values.length) / Math.floor(count));
    const to = Math.floor(((k + 1) * values.length) / Math.floor(count));
    let [sum, numFinite] = [0, 0];
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(values[i])) continue;
      sum += values[i];
      numFinite++;
    }
    return numFinite > 0 ? sum / numFinite : NaN;
  });
}
