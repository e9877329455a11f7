/**
 * Writes ONNX models: the few messages of onnx.proto that the peers need, by field number, in protobuf's wire format.
 */

const FLOAT = 1;
const INT8 = 3;
export const INT32 = 6;
const INT64 = 7;

/** A whole number of at least 0 as base-128 digits, the lowest first. */
function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const integerField = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytesField = (field, bytes) => Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
const textField = (field, text) => bytesField(field, Buffer.from(text));
const message = (...parts) => Buffer.concat(parts.flat());

function tensorOf(name, shape, type, data) {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return message(
    shape.map((size) => integerField(1, size)),
    integerField(2, type),
    textField(8, name),
    bytesField(9, raw),
  );
}

/** A constant of float32 values. */
export const floats = (name, shape, values) => tensorOf(name, shape, FLOAT, values);

/** A constant of int8 values. */
export const bytes = (name, shape, values) => tensorOf(name, shape, INT8, values);

/** A constant list of int64. */
export const integers = (name, values) => tensorOf(name, [values.length], INT64, BigInt64Array.from(values, BigInt));

/** An input or output of a graph. */
export function valueInfo(name, shape, type = FLOAT) {
  const dimensions = shape.map((size) => bytesField(1, integerField(1, size)));
  const tensorType = message(integerField(1, type), bytesField(2, message(dimensions)));
  return message(textField(1, name), bytesField(2, bytesField(1, tensorType)));
}

/** Attributes: whole numbers, text, lists of whole numbers, or a graph as bytes. */
function attribute(name, value) {
  if (Buffer.isBuffer(value)) return message(textField(1, name), bytesField(6, value), integerField(20, 5));
  if (typeof value === 'string') return message(textField(1, name), textField(4, value), integerField(20, 3));
  if (Array.isArray(value))
    return message(
      textField(1, name),
      value.map((entry) => integerField(8, entry)),
      integerField(20, 7),
    );
  return message(textField(1, name), integerField(3, value), integerField(20, 2));
}

/** One operator, of ONNX itself where no other domain is named; an absent optional input is ''. */
export function node(operator, inputs, outputs, attributes = {}, domain = '') {
  return message(
    inputs.map((name) => textField(1, name)),
    outputs.map((name) => textField(2, name)),
    textField(4, operator),
    Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
    textField(7, domain),
  );
}

export function graph({ name, nodes, constants = [], inputs, outputs }) {
  return message(
    nodes.map((entry) => bytesField(1, entry)),
    textField(2, name),
    constants.map((entry) => bytesField(5, entry)),
    inputs.map((entry) => bytesField(11, entry)),
    outputs.map((entry) => bytesField(12, entry)),
  );
}

/** A whole model: ONNX's file version 8, operators of version 17 and those of ONNX Runtime's own domain. */
export function model(graphBytes) {
  return message(
    integerField(1, 8),
    bytesField(7, graphBytes),
    bytesField(8, message(textField(1, ''), integerField(2, 17))),
    bytesField(8, message(textField(1, 'com.microsoft'), integerField(2, 1))),
  );
}
