import { RondoError, refuseUnknownOptions, requireBoolean, requireKind, unknownName } from '../../../errors.js';
import { graphOf } from '../../../training/graph/graph-of.js';
import type { ModelGraph } from '../../../training/graph/model-graph.js';
import { Model } from '../../../training/model.js';
import { libraryVersion } from '../../library-version.js';
import { GraphWriter, runtimeDomain } from './graph-writer.js';
import { HostWeights } from './host-weights.js';
import type { Edge, StatePorts } from './layer-writer.js';
import { faultsOf, readsIndicesAlone, writeModelGraph } from './model-writer.js';
import { modelBytes, type WrittenEdge } from './onnx-message.js';

export interface WriteOnnxOptions {
  /**
   * Whether the states of recurrent layers that read forwards are inputs of the graph (`lstm_hidden_in`, `[batch, units]`) and
   * outputs (`lstm_hidden_out`), so that a sequence can be run piece by piece. Inputs have to be given then; zeros begin a
   * sequence. Default false: every run begins with zeros.
   */
  states?: boolean | undefined;
  /**
   * How matrices of weights are stored; they are float32 again before they are computed with. Weights of 8 bits stay as they
   * are. Default float32.
   */
  weightFormat?: 'float32' | 'float16' | undefined;
  /**
   * Whether LSTMs with weights of 8 bits are `DynamicQuantizeLSTM`, ONNX Runtime's own operator, which multiplies whole
   * numbers: it rounds what weights multiply to 8 bits, of all rows of a step together, so that results are near those of
   * this library and not the same. No other program runs such a file; `readOnnx` computes with the floats that its weights
   * stand for. Default false.
   */
  dynamicQuantizeLSTM?: boolean | undefined;
}

/** Names of {@link WriteOnnxOptions}. */
export const writeOnnxOptionNames = ['states', 'weightFormat', 'dynamicQuantizeLSTM'] as const;

const weightFormats: readonly string[] = ['float32', 'float16'];

/** The version of ONNX's operators that models are written with (ONNX 1.12, 2022). */
const operatorsVersion = 17;

/**
 * A model as an ONNX file, whose graph computes what `predict` does, for every batch size and, where the model leaves it open,
 * every length. Recurrent layers are ONNX's RNN, GRU and LSTM where these have their equations; any other cell, also one of
 * a program's own, is a `Scan` whose body is its equations. Inputs are named as the model's, outputs as the layers or keys
 * that give them. Weights are float32, or as `weightFormat` says.
 *
 * @throws USAGE for a model that is no Sequential or Functional, has no weights yet, or has layers without a counterpart;
 *   UNKNOWN_NAME for options that there are not
 *
 * @example
 * const bytes = await writeOnnx(model);
 */
export async function writeOnnx(model: Model, options: WriteOnnxOptions = {}): Promise<Uint8Array> {
  const where = 'writeOnnx';
  refuseUnknownOptions(where, options, writeOnnxOptionNames);
  const { weightFormat = 'float32', dynamicQuantizeLSTM = false } = options;
  if (!weightFormats.includes(weightFormat))
    throw unknownName(where, 'weight format', String(weightFormat), weightFormats);
  requireBoolean(where, 'states', options.states);
  requireBoolean(where, 'dynamicQuantizeLSTM', options.dynamicQuantizeLSTM);
  requireKind(model instanceof Model, model, {
    where,
    what: 'this is no model.',
    fix: 'give a Sequential or a Functional.',
  });
  const modelGraph = graphOf(model);
  refuseLayers(modelGraph);
  const weights = await HostWeights.read(modelGraph.layers.values());
  const graph = GraphWriter.ofFile({
    matrices: weightFormat === 'float16' ? 'float16' : 'float',
    dynamicQuantizeLSTM,
  });
  const inputs = inputEdges(modelGraph, graph);
  const outputNames = outputNamesOf(modelGraph).map((name) => graph.named(name));
  const ports = new Ports(graph);
  const given = writeModelGraph(
    { graph, weights, states: options.states === true ? ports : undefined },
    modelGraph,
    inputs,
  );
  if (options.states === true && ports.inputs.length === 0) throw noStates();
  if (dynamicQuantizeLSTM && !graph.domains.has(runtimeDomain)) throw noQuantizedLSTM(modelGraph);
  const outputs = given.map((edge, i): WrittenEdge => {
    graph.addNamed('Identity', [edge.value], [outputNames[i]]);
    return { name: outputNames[i], type: edge.type, axes: edge.axes };
  });
  return modelBytes({
    graph: graph.graphOf(
      model.name,
      [...inputs.map(({ value, type, axes }) => ({ name: value, type, axes })), ...ports.inputs],
      [...outputs, ...ports.outputs],
    ),
    versions: { '': operatorsVersion, ...Object.fromEntries([...graph.domains].map((domain) => [domain, 1])) },
    producerVersion: libraryVersion,
    description: '',
    metadata: {},
  });
}

