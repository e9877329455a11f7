import { RondoError } from '../../errors.js';
import { GRU } from '../../layers/gru.js';
import { withoutInitialWeights } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import type { Mask } from '../../layers/mask.js';
import { type NamedStates, RecurrentLayer } from '../../layers/recurrent-layer.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { requireAxes, sizeOf } from '../../shape.js';
import { assignTensor } from '../../tensor/accumulate.js';
import * as ops from '../../tensor/index.js';
import { withoutTape } from '../../tensor/tape.js';
import { scope, Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, isAllZeros, type OnnxValue, WholeNumbers } from './onnx-values.js';
import { type RecurrentAttributes, recurrentAttributes } from './recurrent-attributes.js';
import { numGates, type OnnxCell } from './recurrent-cells.js';

/** Places of the inputs of RNN, GRU and LSTM. */
const [X, W, R, B, LENGTHS, HIDDEN, CELL, P] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Of whole numbers: where the scales of W and R stand, each before its zero points. */
const [W_SCALE, R_SCALE] = [8, 10];

const weightPlaces: readonly number[] = [W, R, B, P, W_SCALE, W_SCALE + 1, R_SCALE, R_SCALE + 1];

/**
 * An RNN, GRU or LSTM of an ONNX graph: a recurrent layer for each direction, with the node's weights.
 *
 * Legend: D directions, B batch, T time, F features, U units, G gates.
 */
export class RecurrentNode {
  readonly #attributes: RecurrentAttributes;
  #layers: readonly RecurrentLayer<true>[] | undefined;
  readonly #hasConstantWeights: boolean;
  /** Inputs that start states and are constant zeros: of the batch that was traced, where the graph takes any. */
  readonly #zeroStates: ReadonlySet<number>;
  /** Whether the recurrent bias of a GRU's candidate is a constant that is not all zeros. */
  readonly hasCandidateBias: boolean;

