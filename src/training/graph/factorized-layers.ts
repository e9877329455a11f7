import { kernelWeight } from '../../cells/define-cell.js';
import { type SharedFactor, sharedFactors } from '../../cells/low-rank.js';
import { Dense, type DenseOptions } from '../../layers/dense.js';
import { type Layer, withoutInitialWeights } from '../../layers/layer.js';
import { inputProjection } from '../../layers/rank-options.js';
import type { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Shape } from '../../shape.js';
import type { Variable } from '../../tensor/variable.js';
import { truncatedSvd } from '../../truncated-svd.js';
import { Sequential } from '../sequential.js';

/** The kernels of recurrent layers that may be parted into two. */
export const factorizedKernels = ['kernel', 'recurrentKernel'] as const;
export type FactorizedKernel = (typeof factorizedKernels)[number];

/** What a layer is parted by. */
export interface Factorization {
  readonly kernels: readonly FactorizedKernel[];
  /** Of a kernel of so many rows and columns. */
  rankOf(shape: Shape): number;
  /** What a weight holds, on the host. */
  valuesOf(weight: Variable): ArrayLike<number>;
}

type Ranks = { recurrentRank?: number; kernelRank?: number };
type Values = ReadonlyMap<string, ArrayLike<number>>;

/**
 * The layer with kernels of a low rank, which start from the truncated singular value decomposition of its own; itself
 * where none would become smaller.
 */
export function factorizedRecurrent(layer: RecurrentLayer<boolean>, by: Factorization): RecurrentLayer<boolean> {
  const members = [...layer.sublayers.values()];
  const parted = members.map((member, i) => {
    const { recurrent, gates } = layer.cells[i];
    const factors = recurrent === 'full' ? sharedFactors(layer.cells[i]) : [];
    return partedCell(weightsOf(member), { factors, gates, units: layer.units[i] }, by);
  });
  if (parted.every(({ ranks }) => Object.keys(ranks).length === 0)) return layer;
  const other = layer.copy({ name: layer.name, cells: parted.map(({ ranks }) => ranks) });
  withoutInitialWeights(Infinity, () => other.ensureBuilt(layer.buildShape!));
  [...other.sublayers.values()].forEach((member, i) => {
    const before = weightsOf(members[i]);
    for (const [name, weight] of weightsOf(member)) {
      const values = parted[i].values.get(name);
      weight.assign(Float64Array.from(values ?? by.valuesOf(before.get(name)!)));
      if (values === undefined && before.get(name)!.mask !== undefined) weight.mask = 'zeros';
    }
  });
  other.trainable = layer.trainable;
  return other;
}

interface GatesOfCell {
  readonly factors: readonly SharedFactor[];
  readonly gates: readonly string[];
  readonly units: number;
}

/** The ranks of a cell's kernels that become smaller, and the values of what takes their place. */
function partedCell(
  weights: ReadonlyMap<string, Variable>,
  { factors, gates, units }: GatesOfCell,
  by: Factorization,
): { ranks: Ranks; values: Values } {
  const ranks: Ranks = {};
  const values = new Map<string, ArrayLike<number>>();
  const kernel = weights.get('kernel')!;
  const rank = by.rankOf(kernel.shape);
  if (by.kernels.includes('kernel') && !weights.has(inputProjection) && isSmaller(kernel.shape, rank)) {
    ranks.kernelRank = rank;
    const [left, right] = balancedFactors(by.valuesOf(kernel), kernel.shape, rank);
    values.set(inputProjection, left).set('kernel', right);
  }
  const recurrent = weights.get('recurrentKernel');
  const isWhole = recurrent?.shape.length === 2 && !factors.some((factor) => weights.has(kernelWeight(factor.kernel)));
  if (recurrent === undefined || !isWhole || !by.kernels.includes('recurrentKernel')) return { ranks, values };
  const recurrentRank = by.rankOf(recurrent.shape);
  if (!isSmaller(recurrent.shape, recurrentRank, factors.length)) return { ranks, values };
  ranks.recurrentRank = recurrentRank;
  const [rows, width] = recurrent.shape;
  const rights = new Float64Array(recurrentRank * width);
  for (const { kernel, gates: own } of factors) {
    const columns = own.flatMap((gate) => Array.from({ length: units }, (_, i) => gates.indexOf(gate) * units + i));
    const part = columnsOf(by.valuesOf(recurrent), [rows, width], columns);
    const [left, right] = balancedFactors(part, [rows, columns.length], recurrentRank);
    values.set(kernelWeight(kernel), left);
    for (let row = 0; row < recurrentRank; row++)
      columns.forEach((column, i) => {
        rights[row * width + column] = right[row * columns.length + i];
      });
  }
  values.set('recurrentKernel', rights);
  return { ranks, values };
}

/** Two Dense layers, the first without a bias; the layer itself where they would not be smaller. */
export function factorizedDense(layer: Dense, { rankOf, valuesOf }: Factorization): Layer {
  const { name, trainable, inputShape: _given, ...config } = layer.getConfig();
  const weights = weightsOf(layer);
  const kernel = weights.get('kernel')!;
  const rank = rankOf(kernel.shape);
  if (!isSmaller(kernel.shape, rank)) return layer;
  const options = config as object as DenseOptions;
  const projection = new Dense({
    ...options,
    units: rank,
    activation: 'linear',
    useBias: false,
    name: `${name}Projection`,
  });
  const other = new Dense({ ...options, name: name as string });
  const both = withoutInitialWeights(
    Infinity,
    () =>
      new Sequential([projection, other], {
        name: name as string,
        trainable: trainable as boolean,
        inputShape: layer.buildShape!.slice(1),
      }),
  );
  const [left, right] = balancedFactors(valuesOf(kernel), kernel.shape, rank);
  weightsOf(projection).get('kernel')!.assign(left);
  weightsOf(other).get('kernel')!.assign(right);
  const bias = weights.get('bias');
  if (bias !== undefined)
    weightsOf(other)
      .get('bias')!
      .assign(Float64Array.from(valuesOf(bias)));
  return both;
}

/** `U diag(sqrt(s))` and `diag(sqrt(s)) V'`, so that both factors learn at one pace. */
function balancedFactors(
  values: ArrayLike<number>,
  shape: Shape,
  rank: number,
): [left: Float64Array, right: Float64Array] {
  const { u, singularValues, v } = truncatedSvd(values, shape, rank);
  const roots = singularValues.map(Math.sqrt);
  // Where a singular value is 0 the left factor alone starts as a direction, so that the right one learns.
  return [
    u.map((value, i) => value * (roots[i % rank] || 1)),
    v.map((value, i) => value * roots[Math.floor(i / shape[1])]),
  ];
}

function isSmaller([rows, columns]: Shape, rank: number, numFactors = 1): boolean {
  return rank * (numFactors * rows + columns) < rows * columns;
}

function columnsOf(values: ArrayLike<number>, [rows, width]: Shape, columns: readonly number[]): Float64Array {
  return Float64Array.from(
    { length: rows * columns.length },
    (_, i) => values[Math.floor(i / columns.length) * width + columns[i % columns.length]],
  );
}

/** By the last part of their names. */
function weightsOf(layer: Layer<unknown>): ReadonlyMap<string, Variable> {
  return new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.split('/').at(-1)!, variable]));
}
