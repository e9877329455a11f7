import { RondoError } from '../../errors.js';
import { layeredLayout } from '../../training/graph/drawing/layered-layout.js';
import { type DrawnBox, type DrawnEdge, svgOf } from '../../training/graph/drawing/svg.js';
import { describeCount } from '../../training/summary.js';
import type { OnnxEdge, OnnxModel } from './onnx-model.js';

/** Graphs of more nodes are no drawing that anybody could read. */
const mostNodes = 1000;

/**
 * A drawing of an ONNX graph as SVG: a box for each node with its operator and what it reads of the file's own numbers, and a line for
 * each tensor that it reads from another. See `drawModel` for models of layers.
 *
 * @throws USAGE for more than 1000 nodes
 */
export function drawOnnx(model: OnnxModel, title = 'ONNX graph'): string {
  const { nodes, inputs, outputs, constants } = model;
  if (nodes.length > mostNodes)
    throw new RondoError('USAGE', {
      where: title,
      what: 'the graph is too large to be drawn.',
      expected: `at most ${mostNodes} nodes`,
      received: `${nodes.length}`,
      fix: 'list its nodes instead.',
    });
  const place = new Map<string, number>();
  const end = ({ name, type, shape }: OnnxEdge): DrawnBox => ({
    kind: 'end',
    title: name,
    lines: [`${type}${shape === undefined ? '' : ` [${shape.map((axis) => axis ?? 'any').join(', ')}]`}`],
    isShared: false,
  });
  const boxes = inputs.map(end);
  inputs.forEach(({ name }, i) => place.set(name, i));
  const edges: DrawnEdge[] = [];
  const drawn = new Set<string>();
  const connect = (name: string, to: number): void => {
    const from = place.get(name);
    if (from === undefined || drawn.has(`${from} ${to}`)) return;
    drawn.add(`${from} ${to}`);
    edges.push({ from, to, isState: false, isMasked: false, labels: [''] });
  };
  for (const { name, operator, inputs: read, outputs: gives } of nodes) {
    const own = read.filter((each) => constants.has(each));
    const size = own.reduce((sum, each) => sum + constants.get(each)!.size, 0);
    const isRecurrent = ['RNN', 'GRU', 'LSTM'].includes(operator);
    boxes.push({
      kind: isRecurrent ? 'recurrent' : size > 0 ? 'weights' : 'plain',
      title: operator,
      lines: [...(name === '' ? [] : [name]), ...(size > 0 ? [`${describeCount(size)} numbers of the file`] : [])],
      isShared: false,
    });
    for (const each of read) connect(each, boxes.length - 1);
    for (const each of gives) place.set(each, boxes.length - 1);
  }
  for (const output of outputs) {
    boxes.push(end(output));
    connect(output.name, boxes.length - 1);
  }
  return svgOf({ title, note: undefined, boxes, edges, layout: (sizes) => layeredLayout(sizes, edges) });
}
