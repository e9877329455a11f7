import type { Shape } from '../../../shape.js';
import { ProtobufWriter } from './protobuf-writer.js';

/** Element types of edges and weights, with their numbers in `TensorProto.DataType`. */
export const elementNumbers = { float: 1, int8: 3, int64: 7, bool: 9, float16: 10 } as const;

export type ElementType = keyof typeof elementNumbers;

/** The numbers of a tensor as they lie in a file. */
export interface WrittenTensor {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** An edge that goes into or out of a graph; an axis with a name is of any size, null is one of which nothing is known. */
export interface WrittenEdge {
  readonly name: string;
  readonly type: ElementType;
  readonly axes: readonly (number | string | null)[];
}

/** Whole numbers are INT, lists of them INTS; floats are said to be so. */
export type WrittenAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: WrittenTensor }
  | { readonly graph: WrittenGraph };

export interface WrittenNode {
  readonly name: string;
  readonly operator: string;
  /** '' for ONNX's own operators. */
  readonly domain: string;
  /** An absent optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, WrittenAttribute>>;
}

export interface WrittenGraph {
  readonly name: string;
  readonly nodes: readonly WrittenNode[];
  readonly weights: ReadonlyMap<string, WrittenTensor>;
  readonly inputs: readonly WrittenEdge[];
  readonly outputs: readonly WrittenEdge[];
}

export interface WrittenModel {
  readonly graph: WrittenGraph;
  /** By domain of operators: its version. */
  readonly versions: Readonly<Record<string, number>>;
  readonly producerVersion: string;
  /** What people read about the model. */
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Version 8 of the file format is the first with version 17 of the operators (ONNX 1.12, 2022). */
const fileVersion = 8;

/** The bytes of a model, `ModelProto` of onnx.proto. */
export function modelBytes(model: WrittenModel): Uint8Array {
  const message = new ProtobufWriter().integer(1, fileVersion).text(2, 'rondo').text(3, model.producerVersion);
  if (model.description !== '') message.text(6, model.description);
  message.message(7, graphMessage(model.graph));
  for (const [domain, version] of Object.entries(model.versions))
    message.message(8, new ProtobufWriter().text(1, domain).integer(2, version));
  for (const [key, value] of Object.entries(model.metadata))
    message.message(14, new ProtobufWriter().text(1, key).text(2, value));
  return message.finish('writeOnnx');
}

function graphMessage({ name, nodes, weights, inputs, outputs }: WrittenGraph): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const node of nodes) message.message(1, nodeMessage(node));
  message.text(2, name);
  for (const [weight, tensor] of weights) message.message(5, tensorMessage(tensor, weight));
  for (const edge of inputs) message.message(11, edgeMessage(edge));
  for (const edge of outputs) message.message(12, edgeMessage(edge));
  return message;
}

function nodeMessage({ name, operator, domain, inputs, outputs, attributes }: WrittenNode): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, operator);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeMessage(key, value));
  if (domain !== '') message.text(7, domain);
  return message;
}

/** The value in the field of its type, and the type by its number in `AttributeProto.AttributeType`. */
function attributeMessage(name: string, value: WrittenAttribute): ProtobufWriter {
  const message = new ProtobufWriter().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if (isList(value)) {
    const isText = typeof value[0] === 'string';
    for (const one of value) {
      if (typeof one === 'string') message.text(9, one);
      else message.integer(8, one);
    }
    return message.integer(20, isText ? 8 : 7);
  }
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  if ('tensor' in value) return message.message(5, tensorMessage(value.tensor, '')).integer(20, 4);
  if ('graph' in value) return message.message(6, graphMessage(value.graph)).integer(20, 5);
  for (const one of value.floats) message.float(7, one);
  return message.integer(20, 6);
}

function isList(value: WrittenAttribute): value is readonly (number | string)[] & WrittenAttribute {
  return Array.isArray(value);
}

function tensorMessage({ type, shape, bytes }: WrittenTensor, name: string): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const size of shape) message.integer(1, size);
  return message.integer(2, elementNumbers[type]).text(8, name).bytes(9, bytes);
}

function edgeMessage({ name, type, axes }: WrittenEdge): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const axis of axes) {
    const size = new ProtobufWriter();
    if (typeof axis === 'number') size.integer(1, axis);
    else if (axis !== null) size.text(2, axis);
    shape.message(1, size);
  }
  const tensor = new ProtobufWriter().integer(1, elementNumbers[type]).message(2, shape);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensor));
}
