import { describeShape } from '../../shape.js';
import { tensor } from '../../tensor/tensor.js';
import { iterated } from './iterations.js';
import type { OnnxGraph, OnnxNode, OnnxValueInfo } from './onnx-node.js';
import { elementTypes, isFloatType } from './onnx-tensor.js';
import { asWholes, type EdgeValue, mostValues, type OnnxValue, reshaped, WholeNumbers } from './onnx-values.js';
import type { OperatorCall } from './operator.js';
import { part, permuted, stackedValues } from './value-movement.js';

type Values = readonly (EdgeValue | undefined)[];

/** A graph in an attribute of a node, ready to run. */
export interface Body {
  readonly graph: OnnxGraph;
  /** The values of its outputs, of those of its inputs. */
  readonly run: (inputs: Values) => Values;
}

/** An operator that runs graphs in its attributes; these see what is around its node. */
export interface NestedOperator {
  /** Attributes that hold a graph, all of which there must be. */
  readonly graphs: readonly string[];
  readonly attributes?: readonly string[];
  readonly inputs: readonly [least: number, most: number];
  /** Whether its graphs may be run many times. */
  readonly repeats: boolean;
  /** Whether attributes, and numbers of inputs and outputs, fit the graphs. @throws FILE_FORMAT */
  readonly check: (node: OnnxNode, graphs: readonly OnnxGraph[]) => void;
  readonly run: (call: OperatorCall, bodies: readonly Body[]) => Values;
}

/** Operators with graphs inside of them, by name. */
export const nestedOperators: Readonly<Record<string, NestedOperator>> = {
  If: {
    graphs: ['then_branch', 'else_branch'],
    inputs: [1, 1],
    repeats: false,
    check(node, graphs) {
      for (const graph of graphs) requireCounts(node, graph, 0, node.outputs.length);
    },
    run: (call, bodies) => bodies[isTrue(call, call.value(0)) ? 0 : 1].run([]),
  },
  Loop: {
    graphs: ['body'],
    inputs: [2, Infinity],
    repeats: true,
    check(node, [graph]) {
      const numStates = node.inputs.length - 2;
      requireCounts(node, graph, numStates + 2, Math.max(numStates, node.outputs.length) + 1);
    },
    run: loop,
  },
  Scan: {
    graphs: ['body'],
    attributes: [
      'num_scan_inputs',
      'scan_input_axes',
      'scan_input_directions',
      'scan_output_axes',
      'scan_output_directions',
    ],
    inputs: [1, Infinity],
    repeats: true,
    check: checkScan,
    run: scan,
  },
};

function requireCounts(node: OnnxNode, graph: OnnxGraph, numInputs: number, numOutputs: number): void {
  const [given, gives] = [graph.inputs.length, graph.outputs.length];
  if (given === numInputs && gives === numOutputs) return;
  const expected = `${numInputs} inputs and ${numOutputs} outputs`;
  throw node.fault('the graph inside of it does not fit.', expected, `${given} inputs and ${gives} outputs`);
}

function isTrue({ node }: OperatorCall, value: EdgeValue | undefined): boolean {
  if (value instanceof WholeNumbers && value.size === 1) return asWholes(value, 'bool').data[0] === 1;
  throw node.fault('the condition is not one truth value.');
}

/** Runs its graph until a number of times or a condition says that it is the end. */
function loop(call: OperatorCall, [body]: readonly Body[]): Values {
  const { node } = call;
  const limit = call.optional(0);
  const most = limit === undefined ? Infinity : call.whole(0);
  const start = call.optional(1);
  let goesOn = start === undefined || isTrue(call, start);
  // Without a condition to start with, the graph's own is not asked either.
  const isAsked = start !== undefined;
  const states = call.inputs.slice(2);
  const infos = body.graph.outputs.slice(1 + states.length);
  const result = iterated(node, states, infos.length, (iteration, before) => {
    if (!goesOn || iteration >= most) return undefined;
    const condition = new WholeNumbers('bool', [], Float64Array.of(1));
    const count = new WholeNumbers('int64', [], Float64Array.of(iteration));
    const outputs = body.run([count, condition, ...before]);
    if (isAsked) goesOn = isTrue(call, outputs[0]);
    return { states: outputs.slice(1, 1 + states.length), collected: outputs.slice(1 + states.length) };
  });
  return [
    ...result.states,
    ...result.collected.map((values, at) => (values.length === 0 ? nothingOf(infos[at], 0) : stackedValues(values, 0))),
  ];
}

