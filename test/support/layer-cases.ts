import type { Layer, OpenShape } from '../../src/layers/layer.js';
import type { RecurrentCallOptions } from '../../src/layers/recurrent-layer.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import type { Variable } from '../../src/tensor/variable.js';
import { type LayerConfig, layerFromConfig } from '../../src/training/layer-registry.js';
import type { LayerVector, VectorTensor } from './vectors.js';

/** Tensors by path: `output`, `output.forward`, `finalState.cell0.hidden`. */
export type ByPath<T> = Readonly<Record<string, T>>;

/** What a vector is run on. */
export interface Subject {
  /** By the vector's weight names. */
  readonly weights: ReadonlyMap<string, WeightOfVector>;
  /** @param states by path below `initialState`. */
  apply(input: Tensor, states: ByPath<Tensor>, mask: Uint8Array | undefined): ByPath<Tensor>;
}

/** A weight of a vector as (a part of) a variable. */
export interface WeightOfVector {
  readonly variable: Variable;
  /** The vector's gradient read from the variable's. */
  gradient(values: ArrayLike<number>): ArrayLike<number>;
}

export function asTensor({ shape, data }: VectorTensor): Tensor {
  return tensor(Float64Array.from(data), shape);
}

/** The tensors of nested objects by path. */
export function byPath(nested: unknown, prefix = ''): ByPath<VectorTensor> {
  if (nested === undefined) return {};
  if (isVectorTensor(nested)) return { [prefix]: nested };
  return Object.assign(
    {},
    ...Object.entries(nested as object).map(([name, value]) =>
      byPath(value, prefix === '' ? name : `${prefix}.${name}`),
    ),
  );
}

function isVectorTensor(value: unknown): value is VectorTensor {
  return value !== null && typeof value === 'object' && 'data' in value;
}

/** The layer of a vector made by Keras, built, with the vector's weights. */
export function kerasSubject(vector: LayerVector): Subject {
  return vector.layer === 'Sequential' ? chainSubject(vector) : singleSubject(vector);
}

function singleSubject(vector: LayerVector): Subject {
  const layer = layerFromConfig(configOf(vector.layer, vector.config));
  const weights = loadWeights(layer, vector.inputs.input.shape, vector.weights ?? {});
  const { training } = vector;
  return {
    weights,
    apply: (input, states, mask) => {
      const initialState = stateOption(states);
      const options = { mask, training, ...(initialState === undefined ? {} : { initialState }) };
      return results(layer.apply(input, options as RecurrentCallOptions));
    },
  };
}

/** Layers one after the other; masks travel with the tensors between them. */
function chainSubject(vector: LayerVector): Subject {
  const entries = vector.config.layers as { layer: string; name: string; config: Record<string, unknown> }[];
  const layers = entries.map(({ layer, config }) => layerFromConfig(configOf(layer, config)) as Layer<unknown>);
  const weights = new Map<string, WeightOfVector>();
  let shape: readonly number[] = vector.inputs.input.shape;
  layers.forEach((layer, i) => {
    const prefix = `${entries[i].name}.`;
    const own = Object.entries(vector.weights).filter(([name]) => name.startsWith(prefix));
    const loaded = loadWeights(
      layer,
      shape,
      Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value])),
    );
    for (const [name, weight] of loaded) weights.set(prefix + name, weight);
    shape = layer.computeOutputShape(shape) as readonly number[];
  });
  return {
    weights,
    apply: (input) => results(layers.reduce<unknown>((value, layer) => layer.apply(value as Tensor), input)),
  };
}

/** A layer's configuration from the words of the vector files. */
function configOf(className: string, given: Record<string, unknown>): LayerConfig {
  const config = { ...given };
  if (config.mergeMode === null) config.mergeMode = 'none';
  if (config.cells !== undefined) {
    config.cell = config.cells;
    delete config.cells;
  }
  if (config.layer !== undefined) {
    const inner = config.layer as { layer: string; config: Record<string, unknown> };
    config.layer = configOf(inner.layer, inner.config);
  }
  return { className, config: config as LayerConfig['config'] };
}

/** Gives a layer the weights of a vector. @param inputShapes of all inputs, or of the only one. */
export function loadWeights(
  layer: Layer<unknown>,
  inputShapes: readonly number[] | [OpenShape, ...OpenShape[]],
  given: Readonly<Record<string, VectorTensor>>,
): Map<string, WeightOfVector> {
  const isOne = (shapes: typeof inputShapes): shapes is readonly number[] => typeof shapes[0] === 'number';
  layer.ensureBuilt(...(isOne(inputShapes) ? ([inputShapes] as [OpenShape]) : inputShapes));
  const variables = new Map([...layer.namedWeights('')].map(([path, { variable }]) => [vectorName(path), variable]));
  const names = Object.keys(given);
  if ([...variables.keys()].sort().join() !== [...names].sort().join())
    throw new Error(`weights ${[...variables.keys()].join()} instead of ${names.join()}`);
  for (const [name, variable] of variables) variable.assign(given[name].data);
  return new Map([...variables].map(([name, variable]) => [name, { variable, gradient: (values) => values }]));
}

/** `/forward/cell/kernel` is `forward.kernel` in the vectors. */
export function vectorName(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== 'cell')
    .join('.');
}

/** States by path as a layer's option: `hidden`, `cell0.hidden` or `forward.hidden`. */
function stateOption(states: ByPath<Tensor>): unknown {
  const paths = Object.keys(states);
  if (paths.length === 0) return undefined;
  if (!paths[0].includes('.')) return states;
  const groups: Record<string, Record<string, Tensor>> = {};
  for (const path of paths) {
    const [group, name] = path.split('.');
    (groups[group] ??= {})[name] = states[path];
  }
  return 'forward' in groups ? groups : Object.values(groups);
}

interface Returned {
  readonly output: Tensor | readonly [Tensor, Tensor];
  readonly states?: readonly Readonly<Record<string, Tensor>>[];
  readonly forward?: readonly Readonly<Record<string, Tensor>>[];
  readonly backward?: readonly Readonly<Record<string, Tensor>>[];
}

/** What a layer returned, by path. */
function results(returned: unknown): ByPath<Tensor> {
  const { output, states, forward, backward } =
    returned !== null && typeof returned === 'object' && 'output' in returned
      ? (returned as Returned)
      : { output: returned as Tensor };
  const found: Record<string, Tensor> = {};
  if (Array.isArray(output)) Object.assign(found, { 'output.forward': output[0], 'output.backward': output[1] });
  else found.output = output as Tensor;
  const add = (prefix: string, named: Readonly<Record<string, Tensor>>): void => {
    for (const [name, value] of Object.entries(named)) found[`${prefix}.${name}`] = value;
  };
  if (states?.length === 1) add('finalState', states[0]);
  else states?.forEach((named, i) => add(`finalState.cell${i}`, named));
  if (forward !== undefined) add('finalState.forward', forward[0]);
  if (backward !== undefined) add('finalState.backward', backward[0]);
  return found;
}
