import { RondoError, refuseUnknownOptions, requireKind, unknownName } from '../../errors.js';
import type { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { madeFromFile } from '../../made-from-file.js';
import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { type NestedNumbers, scope, Tensor, tensor } from '../../tensor/tensor.js';
import { fileKindOf } from '../file-kind.js';
import { requireBytes } from '../require-bytes.js';
import { GraphRun } from './graph-run.js';
import { initialStatesOf } from './initial-states.js';
import { ExternalFiles, externalLocations } from './onnx-external.js';
import { type OnnxFile, readOnnxFile } from './onnx-file.js';
import type { OnnxNode, OnnxValueInfo } from './onnx-node.js';
import { suspicions } from './onnx-notes.js';
import { type ElementType, elementTypes, isFloatType } from './onnx-tensor.js';
import { asWholes, type EdgeValue, type OnnxValue, WholeNumbers } from './onnx-values.js';

/** An input or output of an ONNX model. */
export interface OnnxEdge {
  readonly name: string;
  /** The type of its elements in the file; floats of any width are computed in that of the backend. */
  readonly type: ElementType;
  /** Sizes of its axes, names of those that are free, null for others that are; undefined where the file says none. */
  readonly shape: readonly (number | string | null)[] | undefined;
}

/** What an input is given as: a tensor, or nested arrays. */
export type OnnxInputs = Readonly<Record<string, Tensor | NestedNumbers>>;

/** Inputs by name, or that of a model that has one. */
export type OnnxGiven = OnnxInputs | Tensor | readonly NestedNumbers[];

/**
 * A model of an ONNX file. Its RNN, GRU and LSTM nodes are recurrent layers of this library, everything else runs as
 * operations on tensors; shapes are computed while it runs, so a free batch or length may be another each time.
 */
export class OnnxModel {
  /** What it is given, without what the file has values for. */
  readonly inputs: readonly OnnxEdge[];
  readonly outputs: readonly OnnxEdge[];
  /** What looks wrong in the file though it can be run, such as a GRU whose reset gate acts in the wrong place. */
  readonly notes: readonly string[];
  /** Inputs that recurrent nodes begin with, and nothing else reads: see {@link OnnxModel.withZeroStates}. */
  readonly initialStates: ReadonlySet<string>;
  readonly #run: GraphRun;
  readonly #where: string;

  /** @internal Use {@link readOnnx}. */
  constructor(file: OnnxFile, where: string) {
    const { graph } = file;
    this.#where = where;
    this.inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name)).map((info) => edgeOf(info, where));
    this.outputs = graph.outputs.map((info) => edgeOf(info, where));
    this.initialStates = initialStatesOf(graph);
    this.#run = new GraphRun(graph);
    this.notes = suspicions(file, this.#run.recurrentNodes);
    const given = this.#run.gives;
    for (const { name } of this.inputs) given.add(name);
    const missing = this.outputs.find(({ name }) => !given.has(name));
    if (missing !== undefined)
      throw fileFault(where, `nothing in the graph gives the output \`${missing.name.slice(0, 200)}\`.`);
  }

  /**
   * The recurrent layers by the names of their nodes, or of what these give; with both directions of time, `NAME/forward` and
   * `NAME/backward`. Those whose weights are computed in the graph appear with its first run.
   */
  get layers(): ReadonlyMap<string, RecurrentLayer<true>> {
    return new Map(
      this.#run.recurrentNodes.flatMap(({ node, layers = [] }) => {
        const name = node.name || node.outputs.find((output) => output !== '') || node.operator;
        return layers.map((layer, d): [string, RecurrentLayer<true>] => [
          layers.length === 1 ? name : `${name}/${d === 0 ? 'forward' : 'backward'}`,
          layer,
        ]);
      }),
    );
  }

  /** The nodes in the order in which they run, each with the names of what it reads and gives. */
  get nodes(): readonly Pick<OnnxNode, 'name' | 'operator' | 'inputs' | 'outputs'>[] {
    return this.#run.graph.nodes;
  }

  /** What the file has values for, by name: weights, and numbers that nodes read. */
  get constants(): ReadonlyMap<string, { readonly shape: Shape; readonly size: number }> {
    return this.#run.graph.initializers;
  }

  /**
   * Inputs with zeros for each of {@link OnnxModel.initialStates} that is not given, which are optional where recurrent nodes read them.
   * Their axes that are free are as long as those of the same name of what is given.
   *
   * @throws USAGE where the length of an axis follows from nothing that is given
   */
  withZeroStates(inputs: OnnxInputs): OnnxInputs {
    const lengths = new Map<string, number>();
    for (const { name, shape = [] } of this.inputs) {
      if (inputs[name] === undefined) continue;
      const given = tensor(inputs[name]).shape;
      shape.forEach((axis, i) => {
        if (typeof axis === 'string' && given[i] !== undefined) lengths.set(axis, given[i]);
      });
    }
    const zeros = this.inputs.filter(({ name }) => inputs[name] === undefined && this.initialStates.has(name));
    return {
      ...inputs,
      ...Object.fromEntries(
        zeros.map(({ name, shape }): [string, Tensor] => {
          const sizes = shape?.map((axis) => (typeof axis === 'string' ? lengths.get(axis) : (axis ?? undefined)));
          if (sizes === undefined || sizes.includes(undefined))
            throw new RondoError('USAGE', {
              where: this.#where,
              what: `how large the state \`${name}\` is does not follow from the other inputs.`,
              expected: `[${shape?.map((axis) => axis ?? 'any').join(', ') ?? 'any'}]`,
              fix: `give ${name} too.`,
            });
          const known = sizes as number[];
          return [name, tensor(new Float32Array(sizeOf(known)), known)];
        }),
      ),
    };
  }

  /**
   * The outputs, by name, of inputs by name. Whole numbers and truth values come as int32.
   *
   * @throws UNKNOWN_NAME, USAGE for inputs that there are not or that are missing; SHAPE_MISMATCH where one does not fit, or
   *   a node finds that sizes do not, which it names
   */
  async predict(inputs: OnnxGiven): Promise<Record<string, Tensor>> {
    const here = Object.fromEntries(
      await Promise.all(
        Object.entries(this.#byName(inputs)).map(async ([name, value]): Promise<[string, Tensor | NestedNumbers]> => {
          const isRead = value instanceof Tensor && !this.#isFloat(name);
          return [name, isRead ? tensor(await value.data(), value.shape) : value];
        }),
      ),
    );
    return this.apply(here);
  }

  /** As {@link OnnxModel.predict}, at once; in an open tape with derivatives. @throws as predict */
  apply(given: OnnxGiven): Record<string, Tensor> {
    const where = this.#where;
    const inputs = this.#byName(given);
    const names = this.inputs.map(({ name }) => name);
    const unknown = Object.keys(inputs).find((name) => !names.includes(name));
    if (unknown !== undefined) throw unknownName(where, 'input', unknown, names);
    const missing = names.filter((name) => inputs[name] === undefined);
    if (missing.length > 0) {
      throw new RondoError('USAGE', {
        where,
        what: 'inputs are missing.',
        expected: names.join(', '),
        received: Object.keys(inputs).join(', '),
        fix: `give ${missing.join(', ')} too.`,
      });
    }
    return scope(() => {
      const free = new Map<string, number>();
      const values = new Map(
        this.inputs.map((edge) => [edge.name, valueOfInput(where, edge, inputs[edge.name], free)]),
      );
      const valueOf = this.#run.run(values);
      return Object.fromEntries(this.outputs.map(({ name }) => [name, resultOf(where, name, valueOf(name))]));
    });
  }

  #byName(given: OnnxGiven): OnnxInputs {
    if (!(given instanceof Tensor) && !Array.isArray(given)) return given as OnnxInputs;
    const [only, ...others] = this.inputs;
    if (only !== undefined && others.length === 0) return { [only.name]: given };
    const names = this.inputs.map(({ name }) => name).join(', ');
    throw new RondoError('USAGE', {
      where: this.#where,
      what: `the model has ${this.inputs.length} inputs.`,
      expected: `an object of ${names}`,
      received: 'one array',
      fix: 'name each input: predict({ NAME: array }).',
    });
  }

  #isFloat(name: string): boolean {
    return this.inputs.some((edge) => edge.name === name && isFloatType(edge.type));
  }
}

