import { RondoError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Bidirectional, MergeMode } from './bidirectional.js';
import type { CellAlongTime } from './cell-along-time.js';
import { titleOf } from './input-axes.js';
import { describeOpenShape, type Layer, type OpenShape, type OutputShapes } from './layer.js';
import { RecurrentLayer, type StatesOf } from './recurrent-layer.js';
import { leavesByPath } from './result-leaves.js';

/** States in the arrangement in which a layer returns and takes them. */
export type LayerStates<Value> = StatesOf<Value> | Readonly<Record<'forward' | 'backward', StatesOf<Value>>>;

/** By what it has, so that a page with graphs carries the class only where it uses it. */
function isBidirectional(layer: Layer<unknown>): layer is Bidirectional<MergeMode, boolean> {
  return (layer as Partial<Bidirectional>).forwardLayer instanceof RecurrentLayer;
}

/** The states of a layer, each made of its width, from the bottom up in the order of its cell. */
function statesOf<Value>(
  layer: RecurrentLayer<boolean>,
  make: (units: number, state: string) => Value,
): StatesOf<Value> {
  const states = [...layer.sublayers.values()].map((member) => {
    const { cell } = member as CellAlongTime;
    return Object.fromEntries(
      cell.states.map((state) => [state, make((member as CellAlongTime).widthOf(state), state)]),
    );
  });
  return states as unknown as StatesOf<Value>;
}

/** The same of one that reads in both directions; undefined for a layer without states. */
function layerStates<Value>(
  layer: Layer<unknown>,
  make: (units: number, state: string) => Value,
): LayerStates<Value> | undefined {
  if (layer instanceof RecurrentLayer) return statesOf(layer, make);
  if (!isBidirectional(layer)) return undefined;
  return { forward: statesOf(layer.forwardLayer, make), backward: statesOf(layer.backwardLayer, make) };
}

/** What a layer gives for inputs of such shapes, arranged as what it returns. @throws SHAPE_MISMATCH */
export function outputShapes(layer: Layer<unknown>, inputShapes: readonly OpenShape[]): OutputShapes {
  const [first, ...others] = inputShapes;
  if (layer.computeOutputShapes !== undefined) return layer.computeOutputShapes(first, ...others);
  const shape = layer.computeOutputShape(first, ...others);
  const finalStates = (): LayerStates<OpenShape> => layerStates(layer, (units) => [shape[0], units])!;
  if (layer instanceof RecurrentLayer) return layer.returnState ? { output: shape, states: finalStates() } : shape;
  if (!isBidirectional(layer)) return shape;
  const { forwardLayer, backwardLayer, mergeMode } = layer;
  const output =
    mergeMode === 'none' ? [forwardLayer, backwardLayer].map((each) => each.computeOutputShape(first)) : shape;
  return forwardLayer.returnState ? { output, ...finalStates() } : output;
}

/**
 * The edges of a node that begins with given states: they stand behind its input.
 *
 * @param given one entry a cell, or that of the only cell; of a Bidirectional both directions.
 * @throws UNKNOWN_NAME where they are not those of the layer
 */
export function withInitialStates<Edge>(
  layer: Layer<unknown>,
  inputs: readonly Edge[],
  given: unknown,
  isEdge: (value: unknown) => value is Edge,
): readonly Edge[] {
  const list = layer instanceof RecurrentLayer && !Array.isArray(given) ? [given] : given;
  const edges = leavesByPath(list, isEdge);
  const named = layer.beginningStates?.();
  const states =
    named !== undefined
      ? new Map(Object.keys(named).map((state) => [state, state]))
      : leavesByPath(
          layerStates(layer, (_, state) => state),
          (value) => typeof value === 'string',
        );
  if (states.size > 0 && [...states.keys()].every((path) => edges.has(path)) && edges.size === states.size)
    return [...inputs, ...[...states.keys()].map((path) => edges.get(path)!)];
  throw new RondoError('UNKNOWN_NAME', {
    where: `${titleOf(layer)}.apply`,
    what: '`initialState` names other states than the layer has.',
    expected: states.size === 0 ? 'a recurrent layer' : [...states.keys()].join(', '),
    received: [...edges.keys()].join(', ') || 'no symbolic tensors',
    fix: 'give every state of each cell by its name, as `states` of another layer are.',
  });
}

/** Says whether the inputs behind the first are the initial states of a layer. @throws SHAPE_MISMATCH */
export function requireStateShapes(layer: Layer<unknown>, shapes: readonly OpenShape[]): boolean {
  const states = layerStates(layer, (units, state) => ({ units, state }));
  if (states === undefined) return false;
  const expected = [...leavesByPath(states, isState).values()];
  const given = shapes.slice(1);
  const fits = ([, units]: OpenShape, i: number): boolean => units === expected[i].units;
  if (given.length === expected.length && given.every((shape, i) => shape.length === 2 && fits(shape, i))) return true;
  throw new RondoError('SHAPE_MISMATCH', {
    where: titleOf(layer),
    what: 'the initial states do not fit the layer.',
    expected: expected.map(({ state, units }) => `${state} [batch, ${units}]`).join(', '),
    received: given.map(describeOpenShape).join(', '),
    fix: 'begin with the states of a layer of the same cell and width.',
  });
}

function isState(value: unknown): value is { units: number; state: string } {
  return typeof (value as { units?: unknown }).units === 'number';
}

/** A node's tensors as its layer is applied to them: states behind the first become an option. */
export function withStatesApart(
  layer: Layer<unknown>,
  inputs: readonly Tensor[],
): { inputs: Tensor | readonly Tensor[]; initialState?: LayerStates<Tensor> | undefined } {
  if (inputs.length === 1) return { inputs: inputs[0] };
  let at = 1;
  const initialState = layerStates(layer, () => inputs[at++]);
  return initialState === undefined ? { inputs } : { inputs: inputs[0], initialState };
}
