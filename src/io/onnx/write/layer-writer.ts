import { RondoError } from '../../../errors.js';
import type { Json, Layer, OpenShape } from '../../../layers/layer.js';
import type { GraphWriter } from './graph-writer.js';
import type { HostWeight, HostWeights } from './host-weights.js';
import { elementNumbers } from './onnx-message.js';

/** Truth values of the first axes of a tensor, such as `[batch, time]`: false where a step does not count. */
export interface StepMask {
  readonly value: string;
  /** How many axes it has. */
  readonly rank: number;
}

/** A tensor of the model as it is written: the value's name, and what is known of it. */
export interface Edge {
  readonly value: string;
  /** Names stand for axes of any size. */
  readonly axes: readonly (number | string)[];
  readonly type: 'float' | 'int64';
  readonly mask?: StepMask | undefined;
}

/** States that come into a model and go out of it, where these are wanted. */
export interface StatePorts {
  /** The name of an input of the graph, `[batch, width]`. */
  input(name: string, width: number): string;
  output(name: string, value: string, width: number): void;
}

/** One application of a layer. */
export interface LayerCall {
  readonly graph: GraphWriter;
  readonly layer: Layer<unknown>;
  /** The layer's name in the model. */
  readonly name: string;
  readonly config: Readonly<Record<string, Json | undefined>>;
  readonly weights: ReadonlyMap<string, HostWeight>;
  readonly allWeights: HostWeights;
  /** What the layer reads; the states that it begins with stand behind. */
  readonly inputs: readonly Edge[];
  /** The axes of what it gives, by path. */
  readonly outputs: ReadonlyMap<string, Edge['axes']>;
  readonly states: StatePorts | undefined;
  /** Writes a layer that lies inside of this one, which gives one tensor of this shape. */
  inside(layer: Layer<unknown>, name: string, inputs: readonly Edge[], shape: OpenShape): Edge;
}

/** What a layer gives: one tensor, or several by their paths. */
export type Written = Edge | ReadonlyMap<string, Edge>;

/** How one class of layers is written. */
export interface LayerWriter {
  /** Why this layer cannot be written; undefined where it can. Asked before anything is written. */
  fault?(layer: Layer<unknown>): string | undefined;
  /** Whether the time of what it gives is another than that of what it reads. */
  readonly changesTime?: boolean;
  /** Whether it reads whole numbers: an input of the model that goes into it alone is then one of int64. */
  readonly readsIndices?: boolean;
  /** Whether layers inside of it are written too, each by its own class. */
  readonly wraps?: boolean;
  write(call: LayerCall): Written;
}

/** The axes of a layer's only output. */
export function axesOf({ outputs }: LayerCall): Edge['axes'] {
  return outputs.get('') ?? outputs.get('output')!;
}

/** A weight as an initializer of the graph, under its name. */
export function writeWeight(
  { graph, weights, name }: Pick<LayerCall, 'graph' | 'weights' | 'name'>,
  path: string,
): string {
  const weight = weights.get(path);
  if (weight === undefined)
    throw new RondoError('INTERNAL', { where: 'writeOnnx', what: `the layer \`${name}\` has no weight \`${path}\`.` });
  return graph.stored(path, weight);
}

/** What a layer of one output gives. */
export function floatEdge(call: LayerCall, value: string, mask?: StepMask): Edge {
  return { value, axes: axesOf(call), type: 'float', mask };
}

export function asFloat({ graph }: LayerCall, { value, type }: Edge): string {
  return type === 'float' ? value : graph.add('Cast', [value], { attributes: { to: elementNumbers.float } });
}

export function asIndices({ graph }: LayerCall, { value, type }: Edge): string {
  return type === 'int64' ? value : graph.add('Cast', [value], { attributes: { to: elementNumbers.int64 } });
}