  /**
   * @param constants by place, inputs that are the same in every run.
   * @throws FILE_FORMAT for attributes that are not run; SHAPE_MISMATCH where constant weights do not fit
   */
  constructor(
    readonly node: OnnxNode,
    constants: readonly (OnnxValue | undefined)[],
  ) {
    this.#attributes = recurrentAttributes(node);
    this.#hasConstantWeights = weightPlaces.every((at) => !node.inputs[at] || constants[at] !== undefined);
    this.#zeroStates = new Set([HIDDEN, CELL].filter((at) => constants[at] !== undefined && isAllZeros(constants[at])));
    this.hasCandidateBias = node.operator === 'GRU' && hasCandidateBias(constants[B], this.#attributes.units);
    if (this.#hasConstantWeights) scope(() => this.#takeWeights(constants));
  }

  /** By direction; undefined while weights that a graph computes have not come. */
  get layers(): readonly RecurrentLayer<true>[] | undefined {
    return this.#layers;
  }

  /** Whether a run reads the input at a place. */
  reads(at: number): boolean {
    return !(this.#hasConstantWeights && weightPlaces.includes(at)) && !this.#zeroStates.has(at);
  }

  /** Products of all steps: each step of each sequence meets every weight. */
  work(inputs: readonly (OnnxValue | undefined)[]): number {
    const { units, directions, operator } = this.#attributes;
    const [first = 0, second = 0, features = 0] = inputs[X]?.shape ?? [];
    return first * second * directions.length * numGates[operator] * units * (features + units);
  }

  /** Y `[T, D, B, U]`, Y_h and Y_c `[D, B, U]`; with layout 1 the batch comes first. @throws SHAPE_MISMATCH */
  run(inputs: readonly (OnnxValue | undefined)[]): (OnnxValue | undefined)[] {
    if (!this.#hasConstantWeights) this.#takeWeights(inputs);
    const { node } = this;
    const { batchFirst, directions, operator } = this.#attributes;
    const given = this.#tensorAt(inputs, X, 'X')!;
    this.#requireAxes('X', given, batchFirst ? ['batch', 'time', 'features'] : ['time', 'batch', 'features']);
    const input = batchFirst ? given : ops.transpose(given, [1, 0, 2]);
    const [batch, time] = input.shape;
    const mask = this.#maskOf(inputs[LENGTHS], batch, time);
    const states = operator === 'LSTM' ? (['hidden', 'cell'] as const) : (['hidden'] as const);
    const starts = states.map((_, i) => this.#statesAt(inputs, HIDDEN + i, batch));
    const results = RecurrentLayer.runTogether(
      directions.map(({ reverse }, d) => ({
        layer: this.#layers![d],
        input,
        options: { mask, initialState: this.#startOf(d, states, starts, batch) },
        reverse,
        outputOrder: 'time' as const,
      })),
    );
    const finals = states.map((state, i) =>
      node.outputs[1 + i]
        ? ops.stack(
            results.map(({ states: [final] }) => final[state]),
            batchFirst ? 1 : 0,
          )
        : undefined,
    );
    if (!node.outputs[0]) return [undefined, ...finals];
    const steps = ops.stack(
      results.map(({ output }) => output),
      2,
    );
    return [batchFirst ? steps : ops.transpose(steps, [1, 2, 0, 3]), ...finals];
  }

  /** Makes the layers where there are none, and gives them the weights. */
  #takeWeights(inputs: readonly (OnnxValue | undefined)[]): void {
    const { units, operator, directions } = this.#attributes;
    const numDirections = directions.length;
    const kernel = this.#kernelAt(inputs, W, 'W', W_SCALE);
    const recurrentKernel = this.#kernelAt(inputs, R, 'R', R_SCALE);
    const bias = this.#tensorAt(inputs, B, 'B');
    const peepholes = this.#tensorAt(inputs, P, 'P');
    const rows = numGates[operator] * units;
    const features = kernel.shape[2];
    const fix = 'export the model again.';
    const require = (name: string, value: Tensor, axes: [string, number | null][]): void =>
      requireAxes(this.node.where, name, value.shape, [['directions', numDirections], ...axes], fix);
    require('W', kernel, [
      ['gates * hidden_size', rows],
      ['features', null],
    ]);
    require('R', recurrentKernel, [
      ['gates * hidden_size', rows],
      ['hidden_size', units],
    ]);
    if (bias) require('B', bias, [['2 * gates * hidden_size', 2 * rows]]);
    if (peepholes) require('P', peepholes, [['3 * hidden_size', 3 * units]]);
    if (this.#layers?.[0].buildShape?.[2] !== features) this.#layers = this.#makeLayers(features, bias !== undefined);
    withoutTape(() =>
      directions.forEach(({ cell }, d) => {
        const values = weightsOf(cell, units, {
          kernel: rowsOf(kernel, d),
          recurrentKernel: rowsOf(recurrentKernel, d),
          bias: bias && rowsOf(bias, d),
          peepholes: peepholes && rowsOf(peepholes, d),
        });
        for (const [path, { variable }] of this.#layers![d].namedWeights(''))
          assignTensor(variable, values[path.split('/').at(-1)!]);
      }),
    );
  }

  /** `[D, G * U, F]`; whole numbers, which stand `[D, F, G * U]`, as the floats that they stand for. */
  #kernelAt(inputs: readonly (OnnxValue | undefined)[], at: number, name: string, scaleAt: number): Tensor {
    const { isQuantized, directions, units, operator } = this.#attributes;
    if (!isQuantized) return this.#tensorAt(inputs, at, name)!;
    const whole = inputs[at];
    if (!(whole instanceof WholeNumbers)) throw this.node.fault(`\`${name}\` has no whole numbers.`);
    const fix = 'export the model again.';
    const columns = numGates[operator] * units;
    requireAxes(
      this.node.where,
      name,
      whole.shape,
      [
        ['directions', directions.length],
        ['rows', null],
        ['gates * hidden_size', columns],
      ],
      fix,
    );
    const [scales, zeros] = [0, 1].map((i) => {
      const value = inputs[scaleAt + i];
      if (value === undefined) throw this.node.fault(`input ${scaleAt + i} is missing.`);
      const numEach = value.size / directions.length;
      if (numEach !== 1 && numEach !== columns)
        throw this.node.fault(
          `\`${name}\` has a wrong number of scales or zero points.`,
          `1 or ${columns} a direction`,
          `${value.size} in all`,
          'SHAPE_MISMATCH',
        );
      return ops.reshape(asTensor(value), [directions.length, 1, numEach]);
    });
    return ops.transpose(ops.mul(ops.sub(asTensor(whole), zeros), scales), [0, 2, 1]);
  }

  #makeLayers(features: number, useBias: boolean): RecurrentLayer<true>[] {
    const { units, directions } = this.#attributes;
    return directions.map(({ cell }) => {
      const layer = layerOf(cell, {
        units,
        useBias,
        returnState: true as const,
        returnSequences: this.node.outputs[0] !== '' && this.node.outputs[0] !== undefined,
        zeroOutputForMask: true,
      });
      // All of them are assigned next; the file has them, so what it claims takes no memory.
      const most = 2 * sizeOf([cell.gatePlaces.length * units, features + units + 4]);
      withoutInitialWeights(most, () => layer.ensureBuilt([null, null, features]));
      return layer;
    });
  }

  #startOf(
    direction: number,
    states: readonly string[],
    starts: readonly (Tensor | undefined)[],
    batch: number,
  ): NamedStates | undefined {
    if (starts.every((start) => start === undefined)) return undefined;
    const { units } = this.#attributes;
    return Object.fromEntries(
      states.map((state, i) => {
        const start = starts[i];
        return [state, start === undefined ? ops.zeros([batch, units]) : rowsOf(start, direction)];
      }),
    );
  }

  /** States to start from, `[D, B, U]`; undefined for zeros. */
  #statesAt(inputs: readonly (OnnxValue | undefined)[], at: number, batch: number): Tensor | undefined {
    if (this.#zeroStates.has(at)) return undefined;
    const { batchFirst, directions, units } = this.#attributes;
    const name = at === HIDDEN ? 'initial_h' : 'initial_c';
    const value = this.#tensorAt(inputs, at, name);
    if (value === undefined) return undefined;
    const [first, second]: [string, number][] = [
      ['directions', directions.length],
      ['batch', batch],
    ];
    requireAxes(
      this.node.where,
      name,
      value.shape,
      [...(batchFirst ? [second, first] : [first, second]), ['hidden_size', units]],
      'give states for each sequence of the batch; where they are constants of the file, export it with a free batch size.',
    );
    return batchFirst ? ops.transpose(value, [1, 0, 2]) : value;
  }

  /** 1 for the steps of each sequence that count. */
  #maskOf(lengths: OnnxValue | undefined, batch: number, time: number): Mask | undefined {
    if (lengths === undefined) return undefined;
    const { where } = this.node;
    if (!(lengths instanceof WholeNumbers)) throw this.node.fault('`sequence_lens` has no whole numbers.');
    requireAxes(where, 'sequence_lens', lengths.shape, [['batch', batch]], 'give one length for each sequence.');
    const wrong = lengths.data.find((length) => !(length >= 0 && length <= time));
    if (wrong !== undefined) {
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: 'a sequence is longer than the input.',
        expected: `lengths from 0 to ${time}`,
        received: `${wrong}`,
        fix: 'correct sequence_lens.',
      });
    }
    return Uint8Array.from({ length: batch * time }, (_, i) => (i % time < lengths.data[Math.floor(i / time)] ? 1 : 0));
  }

  #tensorAt(inputs: readonly (OnnxValue | undefined)[], at: number, name: string): Tensor | undefined {
    const value = inputs[at];
    if (value === undefined || value instanceof Tensor) return value;
    throw this.node.fault(`\`${name}\` has no floats.`, 'floats', value.type);
  }

