import { tensor } from '../../tensor/tensor.js';
import type { Sequential } from '../../training/sequential.js';
import type { ForecastWindows } from './forecast-windows.js';

/** Shares of the network's corrections that are tried. */
const shares = [0.25, 0.5, 0.75, 1] as const;
/**
 * The network has stopped where these windows liked it best, so its gain must stand out from chance: the quantile of
 * the normal distribution that one in 100 exceeds.
 */
const normalQuantile = 2.326;
/** Fewer blocks say nothing of chance. */
const leastBlocks = 4;
/** And it must be of some use: share of the base's error. */
const leastGain = 0.02;

/** A share of the corrections with the mean absolute errors on the windows, in the units of corrections. */
export interface ChosenShare {
  readonly share: number;
  readonly base: number;
  readonly model: number;
}

/** The share of a network's corrections that suits the validation windows; see {@link shareOf}. */
export async function chooseShare(
  model: Sequential,
  windows: ForecastWindows,
  batchSize: number,
): Promise<ChosenShare> {
  return shareOf(await errorsByBlock(model, windows, batchSize));
}

/**
 * The share by errors in blocks of windows: a forecast between the base and the network is rarely far
 * behind the better of them (Bates and Granger 1969, "The combination of forecasts"). Windows that overlap say the same
 * thing again, so gains are compared by block; the share is that of the highest lower bound of the gain (Student's t
 * over the blocks), and 0 where no gain stands out. Few blocks make a wide bound: a random walk goes one way through a
 * short validation part, and a network that goes along looks good there by chance.
 */
export function shareOf(blocks: readonly BlockErrors[]): ChosenShare {
  const count = blocks.reduce((sum, block) => sum + block.count, 0);
  if (count === 0) return { share: 0, base: 0, model: 0 };
  const numStandardErrors = studentQuantile(blocks.length - 1);
  const base = blocks.reduce((sum, block) => sum + block.base, 0) / count;
  let best = { share: 0, base, model: base };
  let bestBound = 0;
  shares.forEach((share, k) => {
    const gains = blocks.map((block) => (block.base - block.shared[k]) / (count / blocks.length));
    const gain = gains.reduce((sum, value) => sum + value, 0) / gains.length;
    const variance = gains.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (gains.length - 1);
    const bound = gain - numStandardErrors * Math.sqrt(variance / gains.length);
    if (bound > bestBound && gain > leastGain * base) [best, bestBound] = [{ share, base, model: base - gain }, bound];
  });
  return best;
}

/**
 * What one in 100 of Student's t exceeds (Abramowitz and Stegun 1964, 26.7.5); infinite for too few degrees of freedom.
 */
function studentQuantile(freedom: number): number {
  if (freedom < leastBlocks - 1) return Infinity;
  const z = normalQuantile;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

/** Sums of absolute errors. */
export interface BlockErrors {
  count: number;
  base: number;
  /** With each of the shares. */
  readonly shared: number[];
}

async function errorsByBlock(model: Sequential, windows: ForecastWindows, batchSize: number): Promise<BlockErrors[]> {
  const blocks = new Map<string, BlockErrors>();
  let window = 0;
  for (const { x, y, sampleWeight } of windows.batches(batchSize)) {
    const corrections = await model.apply(tensor(x.data, x.shape)).data();
    const [numWindows, horizon] = sampleWeight.shape;
    for (let i = 0; i < numWindows; i++, window++) {
      const name = windows.blockOf(window).join(' ');
      const block = blocks.get(name) ?? { count: 0, base: 0, shared: shares.map(() => 0) };
      blocks.set(name, block);
      for (let at = i * horizon; at < (i + 1) * horizon; at++) {
        if (sampleWeight.data[at] === 0) continue;
        block.count++;
        block.base += Math.abs(y.data[at]);
        for (let k = 0; k < shares.length; k++) block.shared[k] += Math.abs(y.data[at] - shares[k] * corrections[at]);
      }
    }
  }
  return [...blocks.values()].filter(({ count }) => count > 0);
}
