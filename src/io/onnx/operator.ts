import type { Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, type EdgeValue, type OnnxValue, ValueSequence, WholeNumbers } from './onnx-values.js';

/** One operator of ONNX: what a node of it may have, and what it computes. */
export interface Operator {
  /** Attributes that are read; a node with others is refused. */
  readonly attributes?: readonly string[];
  /** The fewest and the most inputs. */
  readonly inputs: readonly [least: number, most: number];
  /** What can be said against a node before it is run. @throws FILE_FORMAT */
  readonly check?: (node: OnnxNode) => void;
  /**
   * How many products or steps of a sum it takes, of what it reads and gives; by default as many as there are numbers in both. It may be
   * more than there are, and is not less but for what each number costs.
   */
  readonly work?: (call: OperatorCall, outputs: readonly (EdgeValue | undefined)[]) => number;
  /** The values of its outputs, in their order. */
  readonly run: (call: OperatorCall) => readonly (EdgeValue | undefined)[];
}

/** Numbers in all of some values. */
export function numbersIn(values: readonly (EdgeValue | undefined)[]): number {
  let sum = 0;
  for (const value of values)
    if (value instanceof ValueSequence) sum += numbersIn(value.values);
    else if (value !== undefined) sum += value.size;
  return sum;
}

/** A node and the values of its inputs. */
export class OperatorCall {
  constructor(
    readonly node: OnnxNode,
    readonly inputs: readonly (EdgeValue | undefined)[],
  ) {}

  /** An input that there must be. @throws FILE_FORMAT */
  value(at: number): OnnxValue {
    const value = this.optional(at);
    if (value !== undefined) return value;
    throw this.node.fault(`input ${at} is missing.`);
  }

  /** An input; undefined where it is absent. @throws FILE_FORMAT for a sequence */
  optional(at: number): OnnxValue | undefined {
    const value = this.inputs[at];
    if (!(value instanceof ValueSequence)) return value;
    throw this.node.fault(`input ${at} is a sequence.`, 'a tensor', `${value.values.length} tensors`);
  }

  /** All inputs, of which none is absent. @throws FILE_FORMAT */
  values(): OnnxValue[] {
    return this.inputs.map((_, at) => this.value(at));
  }

  /** A sequence. @throws FILE_FORMAT */
  sequence(at: number): readonly OnnxValue[] {
    const value = this.inputs[at];
    if (value instanceof ValueSequence) return value.values;
    throw this.node.fault(`input ${at} is no sequence.`);
  }

  /** One whole number. @throws FILE_FORMAT */
  whole(at: number): number {
    const value = this.value(at);
    if (value instanceof WholeNumbers && value.size === 1) return value.data[0];
    throw this.node.fault(`input ${at} is not one whole number.`);
  }

  /** One number, which may have to be read from its device. @throws FILE_FORMAT */
  number(at: number): number {
    const value = this.value(at);
    if (value.size === 1) return value instanceof WholeNumbers ? value.data[0] : value.dataSync()[0];
    throw this.node.fault(`input ${at} is not one number.`);
  }

  /** An input of floats; whole numbers become floats. @throws FILE_FORMAT */
  tensor(at: number): Tensor {
    return asTensor(this.value(at));
  }

  /** A list of whole numbers, or one of them; undefined where the input is absent. @throws FILE_FORMAT */
  wholes(at: number): readonly number[] | undefined {
    const value = this.optional(at);
    if (value === undefined) return undefined;
    if (value instanceof WholeNumbers && value.shape.length <= 1) return [...value.data];
    throw this.node.fault(`input ${at} is no list of whole numbers.`);
  }

  /** A list of whole numbers that later versions of an operator take as an input, and earlier ones as an attribute. */
  listOf(at: number, attribute: string): readonly number[] | undefined {
    return this.wholes(at) ?? this.node.attribute(attribute, 'INTS');
  }

  /** An axis of a rank, counted from the end where negative. @throws FILE_FORMAT */
  axis(given: number, rank: number): number {
    const axis = given < 0 ? given + rank : given;
    if (Number.isInteger(axis) && axis >= 0 && axis < rank) return axis;
    throw this.node.fault('an axis is none of its input.', `-${rank} to ${rank - 1}`, `${given}`);
  }
}