/** How {@link readOnnx} reads a model whose weights lie in other files. */
export interface OnnxReadOptions {
  /** The bytes of a file beside the model's, by its path below the model's folder, with `/`. */
  readonly external: (path: string) => Promise<Uint8Array>;
  /** The file's name, for messages. Default `readOnnx`. */
  readonly where?: string | undefined;
}

/**
 * The model of an ONNX file's bytes. Graphs around RNN, GRU and LSTM are meant: operators and attributes that are not run
 * are refused here, with their node.
 *
 * @param where the file's name, for messages; or options, with which the model comes later.
 * @throws FILE_FORMAT when the bytes are damaged, another format, or hold what is not run; FILE_VERSION for old operators
 */
export function readOnnx(bytes: Uint8Array, where?: string): OnnxModel;
export function readOnnx(bytes: Uint8Array, options: OnnxReadOptions): Promise<OnnxModel>;
export function readOnnx(
  bytes: Uint8Array,
  given: string | OnnxReadOptions = 'readOnnx',
): OnnxModel | Promise<OnnxModel> {
  return typeof given === 'string' ? modelOf(bytes, given, new ExternalFiles()) : readWithFiles(bytes, given);
}

function modelOf(bytes: Uint8Array, where: string, files: ExternalFiles): OnnxModel {
  return madeFromFile(where, () => new OnnxModel(readOnnxFile(bytes, where, files), where));
}

