/** How norms change with distance. */
export interface Decay {
  /**
   * The factor of one step: the slope of a line through the logarithms of the norms that are not 0, by least squares.
   */
  readonly perStep: number;
  /** The last norm over the first. */
  readonly overall: number;
  /** The fewest steps after which the norm is less than a thousandth of the first, and null where it never is. */
  readonly stepsToThousandth: number | null;
}

/**
 * How a gradient decays or grows on its way back in time. @returns undefined for less than two norms, or a first one of
 * 0
 */
export function decayOf(norms: readonly number[]): Decay | undefined {
  const [first] = norms;
  if (norms.length < 2 || !(first > 0)) return undefined;
  const below = norms.findIndex((norm) => norm < first / 1000);
  return {
    perStep: Math.exp(slopeOf(norms)),
    overall: norms[norms.length - 1] / first,
    stepsToThousandth: below < 0 ? null : below,
  };
}

function slopeOf(norms: readonly number[]): number {
  const points = [...norms.entries()].filter(([, norm]) => norm > 0).map(([k, norm]) => [k, Math.log(norm)] as const);
  if (points.length < 2) return -Infinity;
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanK, meanLog] = [mean(0), mean(1)];
  const [covariance, variance] = points.reduce(
    ([c, v], [k, log]) => [c + (k - meanK) * (log - meanLog), v + (k - meanK) ** 2],
    [0, 0],
  );
  return covariance / variance;
}
