import { RondoError } from '../../../errors.js';
import type { Layer, OpenShape } from '../../../layers/layer.js';
import { isShape, leavesByPath } from '../../../layers/result-leaves.js';
import { outputShapesOf, type SymbolicTensor } from '../../../layers/symbolic-tensor.js';
import { Functional } from '../../../training/graph/functional.js';
import { graphOf } from '../../../training/graph/graph-of.js';
import type { ModelGraph } from '../../../training/graph/model-graph.js';
import type { Model } from '../../../training/model.js';
import { Sequential } from '../../../training/sequential.js';
import type { GraphWriter } from './graph-writer.js';
import type { HostWeights } from './host-weights.js';
import type { Edge, StatePorts } from './layer-writer.js';
import { layerWriters } from './layer-writers.js';

/** What the layers of one model are written with. */
export interface ModelWriting {
  readonly graph: GraphWriter;
  readonly weights: HostWeights;
  readonly states: StatePorts | undefined;
}

/** Whether a layer is a model inside of another one, whose own layers are written. */
function isGraph(layer: Layer<unknown>): layer is Model {
  return layer instanceof Sequential || layer instanceof Functional;
}

/** The layers of a model that have no counterpart, each with its name and the reason. */
export function faultsOf(graph: ModelGraph, path = ''): string[] {
  return [...graph.layers].flatMap(([name, layer]) => faultsOfLayer(layer, path + name));
}

function faultsOfLayer(layer: Layer<unknown>, name: string): string[] {
  if (isGraph(layer)) return faultsOf(graphOf(layer), `${name}/`);
  const writer = layerWriters.get(layer.className);
  const titled = (fault: string): string[] => [`${name} (${layer.className})${fault === '' ? '' : `: ${fault}`}`];
  if (writer === undefined) return titled('');
  const fault = writer.fault?.(layer);
  if (fault !== undefined) return titled(fault);
  return writer.wraps === true
    ? [...layer.sublayers].flatMap(([inside, sublayer]) => faultsOfLayer(sublayer, `${name}/${inside}`))
    : [];
}

/** Whether nothing but look-ups reads an input of the model, so that it is one of whole numbers. */
export function readsIndicesAlone(graph: ModelGraph, input: SymbolicTensor): boolean {
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(input));
  return (
    readers.length > 0 &&
    !graph.outputs.tensors.includes(input) &&
    readers.every(({ layer, inputs, outputs }) => {
      if (layer.className === 'InputLayer')
        return [...outputs.values()].every((tensor) => readsIndicesAlone(graph, tensor));
      if (!isGraph(layer)) return layerWriters.get(layer.className)?.readsIndices === true;
      const inner = graphOf(layer);
      return inputs.every((edge, i) => edge !== input || readsIndicesAlone(inner, inner.inputs.tensors[i]));
    })
  );
}

/** Writes the nodes of a model. @returns its outputs, in their order */
export function writeModelGraph(writing: ModelWriting, graph: ModelGraph, inputs: readonly Edge[]): readonly Edge[] {
  const edges = new Map<SymbolicTensor, Edge>();
  graph.inputs.tensors.forEach((tensor, i) => {
    edges.set(tensor, inputs[i]);
  });
  const names = new Map([...graph.layers].map(([name, layer]) => [layer, name]));
  for (const node of graph.nodes) {
    if (node.inputs.length === 0) continue;
    const given = node.inputs.map((tensor) => edges.get(tensor)!);
    const shapes = outputShapesOf(node, given.map(openShape));
    const written = writeLayer(writing, node.layer, names.get(node.layer)!, given, leavesByPath(shapes, isShape));
    for (const [path, tensor] of node.outputs) edges.set(tensor, written.get(path)!);
  }
  return graph.outputs.tensors.map((tensor) => edges.get(tensor)!);
}

/** Writes a layer, or a model inside of another. @returns what it gives, by path */
function writeLayer(
  writing: ModelWriting,
  layer: Layer<unknown>,
  name: string,
  inputs: readonly Edge[],
  shapes: ReadonlyMap<string, OpenShape>,
): ReadonlyMap<string, Edge> {
  const graph = writing.graph.under(name);
  const within = { ...writing, graph };
  if (isGraph(layer)) {
    const given = writeModelGraph(within, graphOf(layer), inputs);
    return new Map([...shapes.keys()].map((path, i) => [path, given[i]]));
  }
  const writer = layerWriters.get(layer.className);
  if (writer === undefined)
    throw new RondoError('INTERNAL', { where: 'writeOnnx', what: `\`${layer.className}\` has no counterpart.` });
  const axesAfter = (shape: OpenShape): Edge['axes'] =>
    shape.map((size, axis) => {
      if (size !== null) return size;
      const before = inputs[0].axes[axis];
      const isKept = typeof before === 'string' && !(axis > 0 && writer.changesTime === true);
      return isKept ? before : `${name}_${axis === 1 ? 'time' : `axis${axis}`}`;
    });
  const written = writer.write({
    graph,
    layer,
    name,
    config: layer.getConfig(),
    weights: writing.weights.below(layer),
    allWeights: writing.weights,
    inputs,
    outputs: new Map([...shapes].map(([path, shape]) => [path, axesAfter(shape)])),
    states: writing.states,
    inside: (sublayer, own, edges, shape) =>
      writeLayer({ ...within, states: undefined }, sublayer, own, edges, new Map([['', shape]])).get('')!,
  });
  return written instanceof Map ? written : new Map([['', written as Edge]]);
}

/** A shape as layers know it. */
export function openShape({ axes }: Edge): OpenShape {
  return axes.map((axis) => (typeof axis === 'string' ? null : axis));
}
