/**
 * Writes ONNX models for tests: messages of onnx.proto by field number, in protobuf's wire format.
 */

/** A whole number as base-128 digits, the lowest first; negative ones as 64 bits. */
function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

const join = (...parts: readonly ArrayLike<number>[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...Array.from(part)]));

export const integerField = (field: number, value: number | bigint): Uint8Array =>
  join(varint(field << 3), varint(value));

export const bytesField = (field: number, bytes: ArrayLike<number>): Uint8Array =>
  join(varint((field << 3) | 2), varint(bytes.length), bytes);

export const textField = (field: number, text: string): Uint8Array => bytesField(field, new TextEncoder().encode(text));

const floatField = (field: number, value: number): Uint8Array =>
  join(varint((field << 3) | 5), bytesOf(Float32Array.of(value)));

const bytesOf = (array: Float32Array | BigInt64Array | Int32Array | Int8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Numbers of element types in `TensorProto.DataType`. */
export const elementNumbers = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;

const writtenTypes = {
  float: (data: readonly number[]) => bytesOf(Float32Array.from(data)),
  uint8: (data: readonly number[]) => Uint8Array.from(data),
  int8: (data: readonly number[]) => bytesOf(Int8Array.from(data)),
  int32: (data: readonly number[]) => bytesOf(Int32Array.from(data)),
  int64: (data: readonly number[]) => bytesOf(BigInt64Array.from(data, (x) => BigInt(x))),
};

/** A tensor as a test writes it. */
export interface WrittenTensor {
  readonly type?: keyof typeof writtenTypes;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** `TensorProto`, its numbers as raw bytes. */
export function tensorBytes(name: string, { type = 'float', shape, data }: WrittenTensor): Uint8Array {
  return join(
    ...shape.map((size) => integerField(1, size)),
    integerField(2, elementNumbers[type]),
    textField(8, name),
    bytesField(9, writtenTypes[type](data)),
  );
}

export interface WrittenEdge {
  readonly name: string;
  readonly type?: keyof typeof elementNumbers;
  readonly shape: readonly (number | string)[];
}

function edgeBytes({ name, type = 'float', shape }: WrittenEdge): Uint8Array {
  const axes = shape.map((axis) =>
    bytesField(1, typeof axis === 'string' ? textField(2, axis) : integerField(1, axis)),
  );
  const tensorType = join(integerField(1, elementNumbers[type]), bytesField(2, join(...axes)));
  return join(textField(1, name), bytesField(2, bytesField(1, tensorType)));
}

/** Whole numbers are INT; `{ float }` and `{ floats }` say that numbers are not. */
export type WrittenAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: WrittenTensor }
  | { readonly graph: WrittenGraph };

function attributeBytes(name: string, value: WrittenAttribute): Uint8Array {
  const [type, ...fields] = attributeFields(value);
  return join(textField(1, name), ...fields, integerField(20, type));
}

function attributeFields(value: WrittenAttribute): [type: number, ...Uint8Array[]] {
  if (typeof value === 'number') return [2, integerField(3, value)];
  if (typeof value === 'string') return [3, textField(4, value)];
  if ('float' in (value as object)) return [1, floatField(2, (value as { float: number }).float)];
  if ('floats' in (value as object))
    return [6, ...(value as { floats: readonly number[] }).floats.map((x) => floatField(7, x))];
  if ('tensor' in (value as object))
    return [4, bytesField(5, tensorBytes('', (value as { tensor: WrittenTensor }).tensor))];
  if ('graph' in (value as object)) return [5, bytesField(6, graphBytes((value as { graph: WrittenGraph }).graph))];
  const list = value as readonly (number | string)[];
  if (typeof list[0] === 'string') return [8, ...list.map((text) => textField(9, text as string))];
  return [7, ...list.map((x) => integerField(8, x as number))];
}

export interface WrittenNode {
  readonly operator: string;
  /** An absent optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
  readonly name?: string;
  readonly domain?: string;
}

function nodeBytes({ operator, inputs, outputs, attributes = {}, name = '', domain = '' }: WrittenNode): Uint8Array {
  return join(
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, name),
    textField(4, operator),
    ...Object.entries(attributes).map(([key, value]) => bytesField(5, attributeBytes(key, value))),
    textField(7, domain),
  );
}

export interface WrittenGraph {
  readonly nodes: readonly WrittenNode[];
  readonly constants?: Readonly<Record<string, WrittenTensor>>;
  readonly inputs: readonly WrittenEdge[];
  readonly outputs: readonly WrittenEdge[];
}

function graphBytes({ nodes, constants = {}, inputs, outputs }: WrittenGraph): Uint8Array {
  return join(
    ...nodes.map((node) => bytesField(1, nodeBytes(node))),
    textField(2, 'graph'),
    ...Object.entries(constants).map(([name, value]) => bytesField(5, tensorBytes(name, value))),
    ...inputs.map((edge) => bytesField(11, edgeBytes(edge))),
    ...outputs.map((edge) => bytesField(12, edgeBytes(edge))),
  );
}

/** A whole model, of ONNX's file version 8. */
export function onnxBytes(graph: WrittenGraph, version = 17): Uint8Array {
  return join(
    integerField(1, 8),
    bytesField(7, graphBytes(graph)),
    ...[...new Set(['', ...graph.nodes.map(({ domain = '' }) => domain)])].map((domain) =>
      bytesField(8, join(textField(1, domain), integerField(2, domain === '' ? version : 1))),
    ),
  );
}
