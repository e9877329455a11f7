import { RondoError } from '../../../errors.js';
import { halfWords } from '../../../rounding.js';
import { type Shape, sizeOf } from '../../../shape.js';
import type { HostWeight } from './host-weights.js';
import {
  type ElementType,
  elementNumbers,
  type WrittenAttribute,
  type WrittenEdge,
  type WrittenGraph,
  type WrittenNode,
  type WrittenTensor,
} from './onnx-message.js';

/** What all graphs of one file share: names, weights, and which domains of operators they use. */
interface Shared {
  readonly names: Set<string>;
  readonly weights: Map<string, WrittenTensor>;
  /** Names of constants by their numbers. */
  readonly constants: Map<string, string>;
  readonly domains: Set<string>;
  /** Nodes of the outermost graph. */
  readonly outermost: WrittenNode[];
  readonly storage: Storage;
}

/** How the weights of a file are written. */
interface Storage {
  /** How matrices of floats are stored. */
  readonly matrices: 'float' | 'float16';
  /** Whether an LSTM of 8 bits is the operator of ONNX Runtime that multiplies whole numbers. */
  readonly dynamicQuantizeLSTM: boolean;
}

/** The domain of ONNX Runtime's own operators. */
export const runtimeDomain = 'com.microsoft';

/** How a node is written. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, WrittenAttribute>> | undefined;
  readonly domain?: string | undefined;
  /** Where its names begin; by default where {@link GraphWriter.under} says. */
  readonly name?: string | undefined;
}

/**
 * Nodes as they are added, each with a name of its own. Weights and constants of graphs inside of nodes stand in the
 * outermost graph, where everything inside sees them.
 */
export class GraphWriter {
  readonly #shared: Shared;
  readonly #nodes: WrittenNode[] = [];
  readonly #under: string;
  readonly #target: WrittenNode[];

  private constructor(shared: Shared, under: string, target?: WrittenNode[]) {
    this.#shared = shared;
    this.#under = under;
    this.#target = target ?? this.#nodes;
  }

  /** The outermost graph of a file. */
  static ofFile(storage: Storage): GraphWriter {
    const outermost: WrittenNode[] = [];
    const shared = {
      names: new Set<string>(),
      weights: new Map<string, WrittenTensor>(),
      constants: new Map<string, string>(),
      domains: new Set<string>(),
      outermost,
      storage,
    };
    return new GraphWriter(shared, '', outermost);
  }

