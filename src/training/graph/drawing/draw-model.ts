import { InputLayer } from '../../../layers/input-layer.js';
import { describeOpenShape, type Layer } from '../../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../../layers/symbolic-tensor.js';
import { outputNames } from '../../model-outputs.js';
import { variablesOf } from '../../model-weights.js';
import { describeCount, sizeOfAll } from '../../summary.js';
import { graphOf } from '../graph-of.js';
import type { ModelGraph } from '../model-graph.js';
import { namesOf } from '../node-names.js';
import { describeLayer, kindOf } from './layer-description.js';
import { layeredLayout } from './layered-layout.js';
import { maskedTensors } from './masked-tensors.js';
import { type DrawnBox, type DrawnEdge, svgOf } from './svg.js';

/**
 * A drawing of a model as SVG: a box for each application of a layer with its options, output shapes and number of
 * parameters, and a line for each tensor it reads. A box of a layer that is applied once more says so and has a broken
 * border; tensors with a mask, and states, have lines of their own kind. The same model gives the same text.
 *
 * To find masks, the layers are run on one sample of zeros; weights and carried states stay as they are.
 *
 * @throws USAGE for a model that is neither a Functional nor a Sequential, or has no weights yet
 */
export function drawModel(model: Layer<unknown>): string {
  const graph = graphOf(model);
  const masked = maskedTensors(model, graph);
  const names = namesOf(graph);
  const first = new Map<Layer<unknown>, string>();
  const boxes = graph.nodes.map((node): DrawnBox => {
    const sharedWith = first.get(node.layer);
    if (sharedWith === undefined) first.set(node.layer, names.nodes.get(node)!);
    return boxOf(node, names.nodes.get(node)!, sharedWith, graph);
  });
  const place = new Map(graph.nodes.map((node, i) => [node, i]));
  const edges = graph.nodes.flatMap((node, to) =>
    node.inputs.map((edge, i) => edgeOf(edge, place.get(edge.node)!, to, i > 0 && !node.layer.takesSeveral)),
  );
  const outputs = outputNames(graph.outputs.form, graph.outputs.tensors.length);
  const isOne = graph.outputs.form === 'one';
  graph.outputs.tensors.forEach((tensor, i) => {
    edges.push(edgeOf(tensor, place.get(tensor.node)!, boxes.length, false));
    boxes.push({ kind: 'end', title: isOne ? 'output' : outputs[i], lines: [], isShared: false });
  });
  const drawn = merged(edges.map((edge) => ({ ...edge, isMasked: masked?.has(edge.tensor) ?? false })));
  const parameters = describeCount(sizeOfAll([...variablesOf(model).values()]));
  return svgOf({
    title: `${model.name} (${model.className}), ${parameters} parameters`,
    note: masked === undefined ? 'masks are not shown: the layers do not take a sample of zeros' : undefined,
    boxes,
    edges: drawn,
    layout: (sizes) => layeredLayout(sizes, drawn),
  });
}

function boxOf(node: GraphNode, name: string, sharedWith: string | undefined, graph: ModelGraph): DrawnBox {
  const { layer, outputs } = node;
  const shapes = [...outputs].map(
    ([path, tensor]) => `${path}${path && ' '}${describeOpenShape(graph.shapeOf.get(tensor)!)}`,
  );
  if (layer instanceof InputLayer && node.inputs.length === 0) {
    const { form, tensors } = graph.inputs;
    const at = tensors.findIndex((tensor) => tensor.node === node);
    return { kind: 'end', title: typeof form === 'string' ? name : form[at], lines: shapes, isShared: false };
  }
  const size = sizeOfAll(layer.weights);
  const weights = sharedWith === undefined ? `${describeCount(size)} parameters` : `the layer \`${sharedWith}\` again`;
  return {
    kind: kindOf(layer),
    title: name,
    lines: [
      describeLayer(layer),
      ...shapes,
      ...(size > 0 || sharedWith !== undefined ? [weights] : []),
      ...(layer.losesMask ? ['loses the mask'] : []),
    ],
    isShared: sharedWith !== undefined,
  };
}

interface Edge {
  readonly tensor: SymbolicTensor;
  readonly from: number;
  readonly to: number;
  readonly isState: boolean;
  readonly label: string;
}

/** @param beginsWith whether the layer begins with it. */
function edgeOf(tensor: SymbolicTensor, from: number, to: number, beginsWith: boolean): Edge {
  const [path] = [...tensor.node.outputs].find(([, output]) => output === tensor)!;
  const isState = beginsWith || /^(states|forward|backward)\/\d+\//.test(path);
  return { tensor, from, to, isState, label: path === 'output' ? '' : isState ? path.split('/').at(-1)! : path };
}

/** Lines between the same boxes, of one kind, as one. */
function merged(edges: readonly (Edge & { isMasked: boolean })[]): DrawnEdge[] {
  const found = new Map<string, DrawnEdge & { labels: string[] }>();
  for (const { from, to, isState, isMasked, label } of edges) {
    const key = `${from} ${to} ${isState} ${isMasked}`;
    const before = found.get(key);
    if (before === undefined) found.set(key, { from, to, isState, isMasked, labels: [label] });
    else if (!before.labels.includes(label)) before.labels.push(label);
  }
  return [...found.values()];
}