/** @throws USAGE naming all of them */
function refuseLayers(graph: ModelGraph): void {
  const faults = faultsOf(graph);
  if (faults.length === 0) return;
  throw new RondoError('USAGE', {
    where: 'writeOnnx',
    what: 'ONNX has no counterpart of some layers.',
    expected: 'recurrent layers, and the layers that docs/guide/onnx.md lists',
    received: faults.slice(0, 10).join('; '),
    fix: 'leave them out, or export a model that ends before them: new Functional({ inputs, outputs }).',
  });
}

/** The inputs under the model's names; the first length is `time`. */
function inputEdges(graph: ModelGraph, writer: GraphWriter): Edge[] {
  const { tensors, form } = graph.inputs;
  const names = new Map([...graph.layers].map(([name, layer]) => [layer, name]));
  return tensors.map((tensor, i) => {
    const value = writer.named(typeof form === 'string' ? names.get(tensor.node.layer)! : form[i]);
    const axes = tensor.shape.map((size, axis) => {
      if (axis === 0) return 'batch';
      return size ?? (axis === 1 ? (i === 0 ? 'time' : `${value}_time`) : `${value}_axis${axis}`);
    });
    return { value, axes, type: readsIndicesAlone(graph, tensor) ? 'int64' : 'float' };
  });
}

function outputNamesOf(graph: ModelGraph): string[] {
  const { tensors, form } = graph.outputs;
  const names = new Map([...graph.layers].map(([name, layer]) => [layer, name]));
  return tensors.map((tensor, i) => (typeof form === 'string' ? names.get(tensor.node.layer)! : form[i]));
}

/** States as inputs and outputs of the graph. */
class Ports implements StatePorts {
  readonly inputs: WrittenEdge[] = [];
  readonly outputs: WrittenEdge[] = [];
  readonly #graph: GraphWriter;

  constructor(graph: GraphWriter) {
    this.#graph = graph;
  }

  input(state: string, width: number): string {
    const name = this.#graph.named(`${state}_in`);
    this.inputs.push({ name, type: 'float', axes: ['batch', width] });
    return name;
  }

  output(state: string, value: string, width: number): void {
    const name = this.#graph.named(`${state}_out`);
    this.#graph.addNamed('Identity', [value], [name]);
    this.outputs.push({ name, type: 'float', axes: ['batch', width] });
  }
}

function noStates(): RondoError {
  return new RondoError('USAGE', {
    where: 'writeOnnx',
    what: 'no layer of the model has states that could be carried on.',
    expected: 'recurrent layers that read forwards and begin with zeros',
    received: 'states: true',
    fix: 'leave `states` out.',
  });
}

function noQuantizedLSTM({ layers }: ModelGraph): RondoError {
  const kinds = [...layers]
    .filter(([, { className }]) => className !== 'InputLayer')
    .map(([name, { className }]) => `${name} (${className})`);
  return new RondoError('USAGE', {
    where: 'writeOnnx',
    what: 'no layer of the model is an LSTM with weights of 8 bits that the operator computes.',
    expected: 'an LSTM without a mask, whose weights have 8 bits; other cells have no such operator',
    received: kinds.slice(0, 20).join(', '),
    fix: 'give `await quantize(model)` of a model with an LSTM, or leave `dynamicQuantizeLSTM` out.',
    option: 'dynamicQuantizeLSTM',
  });
}
