import type { Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, type OnnxValue, WholeNumbers } from './onnx-values.js';

/** One operator of ONNX: what a node of it may have, and what it computes. */
export interface Operator {
  /** Attributes that are read; a node with others is refused. */
  readonly attributes?: readonly string[];
  /** The fewest and the most inputs. */
  readonly inputs: readonly [least: number, most: number];
  /** The values of its outputs, in their order. */
  readonly run: (call: OperatorCall) => readonly (OnnxValue | undefined)[];
}

/** A node and the values of its inputs. */
export class OperatorCall {
  constructor(
    readonly node: OnnxNode,
    readonly inputs: readonly (OnnxValue | undefined)[],
  ) {}

  /** An input that there must be. @throws FILE_FORMAT */
  value(at: number): OnnxValue {
    const value = this.inputs[at];
    if (value !== undefined) return value;
    throw this.node.fault(`input ${at} is missing.`);
  }

  /** An input of floats; whole numbers become floats. @throws FILE_FORMAT */
  tensor(at: number): Tensor {
    return asTensor(this.value(at));
  }

  /** A list of whole numbers, or one of them; undefined where the input is absent. @throws FILE_FORMAT */
  wholes(at: number): readonly number[] | undefined {
    const value = this.inputs[at];
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
