import type { Cell } from '../../../cells/cell.js';
import { coupledLSTM } from '../../../cells/coupled-lstm.js';
import { gru } from '../../../cells/gru.js';
import { gruResetBefore } from '../../../cells/gru-reset-before.js';
import { lstm } from '../../../cells/lstm.js';
import { peepholeLSTM } from '../../../cells/peephole-lstm.js';
import { simple } from '../../../cells/simple.js';
import type { ActivationName } from '../../../expression/activations.js';
import { transposed } from '../../../transposed.js';
import { type CellResult, type CellRun, columnsAt, storedColumns, weightOf } from './cell-run.js';
import { floatTensor, runtimeDomain } from './graph-writer.js';
import type { WrittenAttribute } from './onnx-message.js';

/** How an operator of ONNX computes a cell of the library. */
interface Counterpart {
  readonly operator: 'RNN' | 'GRU' | 'LSTM';
  /** For each gate of the operator, in its order, the cell's; null for one that the cell has not. */
  readonly gates: readonly (string | null)[];
  /** Names of the cell's peepholes in the order of the input P. */
  readonly peepholes?: readonly string[];
  readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
  /** Whether each gate's recurrent product has a bias of its own. */
  readonly recurrentBias?: boolean;
}

const lstmGates = ['input', 'output', 'forget', 'candidate'];
const gruGates = ['update', 'reset', 'candidate'];

const counterparts = new Map<Cell, Counterpart>([
  [simple as Cell, { operator: 'RNN', gates: ['candidate'] }],
  [lstm as Cell, { operator: 'LSTM', gates: lstmGates }],
  [
    peepholeLSTM as Cell,
    { operator: 'LSTM', gates: lstmGates, peepholes: ['inputPeephole', 'outputPeephole', 'forgetPeephole'] },
  ],
  [
    coupledLSTM as Cell,
    { operator: 'LSTM', gates: ['input', 'output', null, 'candidate'], attributes: { input_forget: 1 } },
  ],
  [gru as Cell, { operator: 'GRU', gates: gruGates, attributes: { linear_before_reset: 1 }, recurrentBias: true }],
  [gruResetBefore as Cell, { operator: 'GRU', gates: gruGates }],
]);

/** Activations that these operators know, with the numbers `alpha` and `beta` where they take them. */
const activations: Readonly<Partial<Record<ActivationName, { name: string; alpha?: number; beta?: number }>>> = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  relu: { name: 'Relu' },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  leakyRelu: { name: 'LeakyRelu', alpha: 0.2 },
  elu: { name: 'Elu', alpha: 1 },
  hardSigmoid: { name: 'HardSigmoid', alpha: 1 / 6, beta: 0.5 },
};

/**
 * Writes a cell as ONNX's RNN, GRU or LSTM. undefined where none of them computes it: for other equations or
 * activations, and for masks, which these operators know as lengths alone.
 */
export function writeNative(run: CellRun): CellResult | undefined {
  const { member, graph, mask, initial, reverse } = run;
  const { cell, units } = member;
  const counterpart = counterparts.get(cell);
  const { options, zoneout, heads } = member.atInference;
  const chosen = [options.recurrentActivation ?? cell.recurrentActivation, options.activation ?? cell.activation];
  const ofOperator =
    counterpart?.operator === 'RNN' ? [chosen[1]] : counterpart?.operator === 'GRU' ? chosen : [...chosen, chosen[1]];
  const known = ofOperator.map((name) => activations[name]);
  if (counterpart === undefined || mask !== undefined || heads > 1 || Object.keys(zoneout).length > 0) return undefined;
  if (run.weights.has('inputProjectionKernel') || known.includes(undefined)) return undefined;
  const { operator, peepholes, attributes } = counterpart;
  const whole = wholeNumbers(run, counterpart);
  const inputs = [
    run.input,
    ...(whole?.matrices ?? (['kernel', 'recurrentKernel'] as const).map((name) => matrix(run, counterpart, name))),
    run.weights.has('bias') ? graph.floats('B', ...biases(run, counterpart)) : '',
    '',
    ...cell.states.map((state) =>
      initial === undefined ? '' : graph.add('Unsqueeze', [initial[state], graph.integers(0)]),
    ),
    peepholes === undefined ? '' : graph.floats('P', ...vectors(run, peepholes)),
    ...(whole?.scales ?? []),
  ];
  const isDefault = ofOperator.every((name, i) => name === (i === 0 && operator !== 'RNN' ? 'sigmoid' : 'tanh'));
  const numbers = (which: 'alpha' | 'beta'): number[] => known.flatMap((one) => one![which] ?? []);
  const called = whole === undefined ? operator : 'DynamicQuantizeLSTM';
  const [sequence, ...last] = graph.addSeveral(called, withoutEmptyEnd(inputs), 1 + cell.states.length, {
    domain: whole && runtimeDomain,
    attributes: {
      hidden_size: units,
      ...attributes,
      ...(reverse && { direction: 'reverse' }),
      ...(!isDefault && { activations: known.map((one) => one!.name) }),
      ...(!isDefault && numbers('alpha').length > 0 && { activation_alpha: { floats: numbers('alpha') } }),
      ...(!isDefault && numbers('beta').length > 0 && { activation_beta: { floats: numbers('beta') } }),
    },
  });
  const states = Object.fromEntries(
    cell.states.map((state, i) => [state, graph.add('Squeeze', [last[i], graph.integers(0)])]),
  );
  if (!run.returnSequences) return { output: states.hidden, states };
  const output = graph.add('Squeeze', [sequence, graph.integers(1)]);
  const isTurned = reverse && run.outputOrder === 'computed';
  return { output: isTurned ? reversedInTime(run, output) : output, states };
}

