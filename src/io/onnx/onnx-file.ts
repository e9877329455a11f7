import { RondoError } from '../../errors.js';
import { fileKindOf } from '../file-kind.js';
import { requireBytes } from '../require-bytes.js';
import { ExternalFiles } from './onnx-external.js';
import { type AttributeType, type OnnxAttribute, type OnnxGraph, OnnxNode, type OnnxValueInfo } from './onnx-node.js';
import { readOnnxTensor } from './onnx-tensor.js';
import type { OnnxValue } from './onnx-values.js';
import { fieldsOf } from './protobuf.js';

/** What is read of a file. */
export interface OnnxFile {
  readonly graph: OnnxGraph;
  /** The program that wrote it, and its version, where the file says so. */
  readonly producer: string;
  readonly producerVersion: string;
}

/** What the messages of one file share. */
interface Reading {
  readonly where: string;
  /** By domain of operators, the version that the model was written for. */
  readonly versions: Map<string, number>;
  readonly files: ExternalFiles;
  numNodes: number;
}

/** Nodes of one file, and how deep graphs may lie in attributes of nodes of graphs. */
const mostNodes = 100_000;
const deepestGraph = 16;

/** The version of ONNX's operators from which on everything below is as it is read here. */
const leastVersion = 7;

/**
 * The graph of an ONNX file, `ModelProto`, and who wrote it.
 *
 * @param where the file's name, for messages.
 * @param files that tensors may have their data in.
 * @throws FILE_FORMAT when the bytes are cut short, damaged or another format; FILE_VERSION for operators older than
 *   version 7 (2017)
 */
export function readOnnxFile(bytes: Uint8Array, where: string, files = new ExternalFiles()): OnnxFile {
  requireBytes(bytes, where);
  let graph: Uint8Array | undefined;
  const reading: Reading = { where, versions: new Map(), files, numNodes: 0 };
  let [producer, producerVersion] = ['', ''];
  try {
    for (const field of fieldsOf(bytes, where)) {
      if (field.number === 7) graph = field.bytes();
      else if (field.number === 2) producer = field.text();
      else if (field.number === 3) producerVersion = field.text();
      else if (field.number === 8) readVersion(field.bytes(), reading);
    }
  } catch (error) {
    if (graph !== undefined || fileKindOf(bytes) === undefined) throw error;
  }
  if (graph === undefined) throw foreign(bytes, where);
  const version = reading.versions.get('') ?? leastVersion;
  if (version >= leastVersion) return { graph: readGraph(graph, reading, 0), producer, producerVersion };
  throw new RondoError('FILE_VERSION', {
    where,
    what: 'the model uses old operators.',
    expected: `operators of version ${leastVersion} or later`,
    received: `version ${version}`,
    fix: "convert it with ONNX's version_converter, or export it again.",
  });
}

function readVersion(bytes: Uint8Array, { versions, where }: Reading): void {
  let domain = '';
  let version = 0;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) domain = field.text();
    else if (field.number === 2) version = field.integer();
  }
  versions.set(domainOf(domain), version);
}

/** ONNX's own domain has two names. */
function domainOf(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function readGraph(bytes: Uint8Array, reading: Reading, depth: number): OnnxGraph {
  const { where } = reading;
  if (depth > deepestGraph)
    throw damaged(where, 'graphs lie too deep inside of each other.', `at most ${deepestGraph} levels`, 'more');
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxValue>();
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) nodes.push(readNode(field.bytes(), reading, depth));
    else if (field.number === 5) {
      const { name, value } = readOnnxTensor(field.bytes(), where, reading.files);
      initializers.set(name, value);
    } else if (field.number === 11) inputs.push(readValueInfo(field.bytes(), where));
    else if (field.number === 12) outputs.push(readValueInfo(field.bytes(), where));
    else if (field.number === 15) throw damaged(where, 'a tensor is sparse.', 'dense tensors', 'sparse_initializer');
  }
  return { nodes, initializers, inputs, outputs };
}

