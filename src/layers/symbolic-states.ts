import { RondoError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CellAlongTime } from './cell-along-time.js';
import { FinalState } from './final-state.js';
import { titleOf } from './input-axes.js';
import { describeOpenShape, type Layer, type OpenShape, type Symbolic } from './layer.js';
import { type NamedStates, RecurrentLayer, type StatesOf } from './recurrent-layer.js';

/** The states of a layer in their order: of the cells from the bottom, each in the order of its cell. */
function statesIn(layer: RecurrentLayer<boolean>): { cell: number; state: string; units: number }[] {
  return [...layer.sublayers.values()].flatMap((member, cell) =>
    (member as CellAlongTime).cell.states.map((state) => ({
      cell,
      state,
      units: (member as CellAlongTime).widthOf(state),
    })),
  );
}

/** What stands behind an output of a recurrent layer. @throws USAGE where the layer does not return states */
export function finalStates<Edge extends Symbolic>(output: Edge, layer: Layer<unknown>): StatesOf<Edge> {
  if (!(layer instanceof RecurrentLayer) || !layer.returnState) {
    throw new RondoError('USAGE', {
      where: `${titleOf(layer)}.states`,
      what: 'the layer does not return states.',
      expected: 'the output of a recurrent layer with returnState: true',
      received: layer.className,
      fix: 'give the layer returnState: true; a Bidirectional has none in a graph.',
    });
  }
  const states: Record<string, Edge>[] = [];
  for (const { cell, state, units } of statesIn(layer))
    (states[cell] ??= {})[state] = new FinalState({ cell, state, units }).apply(output);
  return states;
}

/**
 * The edges of a node that begins with given states: they stand behind its input.
 *
 * @throws USAGE for a layer without states; UNKNOWN_NAME where they are not those of the layer
 */
export function withInitialStates<Edge>(
  layer: Layer<unknown>,
  inputs: readonly Edge[],
  given: StatesOf<Edge> | StatesOf<Edge>[number],
): readonly Edge[] {
  const list = (Array.isArray(given) ? given : [given]) as StatesOf<Edge>;
  const states = layer instanceof RecurrentLayer ? statesIn(layer) : [];
  const found = states.map(({ cell, state }) => list[cell]?.[state]);
  const numGiven = list.reduce((sum, named) => sum + Object.keys(named ?? {}).length, 0);
  if (states.length > 0 && found.every((one) => one !== undefined) && numGiven === found.length)
    return [...inputs, ...found];
  throw new RondoError('UNKNOWN_NAME', {
    where: `${titleOf(layer)}.apply`,
    what: '`initialState` names other states than the layer has.',
    expected: states.length === 0 ? 'a recurrent layer' : `{ ${states.map(({ state }) => state).join(', ')} }`,
    received: `{ ${list.flatMap((named) => Object.keys(named ?? {})).join(', ')} }`,
    fix: 'give every state of each cell by its name, as `states` of another layer does.',
  });
}

/** Says whether the inputs behind the first are the initial states of a layer. @throws SHAPE_MISMATCH */
export function requireStateShapes(layer: Layer<unknown>, shapes: readonly OpenShape[]): boolean {
  if (!(layer instanceof RecurrentLayer)) return false;
  const states = statesIn(layer);
  const fits = ([, units]: OpenShape, i: number): boolean => units === states[i].units;
  const given = shapes.slice(1);
  if (given.length === states.length && given.every((shape, i) => shape.length === 2 && fits(shape, i))) return true;
  throw new RondoError('SHAPE_MISMATCH', {
    where: titleOf(layer),
    what: 'the initial states do not fit the layer.',
    expected: states.map(({ state, units }) => `${state} [batch, ${units}]`).join(', '),
    received: given.map(describeOpenShape).join(', '),
    fix: 'begin with the states of a layer of the same cell and width.',
  });
}

/** A node's tensors as its layer is applied to them: states behind the first become an option. */
export function withStatesApart(
  layer: Layer<unknown>,
  inputs: Tensor | readonly Tensor[],
): { inputs: Tensor | readonly Tensor[]; initialState?: readonly NamedStates[] } {
  if (!(layer instanceof RecurrentLayer) || !Array.isArray(inputs)) return { inputs };
  const [first, ...given] = inputs as readonly Tensor[];
  const initialState: Record<string, Tensor>[] = [];
  statesIn(layer).forEach(({ cell, state }, i) => {
    (initialState[cell] ??= {})[state] = given[i];
  });
  return { inputs: first, initialState };
}