/** `[T, B, U]` from the last step to the first. */
function reversedInTime({ graph }: CellRun, sequence: string): string {
  const [last, beforeFirst, time, step] = [-1, Number.MIN_SAFE_INTEGER, 0, -1].map((n) => graph.integers(n));
  return graph.add('Slice', [sequence, last, beforeFirst, time, step]);
}

/** Weights of an LSTM as `DynamicQuantizeLSTM` takes them. */
interface WholeNumbers {
  /** Kernel and recurrent kernel, `[1, rows, 4 * U]`. */
  readonly matrices: readonly string[];
  /** The scales of their columns, `[1, 4 * U]`, and which number stands for 0, of each. */
  readonly scales: readonly string[];
}

/** Undefined where the operator is not asked for, or the weights are not of 8 bits. */
function wholeNumbers(run: CellRun, { operator, gates }: Counterpart): WholeNumbers | undefined {
  const { graph, member } = run;
  if (!graph.dynamicQuantizeLSTM || operator !== 'LSTM' || gates.includes(null)) return undefined;
  const places = gates.map((gate) => member.cell.gates.indexOf(gate!));
  const width = gates.length * member.units;
  const both = (['kernel', 'recurrentKernel'] as const).map((name) => ({ name, weight: weightOf(run, name) }));
  if (both.some(({ weight }) => weight.quantized === undefined)) return undefined;
  const written = both.map(({ name, weight: { shape, quantized } }) => {
    const inOrder = (values: ArrayLike<number>, rows: number): ArrayLike<number> =>
      columnsAt({ shape: [rows, width], values }, member.units, places).values;
    const { values, scales } = quantized!;
    const bytes = (of: ArrayLike<number>): Uint8Array => new Uint8Array(Int8Array.from(of).buffer);
    return {
      matrix: graph.weight(`${name}.int8`, {
        type: 'int8',
        shape: [1, shape[0], width],
        bytes: bytes(inOrder(values, shape[0])),
      }),
      scales: [
        graph.weight(`${name}.scales`, floatTensor(inOrder(scales, 1), [1, width])),
        graph.weight(`${name}.zeros`, { type: 'int8', shape: [1, width], bytes: new Uint8Array(width) }),
      ],
    };
  });
  return { matrices: written.map(({ matrix }) => matrix), scales: written.flatMap(({ scales }) => scales) };
}

/** `[1, gates * U, rows]` */
function matrix(run: CellRun, { gates }: Counterpart, name: 'kernel' | 'recurrentKernel'): string {
  const { graph, member } = run;
  const weight = weightOf(run, name);
  if (weight.quantized !== undefined && !gates.includes(null)) {
    const places = gates.map((gate) => member.cell.gates.indexOf(gate!));
    const columns = storedColumns(graph, name, weight, member.units, places);
    const turned = graph.add('Transpose', [columns], { attributes: { perm: [1, 0] } });
    return graph.add('Unsqueeze', [turned, graph.integers(0)]);
  }
  const { shape, values } = ofGates(run, name, gates);
  const [rows, columns] = shape;
  return graph.floats(name, transposed(values, rows, columns), [1, columns, rows]);
}

/** `[1, 2 * gates * U]`: those of the input products, then those of the recurrent ones. */
function biases(run: CellRun, { gates, recurrentBias = false }: Counterpart): [Float32Array, number[]] {
  const { values } = ofGates(run, 'bias', gates);
  const width = gates.length * run.member.units;
  const all = new Float32Array(2 * width);
  all.set(Float32Array.from(values).subarray(0, recurrentBias ? 2 * width : width));
  return [all, [1, 2 * width]];
}

function vectors(run: CellRun, names: readonly string[]): [Float32Array, number[]] {
  const { units } = run.member;
  const all = new Float32Array(names.length * units);
  names.forEach((name, i) => {
    all.set(Float32Array.from(weightOf(run, name).values), i * units);
  });
  return [all, [1, all.length]];
}

/** Columns of a weight gate by gate in the order of the operator, zeros for a gate that the cell has not. */
function ofGates(
  run: CellRun,
  name: string,
  gates: readonly (string | null)[],
): { shape: number[]; values: Float32Array } {
  const { cell, units } = run.member;
  const weight = weightOf(run, name);
  const rows = weight.shape.length === 1 ? 1 : weight.shape[0];
  const values = new Float32Array(rows * gates.length * units);
  gates.forEach((gate, i) => {
    if (gate === null) return;
    const part = columnsAt(weight, units, [cell.gates.indexOf(gate)]);
    for (let row = 0; row < rows; row++)
      for (let u = 0; u < units; u++) values[(row * gates.length + i) * units + u] = part.values[row * units + u];
  });
  return { shape: [rows, gates.length * units], values };
}

function withoutEmptyEnd(inputs: readonly string[]): readonly string[] {
  let end = inputs.length;
  while (inputs[end - 1] === '') end--;
  return inputs.slice(0, end);
}