function readNode(bytes: Uint8Array, reading: Reading, depth: number): OnnxNode {
  const { where } = reading;
  if (++reading.numNodes > mostNodes) throw damaged(where, 'there are too many nodes.', `at most ${mostNodes}`, 'more');
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, operator, domain] = ['', '', ''];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) inputs.push(field.text());
    else if (field.number === 2) outputs.push(field.text());
    else if (field.number === 3) name = field.text();
    else if (field.number === 4) operator = field.text();
    else if (field.number === 5) {
      const [key, attribute] = readAttribute(field.bytes(), reading, depth);
      attributes.set(key, attribute);
    } else if (field.number === 7) domain = domainOf(field.text());
  }
  const version = reading.versions.get(domain) ?? leastVersion;
  return new OnnxNode(where, name, operator, domain, version, inputs, outputs, attributes);
}

/** By number in `AttributeProto.AttributeType`. */
const attributeTypes = new Map<number, AttributeType>([
  [1, 'FLOAT'],
  [2, 'INT'],
  [3, 'STRING'],
  [4, 'TENSOR'],
  [5, 'GRAPH'],
  [6, 'FLOATS'],
  [7, 'INTS'],
  [8, 'STRINGS'],
]);

function readAttribute(bytes: Uint8Array, reading: Reading, depth: number): [string, OnnxAttribute] {
  const { where } = reading;
  let name = '';
  let type = 0;
  let [float, integer, text] = [0, 0, ''];
  let tensorValue: OnnxValue | undefined;
  let graph: OnnxGraph | undefined;
  const floats: number[] = [];
  const integers: number[] = [];
  const texts: string[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) name = field.text();
    else if (field.number === 2) float = field.float();
    else if (field.number === 3) integer = field.integer();
    else if (field.number === 4) text = field.text();
    else if (field.number === 5) tensorValue = readOnnxTensor(field.bytes(), where, reading.files).value;
    else if (field.number === 6) graph = readGraph(field.bytes(), reading, depth + 1);
    else if (field.number === 7) for (const value of field.floats()) floats.push(value);
    else if (field.number === 8) for (const value of field.integers()) integers.push(value);
    else if (field.number === 9) texts.push(field.text());
    else if (field.number === 20) type = field.integer();
  }
  const values = {
    FLOAT: float,
    INT: integer,
    STRING: text,
    TENSOR: tensorValue,
    GRAPH: graph,
    FLOATS: floats,
    INTS: integers,
    STRINGS: texts,
  };
  const known = attributeTypes.get(type);
  if (known !== undefined && values[known] !== undefined)
    return [name, { type: known, value: values[known] } as OnnxAttribute];
  const what = `the attribute \`${name.slice(0, 200)}\` has no value of a type that is read.`;
  throw damaged(where, what, [...attributeTypes.values()].join(', '), `type ${type}`);
}

function readValueInfo(bytes: Uint8Array, where: string): OnnxValueInfo {
  let name = '';
  let type: number | undefined;
  let shape: (number | string | null)[] | undefined;
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) name = field.text();
    if (field.number !== 2) continue;
    for (const kind of fieldsOf(field.bytes(), where)) {
      // Sequences, maps and optional values have other numbers.
      if (kind.number !== 1) continue;
      for (const part of fieldsOf(kind.bytes(), where)) {
        if (part.number === 1) type = part.integer();
        else if (part.number === 2) shape = readAxes(part.bytes(), where);
      }
    }
  }
  return { name, type, shape };
}

function readAxes(bytes: Uint8Array, where: string): (number | string | null)[] {
  const axes: (number | string | null)[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number !== 1) continue;
    let axis: number | string | null = null;
    for (const part of fieldsOf(field.bytes(), where)) {
      if (part.number === 1) axis = part.integer();
      else if (part.number === 2) axis = part.text() || null;
    }
    // Some exporters write a size that is free as -1 or 0.
    axes.push(typeof axis === 'number' && axis <= 0 ? null : axis);
  }
  return axes;
}

function damaged(where: string, what: string, expected: string, received: string): RondoError {
  const fix = 'export the model again, or use an intact copy of the file.';
  return new RondoError('FILE_FORMAT', { where, what, expected, received, fix });
}

/** The error for bytes that were never an ONNX model, saying what they look like. */
function foreign(bytes: Uint8Array, where: string): RondoError {
  const kind = fileKindOf(bytes);
  return new RondoError('FILE_FORMAT', {
    where,
    what: `this is not an ONNX model${kind === undefined ? '.' : `; it looks like ${kind}.`}`,
    expected: 'a ModelProto with a graph',
    received: `${bytes.length} bytes without one`,
    fix: 'give a .onnx file.',
  });
}
