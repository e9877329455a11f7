import { describeValue, RondoError, refuseUnknownOptions, requireBoolean, requireKind } from '../../errors.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { withoutInitialWeights } from '../../layers/layer.js';
import { LeakyReLU } from '../../layers/leaky-relu.js';
import { madeFromFile } from '../../made-from-file.js';
import { Sequential } from '../../training/sequential.js';
import { transposed } from '../../transposed.js';
import { parseBoundedJson } from '../bounded-json.js';
import { damagedFile } from '../file-fault.js';
import { countAt, type JsonRecord, listAt, matrixAt, numbersAt, recordAt } from './brain-json.js';
import { type BrainCell, hiddenLayers, type LayerWithWeights, outputLayer } from './brain-layers.js';
import { BrainText, vocabularyOf } from './brain-text.js';

const textNets = ['RNN', 'LSTM', 'GRU'] as const;
const timeStepNets = ['RNNTimeStep', 'LSTMTimeStep', 'GRUTimeStep'] as const;
const feedForwardNets = ['NeuralNetwork', 'NeuralNetworkGPU'] as const;

/** The kinds of nets of brain.js that are read, by the `type` of their JSON. */
export const brainNetTypes = [...textNets, ...timeStepNets, ...feedForwardNets] as const;

export type BrainNetType = (typeof brainNetTypes)[number];

export interface ReadBrainOptions {
  /**
   * Whether a net of time steps gives an output at every step, or as `net.run` of brain.js that of the last one alone. Default false.
   * Nets of texts always give every step, and feed-forward nets have none.
   */
  returnSequences?: boolean | undefined;
}

/** A net of brain.js as a model. */
export interface BrainNet {
  readonly type: BrainNetType;
  /**
   * Of texts: tokens `[batch, time]` to probabilities of the next `[batch, time, tokens]`. Of time steps: `[batch, time, inputSize]` to
   * `[batch, outputSize]`. Feed-forward: `[batch, inputs]` to `[batch, outputs]`.
   */
  readonly model: Sequential;
  /** The vocabulary of a net of texts, and what its `run` gives. */
  readonly text?: BrainText | undefined;
  /**
   * Where the net was trained on objects, their keys, in the order of the model's inputs. A net of time steps with one input was
   * given one key a step: then they are names of steps.
   */
  readonly inputNames?: readonly string[] | undefined;
  readonly outputNames?: readonly string[] | undefined;
}

/**
 * The model of a net of brain.js 2.0.0-beta: `RNN`, `LSTM`, `GRU` of texts, the same with `TimeStep`, and `NeuralNetwork`. Its numbers
 * are those of `net.run`. The LSTM of brain.js has no cell state: its layers run the cell {@link brainLSTM}, which is made known with
 * `registerCell(brainLSTM)` where a saved model is loaded.
 *
 * @param json what `net.toJSON()` gave, or its text
 * @param name of the file, for messages
 * @throws FILE_FORMAT where it is not what brain.js writes; UNKNOWN_NAME for kinds of nets that are not read
 *
 * @example
 * const { model, text } = readBrain(await readText('net.json'), 'net.json');
 * console.log(await text.run('the '));
 */
export function readBrain(json: unknown, name = 'brain.js net', options: ReadBrainOptions = {}): BrainNet {
  requireKind(typeof json === 'string' || (json !== null && typeof json === 'object'), json, {
    where: 'readBrain',
    what: 'this is no JSON of a net.',
    fix: 'give JSON.stringify(net.toJSON()), or what net.toJSON() gave.',
  });
  refuseUnknownOptions('readBrain', options, ['returnSequences']);
  const { returnSequences = false } = options;
  requireBoolean('readBrain', 'returnSequences', returnSequences);
  const parsed = typeof json === 'string' ? parseBoundedJson(json, name, 'the net') : json;
  const net = recordAt(parsed, 'JSON', name);
  const type = typeOf(net, name);
  if (isIn(textNets, type)) return textNet(net, type, name);
  if (isIn(timeStepNets, type)) return timeStepNet(net, type, returnSequences, name);
  return feedForwardNet(net, type, name);
}

function textNet(net: JsonRecord, type: (typeof textNets)[number], where: string): BrainNet {
  const embeddings = matrixAt(net.input, 'input', where);
  const { rows: tokens, columns } = embeddings;
  countAt(tokens, 'input.rows', where, 2, Number.MAX_SAFE_INTEGER);
  const hidden = hiddenLayers(net, type, true, where);
  requireSame(where, 'hiddenLayers[0]', hidden.inputSize, columns);
  const model = modelOf(
    [
      {
        layer: new Embedding({ name: 'input', inputDim: tokens, outputDim: columns }),
        weights: { embeddings: embeddings.values },
      },
      ...hidden.layers,
      outputLayer(net, 'softmax', where, tokens),
    ],
    [null],
    where,
  );
  const vocabulary = vocabularyOf(recordAt(net.options, 'options', where), tokens, where);
  return { type, model, text: new BrainText(model, vocabulary) };
}

function timeStepNet(
  net: JsonRecord,
  type: (typeof timeStepNets)[number],
  returnSequences: boolean,
  where: string,
): BrainNet {
  const cell = type.replace('TimeStep', '') as BrainCell;
  const { layers, inputSize } = hiddenLayers(net, cell, returnSequences, where);
  const model = modelOf([...layers, outputLayer(net, 'linear', where)], [null, inputSize], where);
  return { type, model, ...namesOf(net, where) };
}

