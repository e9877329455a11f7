import { type ErrorCode, RondoError } from '../../errors.js';
import type { OnnxValue } from './onnx-values.js';

/** An input or output of a graph: its name and, where the file says them, element type and axes. */
export interface OnnxValueInfo {
  readonly name: string;
  /** The number of its type in `TensorProto.DataType`; undefined where it is no tensor, or not said. */
  readonly type: number | undefined;
  /** Sizes, names of sizes that are free, and null for sizes without one; undefined where the rank is not known. */
  readonly shape: readonly (number | string | null)[] | undefined;
}

/** `GraphProto`: nodes in an order in which they can be run. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxValue>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/** What an attribute of a node holds, by the name of its type in ONNX. */
export interface AttributeValues {
  FLOAT: number;
  INT: number;
  STRING: string;
  TENSOR: OnnxValue;
  GRAPH: OnnxGraph;
  FLOATS: readonly number[];
  INTS: readonly number[];
  STRINGS: readonly string[];
}

export type AttributeType = keyof AttributeValues;

export type OnnxAttribute = {
  readonly [Type in AttributeType]: { readonly type: Type; readonly value: AttributeValues[Type] };
}[AttributeType];

/** One node of an ONNX graph: an operator, the names of what it reads and gives, and its attributes. */
export class OnnxNode {
  /** The file, the operator and the node, for messages. */
  readonly where: string;

  constructor(
    file: string,
    readonly name: string,
    readonly operator: string,
    readonly domain: string,
    /** The version of the operators of its domain. */
    readonly version: number,
    /** An empty name stands for an optional input that is absent. */
    readonly inputs: readonly string[],
    readonly outputs: readonly string[],
    readonly attributes: ReadonlyMap<string, OnnxAttribute>,
  ) {
    this.where = `${file}, ${operator} \`${(name || outputs.find((output) => output !== '')) ?? ''}\``;
  }

  /** The operator, with its domain before it where that is not ONNX's own. */
  get fullOperator(): string {
    return this.domain === '' ? this.operator : `${this.domain}.${this.operator}`;
  }

  /** An attribute of one type; undefined where it is absent. @throws FILE_FORMAT where it has another */
  attribute<Type extends AttributeType>(name: string, type: Type): AttributeValues[Type] | undefined {
    const found = this.attributes.get(name);
    if (found === undefined) return undefined;
    if (found.type === type) return found.value as AttributeValues[Type];
    throw this.fault(`the attribute \`${name}\` has the wrong type.`, type, found.type);
  }

  /** A whole number. @throws FILE_FORMAT */
  integer(name: string, byDefault: number): number {
    return this.attribute(name, 'INT') ?? byDefault;
  }

  /** What is wrong with the node, with its name. */
  fault(what: string, expected?: string, received?: string, code: ErrorCode = 'FILE_FORMAT'): RondoError {
    const fix = 'export the model again, or without this node.';
    return new RondoError(code, { where: this.where, what, expected, received, fix });
  }
}
