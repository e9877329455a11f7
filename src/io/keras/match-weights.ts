import { RondoError } from '../../errors.js';
import { describeShape, sameShape } from '../../shape.js';
import type { Variable } from '../../tensor/variable.js';
import { fromCudnn, isCudnnBias } from './cudnn-weights.js';
import type { StoredWeight } from './stored-weights.js';
import type { WeightSlot } from './weight-slots.js';

/** Weights of a file for slots of a model. */
export interface Matched {
  readonly slots: readonly WeightSlot[];
  readonly weights: readonly StoredWeight[];
  readonly isCudnn: boolean;
}

/**
 * The weights of one layer for its slots: by the last part of their names where these tell them apart, else in their order. Every shape
 * must fit.
 *
 * @returns undefined where they do not fit
 */
export function matchedWeights(slots: readonly WeightSlot[], weights: readonly StoredWeight[]): Matched[] | undefined {
  if (slots.length !== weights.length) return undefined;
  for (const pairs of [byRole(slots, weights), [...weights]]) {
    const matched = pairs && inGroups(slots, pairs);
    if (matched !== undefined) return matched;
  }
  return undefined;
}

/** Weights in the order of slots, where each slot's role ends the name of one weight alone. */
function byRole(slots: readonly WeightSlot[], weights: readonly StoredWeight[]): StoredWeight[] | undefined {
  const byEnd = new Map<string, StoredWeight[]>();
  for (const weight of weights) {
    const parts = weight.name.replace(/:\d+$/, '').split('/');
    for (const end of new Set([parts.at(-1)!, parts.slice(-2).join('/')]))
      if (!byEnd.get(end)?.push(weight)) byEnd.set(end, [weight]);
  }
  const found = slots.map(({ role }) => byEnd.get(role) ?? []);
  const isOne = found.every(({ length }) => length === 1) && new Set(found.flat()).size === slots.length;
  return isOne ? found.flat() : undefined;
}

/** Slots of one cell together, others alone; undefined where a shape does not fit. */
function inGroups(slots: readonly WeightSlot[], weights: readonly StoredWeight[]): Matched[] | undefined {
  const matched: Matched[] = [];
  for (let at = 0; at < slots.length; ) {
    const { cell } = slots[at];
    let end = at + 1;
    if (cell !== undefined) while (end < slots.length && slots[end].cell === cell) end++;
    const group = { slots: slots.slice(at, end), weights: weights.slice(at, end) };
    const isCudnn = cell !== undefined && group.slots.length === 3 && isCudnnBias(cell, group.weights[2].shape);
    const fits = group.slots.every(
      ({ variable }, i) => (isCudnn && i === 2) || sameShape(variable.shape, group.weights[i].shape),
    );
    if (!fits || (isCudnn && cell.kind === 'GRU' && group.slots[2].variable.shape.length !== 2)) return undefined;
    matched.push({ ...group, isCudnn });
    at = end;
  }
  return matched;
}

/** Puts matched weights into their variables. */
export async function assignMatched(matched: readonly Matched[]): Promise<void> {
  const values: [Variable, ArrayLike<number>][] = [];
  for (const { slots, weights, isCudnn } of matched) {
    const numbers: ArrayLike<number>[] = [];
    for (const weight of weights) numbers.push(plain((await weight.values()).data));
    const { cell } = slots[0];
    const own = isCudnn && cell !== undefined ? fromCudnn(cell, numbers) : numbers;
    slots.forEach(({ variable }, i) => values.push([variable, own[i]]));
  }
  // Nothing changes unless all could be read.
  for (const [variable, numbers] of values) variable.assign(numbers);
}

function plain(data: { readonly length: number; readonly [i: number]: number | bigint }): ArrayLike<number> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data as unknown as ArrayLike<bigint>, Number)
    : (data as ArrayLike<number>);
}

/** Says what a layer wants and what the file has. */
export function misfit(
  where: string,
  layer: string,
  slots: readonly WeightSlot[],
  weights: readonly StoredWeight[],
): RondoError {
  const received = weights
    .map(({ name, shape }) => `${name} ${describeShape(shape)}`)
    .slice(0, 12)
    .join(', ');
  return new RondoError('SHAPE_MISMATCH', {
    where: `${where}: the layer \`${layer}\``,
    what: 'the weights of the file do not fit the layer.',
    expected: slots
      .map(({ role, variable }) => `${role} ${describeShape(variable.shape)}`)
      .slice(0, 12)
      .join(', '),
    received: received === '' ? 'none' : received,
    fix: 'give a model with the layers and sizes of the one that was saved.',
  });
}