  /** The outermost graph, for what is made of weights alone. */
  get outermost(): GraphWriter {
    return new GraphWriter(this.#shared, this.#under, this.#shared.outermost);
  }

  /** The same graph, whose new names begin with this path. */
  under(path: string): GraphWriter {
    return new GraphWriter(this.#shared, `${this.#under}${path}/`, this.#target);
  }

  /** A graph for an attribute of a node. */
  inside(): GraphWriter {
    return new GraphWriter(this.#shared, this.#under);
  }

  /** A name that nothing else in the file has. */
  named(wanted: string): string {
    const base = this.#under + wanted;
    let name = base;
    for (let i = 1; this.#shared.names.has(name); i++) name = `${base}_${i}`;
    this.#shared.names.add(name);
    return name;
  }

  /** Takes a name as it is. @returns whether it was free */
  take(name: string): boolean {
    if (this.#shared.names.has(name)) return false;
    this.#shared.names.add(name);
    return true;
  }

  /** Adds a node with one output. @returns the output's name */
  add(operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.addSeveral(operator, inputs, 1, options)[0];
  }

  /** Adds a node with several outputs. @returns their names */
  addSeveral(operator: string, inputs: readonly string[], numOutputs: number, options: NodeOptions = {}): string[] {
    const name = this.named(options.name ?? operator);
    const outputs =
      numOutputs === 1 ? [name] : Array.from({ length: numOutputs }, (_, i) => this.named(`${operator}.${i}`));
    this.#push(operator, name, inputs, outputs, options);
    return outputs;
  }

  /** Adds a node whose outputs have names that were taken before. */
  addNamed(operator: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions = {}): void {
    this.#push(operator, this.named(options.name ?? operator), inputs, outputs, options);
  }

  /** A weight under its own name. @returns the name in the file */
  weight(name: string, tensor: WrittenTensor): string {
    const own = this.named(name);
    this.#shared.weights.set(own, tensor);
    return own;
  }

  /** Floats under a name of their own, which a matrix of halves has as it is read. */
  floats(name: string, values: ArrayLike<number>, shape: Shape): string {
    if (this.#shared.storage.matrices === 'float' || shape.length < 2)
      return this.weight(name, floatTensor(values, shape));
    const halves = this.weight(`${name}.float16`, halfTensor(this.named(name), values, shape));
    return this.outermost.add('Cast', [halves], { attributes: { to: elementNumbers.float }, name });
  }

  /** A weight of a layer as it is: of 8 bits where it has them. */
  stored(name: string, { shape, values, quantized }: HostWeight): string {
    if (quantized === undefined) return this.floats(name, values, shape);
    const { buffer, byteOffset, byteLength } = quantized.values;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const whole = this.weight(`${name}.int8`, { type: 'int8', shape, bytes });
    const scales = this.weight(`${name}.scales`, floatTensor(quantized.scales, [quantized.scales.length]));
    return this.outermost.add('DequantizeLinear', [whole, scales], { attributes: { axis: quantized.axis }, name });
  }

  /** One number, of no axes; equal ones are written once. */
  number(value: number): string {
    return this.#constant(`float ${Object.is(value, -0) ? '-0' : value}`, () => floatTensor([value], []));
  }

  /** A list of whole numbers, for shapes and places; equal ones are written once. */
  integers(...values: readonly number[]): string {
    return this.#constant(`integers ${values.join(' ')}`, () => integerTensor(values, [values.length]));
  }

  /** One whole number, of no axes. */
  integer(value: number): string {
    return this.#constant(`integer ${value}`, () => integerTensor([value], []));
  }

  /** The graph of an attribute, whose weights are those of the file. */
  bodyOf(name: string, inputs: readonly WrittenEdge[], outputs: readonly WrittenEdge[]): WrittenGraph {
    return { name, nodes: this.#target, weights: new Map(), inputs, outputs };
  }

  /** The outermost graph. */
  graphOf(name: string, inputs: readonly WrittenEdge[], outputs: readonly WrittenEdge[]): WrittenGraph {
    return { ...this.bodyOf(name, inputs, outputs), weights: this.#shared.weights };
  }

  get dynamicQuantizeLSTM(): boolean {
    return this.#shared.storage.dynamicQuantizeLSTM;
  }

  /** Domains of operators, besides ONNX's own, that some node uses. */
  get domains(): ReadonlySet<string> {
    return this.#shared.domains;
  }

  #push(
    operator: string,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    { attributes = {}, domain = '' }: NodeOptions,
  ): void {
    if (domain !== '') this.#shared.domains.add(domain);
    this.#target.push({ name, operator, domain, inputs, outputs, attributes });
  }

  #constant(key: string, make: () => WrittenTensor): string {
    let name = this.#shared.constants.get(key);
    if (name === undefined) {
      name = new GraphWriter(this.#shared, '').weight(key.replaceAll(' ', '_'), make());
      this.#shared.constants.set(key, name);
    }
    return name;
  }
}

export function floatTensor(values: ArrayLike<number>, shape: Shape): WrittenTensor {
  return { type: 'float', shape, bytes: littleEndian('float', values, sizeOf(shape)) };
}

/** @throws OUT_OF_RANGE for numbers that a half cannot hold */
function halfTensor(name: string, values: ArrayLike<number>, shape: Shape): WrittenTensor {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]) < 65520) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where: name,
      what: 'the weight has numbers that float16 cannot hold.',
      expected: 'numbers from -65504 to 65504',
      received: String(values[i]),
      fix: 'leave weightFormat out.',
    });
  }
  const words = halfWords('float16', values);
  const bytes = new Uint8Array(2 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint16(2 * i, word, true);
  });
  return { type: 'float16', shape, bytes };
}

function integerTensor(values: ArrayLike<number>, shape: Shape): WrittenTensor {
  return { type: 'int64', shape, bytes: littleEndian('int64', values, sizeOf(shape)) };
}

/** Numbers as `raw_data` has them. */
function littleEndian(
  type: Extract<ElementType, 'float' | 'int64'>,
  values: ArrayLike<number>,
  size: number,
): Uint8Array {
  const width = type === 'float' ? 4 : 8;
  const bytes = new Uint8Array(width * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < size; i++) {
    if (type === 'float') view.setFloat32(4 * i, values[i], true);
    else view.setBigInt64(8 * i, BigInt(values[i]), true);
  }
  return bytes;
}
