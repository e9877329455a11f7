import {
  RondoError,
  refuseUnknownOptions,
  requireCount,
  requireKind,
  requireNumber,
  unknownName,
} from '../../errors.js';
import { Dense } from '../../layers/dense.js';
import { titleOf } from '../../layers/input-axes.js';
import type { Layer } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Variable } from '../../tensor/variable.js';
import { Model } from '../model.js';
import {
  type Factorization,
  type FactorizedKernel,
  factorizedDense,
  factorizedKernels,
  factorizedRecurrent,
} from './factorized-layers.js';
import { replaceLayers } from './replace-layers.js';

/** Options of {@link factorize}: a rank, or a ratio. */
export interface FactorizeOptions {
  /** The rank of every kernel. */
  rank?: number | undefined;
  /** The rank of a kernel as a share of its shorter side, rounded up: above 0 and below 1. */
  ratio?: number | undefined;
  /**
   * The layers, by their paths in the names of weights, such as `lstm` or `bidirectional/forward`. By default every
   * recurrent one; a `Dense` that is named becomes two, of which the first has no bias.
   */
  layers?: readonly string[] | undefined;
  /** Which kernels of recurrent layers. Default both: `kernel`, of the input, and `recurrentKernel`. */
  kernels?: readonly FactorizedKernel[] | undefined;
}

const where = 'factorize';

/**
 * A model whose recurrent layers have kernels of a low rank, and so fewer weights and faster steps: each kernel becomes
 * two, which start as its truncated singular value decomposition, `U diag(sqrt(s))` and `diag(sqrt(s)) V'` (Xue, Li and
 * Gong 2013, "Restructuring of deep neural network acoustic models with singular value decomposition"). It is
 * made to be trained on: compile it and fit. Kernels that it would not make
 * smaller, those of several heads, and what has a low rank already stay as they are; so do the kernels that a cell
 * multiplies by besides that of its gates.
 *
 * Other layers are shared with the model, as in `replaceLayers`; carried states are not taken. The new model is not
 * compiled.
 *
 * @throws USAGE without a rank or ratio, or with both; where no kernel, or none of a named layer, would become smaller;
 *   for a model without a graph; OUT_OF_RANGE, UNKNOWN_NAME, NOT_FINITE
 * @example
 * const smaller = await factorize(model, { ratio: 0.25 });
 * smaller.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
 * await smaller.fit(x, y, { epochs: 2 });
 */
export async function factorize<Given extends Model>(model: Given, options: FactorizeOptions): Promise<Given> {
  requireKind(model instanceof Model, model, {
    where,
    what: 'this is no model.',
    fix: 'give a Sequential or Functional; of a task it is `task.model`.',
  });
  const { layers, kernels, rankOf } = required(options);
  const values = new Map<Variable, ArrayLike<number>>();
  for (const weight of model.weights) values.set(weight, await finiteValues(weight));
  const by: Factorization = { kernels, rankOf, valuesOf: (weight) => values.get(weight)! };
  const paths: string[] = [];
  const smaller = replaceLayers(model, (layer, path) => {
    paths.push(path);
    const isNamed = layers?.includes(path) === true;
    if (layers !== undefined && !isNamed) return layer;
    const other = factorized(layer, by, isNamed);
    if (isNamed && other === layer) throw notSmaller(`layer \`${path}\` (${titleOf(layer)})`);
    return other;
  });
  const unknown = layers?.find((name) => !paths.includes(name));
  if (unknown !== undefined) throw unknownName(where, 'layer', unknown, paths);
  if (smaller === model) throw notSmaller('the model');
  return smaller;
}

/** A weight that is not finite has no singular values. @throws NOT_FINITE */
async function finiteValues(weight: Variable): Promise<ArrayLike<number>> {
  if (weight.compressed !== undefined)
    throw new RondoError('USAGE', {
      where,
      what: `the weight \`${weight.name}\` is compressed.`,
      fix: 'factorize the model that was compressed, and compress what comes of it.',
    });
  const values = await weight.data();
  if (values.every(Number.isFinite)) return values;
  throw new RondoError('NOT_FINITE', {
    where,
    what: `the weight \`${weight.name}\` is not finite.`,
    fix: 'use the weights of an earlier epoch, and train with a lower learning rate or globalClipNorm.',
  });
}

function factorized(layer: Layer<unknown>, by: Factorization, isNamed: boolean): Layer<unknown> {
  if (layer instanceof RecurrentLayer) return factorizedRecurrent(layer as RecurrentLayer<boolean>, by);
  return isNamed && layer instanceof Dense ? factorizedDense(layer, by) : layer;
}

function required(options: FactorizeOptions): Pick<FactorizeOptions, 'layers'> & Omit<Factorization, 'valuesOf'> {
  requireKind(Object(options) === options, options, {
    where,
    what: 'there is neither a rank nor a ratio.',
    fix: 'write factorize(model, { ratio: 0.25 }).',
  });
  refuseUnknownOptions(where, options, ['rank', 'ratio', 'layers', 'kernels']);
  const { rank, ratio, layers, kernels = factorizedKernels } = options;
  if ((rank === undefined) === (ratio === undefined))
    throw new RondoError('USAGE', {
      where,
      what: `there is ${rank === undefined ? 'neither a rank nor' : 'both a rank and'} a ratio.`,
      fix: 'give `rank`, the same for every kernel, or `ratio`, a share of its shorter side.',
    });
  if (rank !== undefined) requireCount(where, 'rank', rank);
  else requireNumber(where, 'ratio', ratio!, 'a number above 0 and below 1', (v) => v > 0 && v < 1);
  for (const [name, list] of Object.entries({ layers, kernels }))
    requireKind(list === undefined || Array.isArray(list), list, {
      where,
      what: `\`${name}\` is no list.`,
      fix: `give ${name}: ['${name === 'layers' ? 'lstm' : factorizedKernels.join("', '")}'].`,
    });
  for (const kernel of kernels)
    if (!factorizedKernels.includes(kernel)) throw unknownName(where, 'kernel', kernel, factorizedKernels);
  return { layers, kernels, rankOf: ([rows, columns]) => rank ?? Math.ceil(ratio! * Math.min(rows, columns)) };
}

function notSmaller(what: string): RondoError {
  return new RondoError('USAGE', {
    where,
    what: `nothing of ${what} would become smaller.`,
    expected: 'recurrent layers, or a Dense that is named, whose two kernels have fewer numbers than the one',
    fix: 'give a smaller rank or ratio, or name other layers.',
  });
}
