import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import type { LayerWeight } from '../layers/layer.js';
import { describeShape, type Shape, sameShape } from '../shape.js';
import type { CompressedWeights } from '../tensor/compressed-weights.js';
import { matrixSizes } from '../tensor/matrix-sizes.js';
import { Tensor } from '../tensor/tensor.js';
import { requireRunsOnce, type Variable } from '../tensor/variable.js';
import { type HostArray, hostArray, type OneArray } from './host-data.js';

/** Numbers that come one piece after the other, in one array that each piece overwrites. */
export interface NumbersInPieces {
  readonly shape: Shape;
  readonly pieces: () => Iterable<Float32Array>;
}

/** Weights by their readable names, such as `lstm/cell/kernel`. */
export type NamedWeights = Readonly<Record<string, OneArray | NumbersInPieces | CompressedWeights>>;

/** What has weights. */
interface Weighted {
  namedWeights(): Iterable<[path: string, weight: LayerWeight]>;
}

/** The variables of a model by name, trainable or not, in a fixed order; a shared one once. */
export function variablesOf(model: Weighted): Map<string, Variable> {
  const found = new Map<string, Variable>();
  const seen = new Set<Variable>();
  for (const [path, { variable }] of model.namedWeights()) {
    if (seen.has(variable)) continue;
    seen.add(variable);
    found.set(path, variable);
  }
  return found;
}

/** The variables that can change. */
function changeable(model: Weighted): [string, Variable][] {
  return [...variablesOf(model)].filter(([, { compressed }]) => compressed === undefined);
}

/** A copy of all weights that can change, on the host. */
export async function readWeights(model: Weighted): Promise<Record<string, HostArray>> {
  return readArrays(changeable(model));
}

/** The numbers that tensors have now, by their names. */
export async function readArrays(
  tensors: readonly (readonly [name: string, values: Tensor])[],
): Promise<Record<string, HostArray>> {
  return Object.fromEntries(
    await Promise.all(
      tensors.map(async ([name, values]) => [name, { data: await values.data(), shape: values.shape }] as const),
    ),
  );
}

/** The same as tensors, which a device that the host cannot see keeps. */
export function weightTensors(model: Weighted): Record<string, Tensor> {
  return Object.fromEntries(changeable(model).map(([name, variable]) => [name, variable.snapshot()]));
}

/**
 * Replaces all weights. Nothing is changed unless every name and shape fits.
 *
 * @throws SHAPE_MISMATCH naming every weight that is missing, unknown or of another shape, or `code` where given.
 */
export function assignWeights(
  model: Weighted,
  weights: NamedWeights,
  where: string,
  code: 'SHAPE_MISMATCH' | 'FILE_FORMAT' = 'SHAPE_MISMATCH',
): void {
  const variables = variablesOf(model);
  const places = new Map(model.namedWeights());
  const given = new Map(
    Object.entries(weights).map(([name, weight]) => [
      name,
      weight instanceof Tensor || isCompressed(weight) || isInPieces(weight) ? weight : hostArray(weight, where, name),
    ]),
  );
  const faults: string[] = [];
  for (const [name, { shape, compressed }] of variables) {
    const weight = given.get(name);
    if (weight === undefined) {
      // What is compressed stays as it is.
      if (compressed === undefined) faults.push(`\`${name}\` is missing`);
    } else if (compressed !== undefined) faults.push(`\`${name}\` is compressed and cannot change`);
    else if (isCompressed(weight) && !fitsCompressed(weight, places.get(name)!))
      faults.push(`\`${name}\` is compressed as the layer cannot read it`);
    else if (!sameShape(weight.shape, shape))
      faults.push(`\`${name}\` is ${describeShape(weight.shape)}, not ${describeShape(shape)}`);
  }
  for (const name of given.keys()) if (!variables.has(name)) faults.push(`\`${name}\` is no weight of the model`);
  if (faults.length > 0) {
    const shown = faults.slice(0, 20).join('; ');
    throw new RondoError(code, {
      where,
      what: 'the weights do not fit the model.',
      expected: `${variables.size} weights with the names and shapes of the model`,
      received: faults.length > 20 ? `${shown}; and ${faults.length - 20} more` : shown,
      fix: 'use weights of the same architecture; the model is unchanged.',
    });
  }
  for (const [name, variable] of variables) {
    const weight = given.get(name);
    if (weight === undefined) continue;
    if (isCompressed(weight)) variable.compress(weight);
    else if (isInPieces(weight)) assignPieces(variable, weight);
    else variable.assign(weight instanceof Tensor ? weight : weight.data);
  }
}

function assignPieces(variable: Variable, { pieces }: NumbersInPieces): void {
  requireRunsOnce(variable);
  const backend = currentBackend();
  const view = variable.storedViewOn(backend);
  let { offset } = view;
  for (const piece of pieces()) {
    backend.write({ ...view, offset }, piece);
    offset += piece.length;
  }
}

/** Whether a layer multiplies with a weight as it is compressed. */
function fitsCompressed({ form, matrices, shape }: CompressedWeights, place: LayerWeight): boolean {
  const { count, k, n } = matrixSizes(shape, { ...place, form });
  const { segment = n } = place;
  return (
    form === place.form &&
    matrices.length === count &&
    matrices.every(
      (matrix) =>
        matrix.k === k &&
        matrix.n === n &&
        (matrix.kind === 'blocks' ? form === 'matrix' && matrix.segment === segment : true),
    )
  );
}

/** Asked so that a page that reads no compressed weights does not carry them. */
function isCompressed(weight: NamedWeights[string]): weight is CompressedWeights {
  return Object(weight) === weight && 'matrices' in (weight as object);
}

function isInPieces(weight: NamedWeights[string]): weight is NumbersInPieces {
  return Object(weight) === weight && 'pieces' in (weight as object);
}
