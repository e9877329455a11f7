import { RondoError, requireKind } from '../../errors.js';
import type { Model } from '../../training/model.js';
import { type Loading, loadingOf, misfitsOf } from './load-layer.js';
import type { StateDict } from './read-state-dict.js';
import { moduleOfLayer, torchLayersOf } from './torch-layers.js';
import { batchCount } from './torch-modules.js';

/**
 * Puts the tensors of a PyTorch state dict into a model that computes the same, made in code: a Functional with attention from one
 * sequence to another, for instance. Layers have the names of the modules, as {@link stateDictOf} writes them; every tensor
 * must have its place, in its shape.
 *
 * @throws USAGE where a layer has no counterpart in PyTorch; SHAPE_MISMATCH naming each tensor that is missing, left over or
 *   of another shape; the model is then unchanged
 *
 * @example
 * setStateDict(model, await readStateDict(bytes, 'tagger.pt'));
 */
export function setStateDict(model: Model, state: StateDict): void {
  const where = 'setStateDict';
  requireKind(state instanceof Map, state, {
    where,
    what: 'this is no state dict.',
    fix: 'give what readStateDict read.',
  });
  const layers = torchLayersOf(model, where);
  const loadings = (isGrouped: boolean): Loading[] =>
    layers.map((named) => {
      const { module, first } = moduleOfLayer(named, isGrouped);
      return loadingOf(named[1], module, first, state);
    });
  const grouped = loadings(true);
  const isOne = grouped.every(({ wanted }) => [...wanted.keys()].every((name) => state.has(name)));
  const takings = isOne ? grouped : loadings(false);
  const wanted = new Map(takings.flatMap((taking) => [...taking.wanted]));
  const faults = misfitsOf(wanted, state);
  for (const name of state.keys())
    if (!wanted.has(name) && !name.endsWith(batchCount)) faults.push(`\`${name}\` has no layer`);
  if (faults.length > 0)
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the state dict is of another model.',
      expected: [...wanted.keys()].slice(0, 20).join(', '),
      received: faults.slice(0, 20).join('; '),
      fix: 'name the layers as the modules are called, or make the model with modelFromStateDict.',
    });
  for (const { load } of takings) load();
}