  #requireAxes(name: string, value: Tensor, axes: readonly string[]): void {
    requireAxes(
      this.node.where,
      name,
      value.shape,
      axes.map((axis) => [axis, axis === 'features' ? (this.#layers![0].buildShape![2] as number) : null]),
      'give it the shape that the graph was made for.',
    );
  }
}

/** @param bias of a GRU, `[D, 6 * U]`: of the input and then of the state, gates update, reset, candidate. */
function hasCandidateBias(bias: OnnxValue | undefined, units: number): boolean {
  if (bias === undefined) return false;
  const numbers = bias instanceof Tensor ? bias.hostNumbers() : bias.data;
  return numbers.some((x, i) => x !== 0 && i % (6 * units) >= 5 * units);
}

/** One entry of the first axis, without it. */
function rowsOf(value: Tensor, at: number): Tensor {
  return ops.reshape(ops.slice(value, 0, at, at + 1), value.shape.slice(1));
}

interface LayerChoice {
  readonly units: number;
  readonly useBias: boolean;
  readonly returnState: true;
  readonly returnSequences: boolean;
  readonly zeroOutputForMask: boolean;
}

function layerOf({ cell, options }: OnnxCell, choice: LayerChoice): RecurrentLayer<true> {
  const all = { ...options, ...choice };
  switch (cell.name) {
    case 'lstm':
      return new LSTM<true>(all);
    case 'gru':
      return new GRU<true>(all);
    case 'gruResetBefore':
      return new GRU<true>({ ...all, resetAfter: false });
    case 'simple':
      return new SimpleRNN<true>(all);
    default:
      return new RNN<true>({ ...all, cell });
  }
}

/** The weights of one direction in ONNX's layout: `[G * U, F]`, `[G * U, U]`, `[2 * G * U]`, `[3 * U]`. */
interface OnnxWeights {
  readonly kernel: Tensor;
  readonly recurrentKernel: Tensor;
  readonly bias: Tensor | undefined;
  readonly peepholes: Tensor | undefined;
}

/** By the names of a layer's weights: gates in its order, kernels `[F, G * U]`, biases added where it has one alone. */
function weightsOf(
  { cell, gatePlaces, vectorPlaces }: OnnxCell,
  units: number,
  { kernel, recurrentKernel, bias, peepholes }: OnnxWeights,
): Record<string, Tensor> {
  const inOrder = (values: Tensor, first = 0): Tensor =>
    ops.concatenate(
      gatePlaces.map((place) => ops.slice(values, 0, first + place * units, first + (place + 1) * units)),
      0,
    );
  const weights: Record<string, Tensor> = {
    kernel: ops.transpose(inOrder(kernel)),
    recurrentKernel: ops.transpose(inOrder(recurrentKernel)),
  };
  if (bias !== undefined) {
    const both = [inOrder(bias), inOrder(bias, bias.size / 2)];
    weights.bias = cell.recurrentBias ? ops.stack(both) : ops.add(both[0], both[1]);
  }
  for (const [name, place] of Object.entries(vectorPlaces))
    weights[name] = ops.slice(peepholes!, 0, place * units, (place + 1) * units);
  return weights;
}