async function readWithFiles(bytes: Uint8Array, options: OnnxReadOptions): Promise<OnnxModel> {
  refuseUnknownOptions('readOnnx', options, ['external', 'where']);
  const { external, where = 'readOnnx' } = options;
  requireKind(typeof external === 'function', external, {
    where: 'readOnnx',
    what: '`external` is no function.',
    fix: 'give a function of a path that gives a promise of the bytes of that file.',
  });
  requireBytes(bytes, where);
  const files = new Map<string, Uint8Array>();
  for (const location of locationsIn(bytes, where)) {
    const content = await external(location);
    requireBytes(content, `${where}, ${location}`);
    files.set(location, content);
  }
  return modelOf(bytes, where, new ExternalFiles(files));
}

/** Of what is no model, none: reading it then says what it is. */
function locationsIn(bytes: Uint8Array, where: string): string[] {
  return fileKindOf(bytes) === undefined ? externalLocations(bytes, where) : [];
}

function edgeOf({ name, type, shape }: OnnxValueInfo, where: string): OnnxEdge {
  const known = type === undefined ? undefined : elementTypes.get(type);
  if (known !== undefined) return { name, type: known, shape };
  throw fileFault(where, `\`${name.slice(0, 200)}\` is no tensor of a type that is read.`);
}

function fileFault(where: string, what: string): RondoError {
  return new RondoError('FILE_FORMAT', { where, what, fix: 'export the model again.' });
}

/** @param free sizes of named axes that earlier inputs have. */
function valueOfInput(
  where: string,
  { name, type, shape }: OnnxEdge,
  given: Tensor | NestedNumbers,
  free: Map<string, number>,
): OnnxValue {
  const value = tensor(given);
  const fits =
    shape === undefined ||
    (shape.length === value.shape.length &&
      shape.every((axis, i) => {
        const size = value.shape[i];
        if (typeof axis !== 'string') return axis === null || axis === size;
        if (!free.has(axis)) free.set(axis, size);
        return free.get(axis) === size;
      }));
  if (!fits) {
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: `the input \`${name}\` has the wrong shape.`,
      expected: `[${shape.map((axis) => described(axis, free)).join(', ')}]`,
      received: describeShape(value.shape),
      fix: 'give it the shape that the graph was made for.',
    });
  }
  if (isFloatType(type)) return value;
  return asWholes(value, type);
}

function described(axis: number | string | null, free: ReadonlyMap<string, number>): string {
  const size = typeof axis === 'string' ? free.get(axis) : undefined;
  return size === undefined ? String(axis ?? 'any') : `${axis} = ${size}`;
}

function resultOf(where: string, name: string, value: EdgeValue | undefined): Tensor {
  if (value instanceof Tensor) return value;
  if (value instanceof WholeNumbers) return tensor(value.data, value.shape, 'int32');
  throw fileFault(where, `the graph gave no tensor for \`${name}\`.`);
}