function checkScan(node: OnnxNode, [graph]: readonly OnnxGraph[]): void {
  if (node.version < 9)
    throw node.fault('it is of an old version.', 'operators of version 9 or later', `${node.version}`);
  const numInputs = node.inputs.length;
  const numScanned = node.integer('num_scan_inputs', 0);
  const numStates = numInputs - numScanned;
  if (!(numScanned >= 1 && numStates >= 0))
    throw node.fault('`num_scan_inputs` does not fit.', `1 to ${numInputs}`, `${numScanned}`);
  const numOutputs = Math.max(numStates, node.outputs.length);
  requireCounts(node, graph, numInputs, numOutputs);
  for (const [name, length] of [
    ['scan_input_axes', numScanned],
    ['scan_input_directions', numScanned],
    ['scan_output_axes', numOutputs - numStates],
    ['scan_output_directions', numOutputs - numStates],
  ] as const) {
    const list = node.attribute(name, 'INTS') ?? new Array<number>(length).fill(0);
    const fits = name.endsWith('directions') ? list.every((flag) => flag === 0 || flag === 1) : true;
    if (list.length !== length || !fits)
      throw node.fault(`\`${name}\` does not fit.`, `${length}`, describeShape(list));
  }
}

/** Runs its graph for each place of an axis of its last inputs, in order or backwards. */
function scan(call: OperatorCall, [body]: readonly Body[]): Values {
  const { node } = call;
  const numScanned = node.integer('num_scan_inputs', 0);
  const numStates = call.inputs.length - numScanned;
  const infos = body.graph.outputs.slice(numStates);
  const numbers = (name: string, length: number): readonly number[] =>
    node.attribute(name, 'INTS') ?? new Array<number>(length).fill(0);
  const axes = numbers('scan_input_axes', numScanned);
  const backwards = numbers('scan_input_directions', numScanned);
  const scanned = axes.map((axis, i) => {
    const value = call.value(numStates + i);
    const first = call.axis(axis, value.shape.length);
    return permuted(value, [first, ...[...value.shape.keys()].filter((at) => at !== first)]);
  });
  const [{ shape }] = scanned;
  if (scanned.some((value) => value.shape[0] !== shape[0])) {
    const received = scanned.map((value) => value.shape[0]).join(', ');
    throw node.fault('the inputs are not equally long.', `${shape[0]} places each`, received, 'SHAPE_MISMATCH');
  }
  const result = iterated(node, call.inputs.slice(0, numStates), infos.length, (iteration, states) => {
    if (iteration >= shape[0]) return undefined;
    const places = scanned.map((value, i) => placeOf(value, backwards[i] ? shape[0] - 1 - iteration : iteration));
    const outputs = body.run([...states, ...places]);
    return { states: outputs.slice(0, numStates), collected: outputs.slice(numStates) };
  });
  const outputAxes = numbers('scan_output_axes', infos.length);
  const outputsBackwards = numbers('scan_output_directions', infos.length);
  return [
    ...result.states,
    ...result.collected.map((values, at) => {
      if (values.length === 0) return nothingOf(infos[at], outputAxes[at]);
      const axis = call.axis(outputAxes[at], values[0].shape.length + 1);
      return stackedValues(outputsBackwards[at] ? values.reverse() : values, axis);
    }),
  ];
}

/** One place of the first axis, without it. */
function placeOf(value: OnnxValue, at: number): OnnxValue {
  return reshaped(part(value, 0, at, at + 1), value.shape.slice(1));
}

/** What is collected by a loop that does not run: no places along the axis; the others as the file says, where it does. */
function nothingOf({ type, shape = [] }: OnnxValueInfo, axis: number): OnnxValue {
  const sizes = shape.map((size) => (typeof size === 'number' && size <= mostValues ? size : 0));
  const at = axis < 0 ? axis + sizes.length + 1 : axis;
  const all = [...sizes.slice(0, at), 0, ...sizes.slice(at)];
  const element = elementTypes.get(type ?? 1) ?? 'float32';
  return isFloatType(element) ? tensor([], all) : new WholeNumbers(element, all, new Float64Array(0));
}
