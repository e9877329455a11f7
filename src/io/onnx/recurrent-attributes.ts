import { type ChosenActivation, onnxActivationsOf } from './onnx-activations.js';
import type { OnnxNode } from './onnx-node.js';
import { type OnnxCell, type OnnxEquations, onnxCellOf } from './recurrent-cells.js';

/** What the attributes of an RNN, GRU or LSTM say. */
export interface RecurrentAttributes {
  readonly operator: OnnxEquations['operator'];
  readonly isQuantized: boolean;
  readonly units: number;
  /** Whether the batch is the first axis (layout 1) and not time. */
  readonly batchFirst: boolean;
  readonly directions: readonly { readonly cell: OnnxCell; readonly reverse: boolean }[];
}

/** What a node of one recurrent operator may have. */
interface RecurrentOperator {
  /** Whose equations it has. */
  readonly equations: OnnxEquations['operator'];
  readonly attributes: readonly string[];
  /** The fewest and the most inputs. */
  readonly inputs: readonly [least: number, most: number];
  /** Whether W and R are whole numbers, with scales and zero points as the last inputs. */
  readonly isQuantized?: boolean;
}

const common = ['activations', 'activation_alpha', 'activation_beta', 'clip', 'direction', 'hidden_size'];

/** Recurrent operators, by name with their domain. */
export const recurrentOperators: Readonly<Record<string, RecurrentOperator>> = {
  RNN: { equations: 'RNN', attributes: [...common, 'layout'], inputs: [3, 6] },
  GRU: { equations: 'GRU', attributes: [...common, 'layout', 'linear_before_reset'], inputs: [3, 6] },
  LSTM: { equations: 'LSTM', attributes: [...common, 'layout', 'input_forget'], inputs: [3, 8] },
  'com.microsoft.DynamicQuantizeLSTM': {
    equations: 'LSTM',
    attributes: [...common, 'input_forget'],
    inputs: [12, 12],
    isQuantized: true,
  },
};

export function isRecurrent({ fullOperator }: OnnxNode): boolean {
  return Object.hasOwn(recurrentOperators, fullOperator);
}

/** f of gates, g of candidates, h of an LSTM's cell. */
const defaultActivations = { RNN: ['Tanh'], GRU: ['Sigmoid', 'Tanh'], LSTM: ['Sigmoid', 'Tanh', 'Tanh'] };

/** By `direction`, for each of its layers whether it reads backwards. */
const directionNames: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

/** Reads the attributes of an RNN, GRU or LSTM. @throws FILE_FORMAT for those that cannot be run, with the node */
export function recurrentAttributes(node: OnnxNode): RecurrentAttributes {
  const { equations: operator, isQuantized = false } = recurrentOperators[node.fullOperator];
  const units = node.integer('hidden_size', 0);
  if (!(units >= 1 && units <= 2 ** 24))
    throw node.fault('`hidden_size` is missing, or impossible.', '1 to 2^24', `${units}`);
  const direction = node.attribute('direction', 'STRING') ?? 'forward';
  if (!Object.hasOwn(directionNames, direction))
    throw node.fault('`direction` is none that there is.', Object.keys(directionNames).join(', '), direction);
  const reverses = directionNames[direction];
  const layout = node.integer('layout', 0);
  if (layout !== 0 && layout !== 1) throw node.fault('`layout` is none that there is.', '0 or 1', `${layout}`);
  const clip = node.attribute('clip', 'FLOAT');
  if (clip !== undefined && !(clip > 0)) throw node.fault('`clip` is impossible.', 'more than 0', `${clip}`);
  const numEach = defaultActivations[operator].length;
  const activations = activationsOf(node, operator, numEach * reverses.length);
  return {
    operator,
    isQuantized,
    units,
    batchFirst: layout === 1,
    directions: reverses.map((reverse, d) => ({
      reverse,
      cell: onnxCellOf({
        operator,
        activations: activations.slice(d * numEach, (d + 1) * numEach),
        clip,
        linearBeforeReset: node.integer('linear_before_reset', 0) !== 0,
        inputForget: node.integer('input_forget', 0) !== 0,
        peepholes: operator === 'LSTM' && Boolean(node.inputs[7]),
      }),
    })),
  };
}

/** Those of all directions. */
function activationsOf(node: OnnxNode, operator: OnnxEquations['operator'], count: number): ChosenActivation[] {
  const byDefault = defaultActivations[operator];
  const names =
    node.attribute('activations', 'STRINGS') ??
    Array.from({ length: count }, (_, i) => byDefault[i % byDefault.length]);
  if (names.length !== count) throw node.fault('`activations` has too few or too many.', `${count}`, `${names.length}`);
  const chosen = onnxActivationsOf(
    names,
    node.attribute('activation_alpha', 'FLOATS') ?? [],
    node.attribute('activation_beta', 'FLOATS') ?? [],
  );
  const unknown = names.find((_, i) => chosen[i] === undefined);
  if (unknown !== undefined) throw node.fault('an activation is not known.', "one of ONNX's", unknown.slice(0, 100));
  return chosen as ChosenActivation[];
}