/** Layers of weighted sums, all with one activation; layer 0 is the input. */
function feedForwardNet(net: JsonRecord, type: BrainNetType, where: string): BrainNet {
  const sizes = listAt(net.sizes, 'sizes', where);
  const layers = listAt(net.layers, 'layers', where);
  if (layers.length !== sizes.length || sizes.length < 2)
    throw damagedFile({
      where,
      what: 'the layers of the net do not fit its sizes.',
      expected: `${sizes.length} layers, at least 2`,
      received: `${layers.length} layers`,
    });
  const { activation, slope } = activationOf(net, where);
  const members = layers.slice(1).flatMap((entry, i): LayerWithWeights[] => {
    const path = `layers[${i + 1}]`;
    const layer = recordAt(entry, path, where);
    const rows = listAt(layer.weights, `${path}.weights`, where);
    const units = countAt(sizes[i + 1], `sizes[${i + 1}]`, where, rows.length, rows.length);
    const first = listAt(rows[0], `${path}.weights[0]`, where).length;
    const inputs = countAt(sizes[i], `sizes[${i}]`, where, first, first);
    // All rows are as long as the first before memory is taken for so many.
    const numbers = rows.map((row, u) => numbersAt(row, `${path}.weights[${u}]`, where, inputs));
    const kernel = new Float32Array(units * inputs);
    for (const [u, row] of numbers.entries()) kernel.set(row, u * inputs);
    const isLast = i === layers.length - 2;
    const name = isLast ? 'output' : `hidden${i + 1}`;
    return [
      {
        layer: new Dense({ name, units, activation }),
        weights: {
          kernel: transposed(kernel, units, inputs),
          bias: numbersAt(layer.biases, `${path}.biases`, where, units),
        },
      },
      ...(slope === undefined
        ? []
        : [{ layer: new LeakyReLU({ name: `${name}Activation`, negativeSlope: slope }), weights: {} }]),
    ];
  });
  const model = modelOf(members, [sizes[0] as number], where);
  return { type, model, ...namesOf(net, where) };
}

/** The activation of every layer, with brain.js's defaults where nothing is said. @throws FILE_FORMAT; UNKNOWN_NAME */
function activationOf(
  net: JsonRecord,
  where: string,
): { activation: 'sigmoid' | 'relu' | 'tanh' | 'linear'; slope?: number } {
  const options = net.trainOpts === undefined ? {} : recordAt(net.trainOpts, 'trainOpts', where);
  const { activation = 'sigmoid', leakyReluAlpha = 0.01 } = options;
  if (activation === 'sigmoid' || activation === 'relu' || activation === 'tanh') return { activation };
  if (activation !== 'leaky-relu')
    throw damagedFile({
      where,
      what: 'the net has an activation that brain.js has not.',
      expected: 'sigmoid, relu, leaky-relu or tanh',
      received: describeValue(activation),
    });
  // Above 1 the larger of x and slope * x is another function.
  if (typeof leakyReluAlpha === 'number' && leakyReluAlpha >= 0 && leakyReluAlpha <= 1)
    return { activation: 'linear', slope: leakyReluAlpha };
  throw damagedFile({
    where,
    what: 'the slope of the leaky activation is out of range.',
    expected: '`trainOpts.leakyReluAlpha` from 0 to 1',
    received: describeValue(leakyReluAlpha),
  });
}

/** A Sequential with given weights. @throws FILE_FORMAT where layers do not fit together */
function modelOf(members: readonly LayerWithWeights[], inputShape: (number | null)[], where: string): Sequential {
  return madeFromFile(where, () => {
    const layers = members.map(({ layer }) => layer);
    const model = withoutInitialWeights(Number.POSITIVE_INFINITY, () => new Sequential(layers, { inputShape }));
    for (const { layer, weights } of members)
      for (const [path, { variable }] of layer.namedWeights('')) variable.assign(weights[path.split('/').at(-1)!]);
    return model;
  });
}

/** The keys of objects that the net was trained on. @throws FILE_FORMAT */
function namesOf(net: JsonRecord, where: string): Pick<BrainNet, 'inputNames' | 'outputNames'> {
  const names = (key: 'inputLookup' | 'outputLookup'): readonly string[] | undefined => {
    if (net[key] === null || net[key] === undefined) return undefined;
    const places = Object.entries(recordAt(net[key], key, where));
    const ordered = new Array<string>(places.length);
    for (const [name, place] of places)
      ordered[countAt(place, `${key}[${JSON.stringify(name.slice(0, 40))}]`, where, 0, places.length - 1)] = name;
    requireSame(where, key, Object.keys(ordered).length, places.length);
    return ordered;
  };
  const [inputNames, outputNames] = [names('inputLookup'), names('outputLookup')];
  return { ...(inputNames && { inputNames }), ...(outputNames && { outputNames }) };
}

function typeOf(net: JsonRecord, where: string): BrainNetType {
  const { type } = net;
  if (typeof type === 'string' && isIn(brainNetTypes, type)) return type;
  if (typeof type !== 'string')
    throw damagedFile({
      where,
      what: 'this is no JSON of a brain.js net.',
      expected: `\`type\`: one of ${brainNetTypes.join(', ')}`,
      received: describeValue(type),
      fix: 'give what JSON.stringify(net.toJSON()) wrote with brain.js 2.0.0-beta.',
    });
  throw new RondoError('UNKNOWN_NAME', {
    where,
    what: `nets of the type \`${type.slice(0, 60)}\` are not read.`,
    expected: `one of ${brainNetTypes.join(', ')}`,
    received: `\`${type.slice(0, 60)}\``,
    fix: 'train one of these, or write the net as layers.',
  });
}

function requireSame(where: string, what: string, received: number | undefined, expected: number): void {
  if (received === expected) return;
  throw damagedFile({
    where,
    what: `the net's \`${what}\` does not fit the rest.`,
    expected: String(expected),
    received: String(received),
  });
}

function isIn<Name extends string>(names: readonly Name[], name: string): name is Name {
  return (names as readonly string[]).includes(name);
}
