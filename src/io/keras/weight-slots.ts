import { Bidirectional } from '../../layers/bidirectional.js';
import type { Layer } from '../../layers/layer.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import type { Variable } from '../../tensor/variable.js';
import { Functional } from '../../training/graph/functional.js';
import { Model } from '../../training/model.js';
import { kerasOrder } from './keras-order.js';
import { snakeCase } from './snake-case.js';

/** A weight of a model and where Keras keeps it. */
export interface WeightSlot {
  readonly variable: Variable;
  /** The last part of its name in Keras, such as `recurrent_kernel` or `query/kernel`. */
  readonly role: string;
  /** Below the layer's place in a file of Keras 3, such as `cell/vars/1`; several where forms of a layer differ. */
  readonly paths: readonly string[];
  /** Whether Keras lists it before those that training does not change. */
  readonly isTrainable: boolean;
  /** Of a recurrent cell: which one, since cuDNN's forms are told by all of its weights. */
  readonly cell?: RecurrentSlots | undefined;
}

/** A cell whose weights may come in the form of cuDNN. */
export interface RecurrentSlots {
  readonly kind: 'LSTM' | 'GRU';
  readonly units: number;
}

/** A layer of a model, with what Keras calls its class in paths. */
export interface SlotLayer {
  readonly name: string;
  readonly layer: Layer<unknown>;
  /** The class in snake case: the place of the layer among others in a file of Keras 3. */
  readonly className: string;
}

const kindOfCell: Readonly<Record<string, RecurrentSlots['kind']>> = { lstm: 'LSTM', gru: 'GRU' };
const cellClasses: Readonly<Record<string, string>> = {
  lstm: 'lstm_cell',
  gru: 'gru_cell',
  gruResetBefore: 'gru_cell',
  simple: 'simple_rnn_cell',
};

/** The weights of a layer in Keras's order: of a model inside, those that training changes first. */
export function slotsOf(layer: Layer<unknown>): WeightSlot[] {
  const slots = [...walk(layer, '', layer.trainable)];
  const seen = new Set<Variable>();
  const own = slots.filter(({ variable }) => !seen.has(variable) && seen.add(variable));
  return [...own.filter(({ isTrainable }) => isTrainable), ...own.filter(({ isTrainable }) => !isTrainable)];
}

/** The layers of a model in the order of its file, where that is known, else in that of the model. */
export function layersInOrder(model: Model, order?: readonly string[]): SlotLayer[] {
  const listed = order ?? (model instanceof Functional ? namesInKerasOrder(model) : []);
  const places = new Map(listed.map((name, i) => [name, i]));
  return [...model.sublayers]
    .map(([name, layer]) => ({ name, layer, className: snakeCase(layer.className) }))
    .sort((a, b) => (places.get(a.name) ?? 0) - (places.get(b.name) ?? 0));
}

function namesInKerasOrder(model: Functional): string[] {
  const nameOf = new Map([...model.sublayers].map(([name, layer]) => [layer, name]));
  return kerasOrder(model.graph).map((layer) => nameOf.get(layer)!);
}

function* walk(layer: Layer<unknown>, prefix: string, isTrainable: boolean): Generator<WeightSlot> {
  const own = isTrainable && layer.trainable;
  if (layer instanceof Model) {
    const counts = new Map<string, number>();
    for (const { layer: inside, className } of layersInOrder(layer)) {
      const place = `${prefix}layers/${numbered(className, counts)}/`;
      yield* walk(inside, place, own);
    }
  } else if (layer instanceof Bidirectional) {
    yield* walk(layer.forwardLayer, `${prefix}forward_layer/`, own);
    yield* walk(layer.backwardLayer, `${prefix}backward_layer/`, own);
  } else if (layer instanceof TimeDistributed) yield* walk(layer.layer, `${prefix}layer/`, own);
  else if (layer instanceof RecurrentLayer) yield* cellSlots(layer as RecurrentLayer<boolean>, prefix, own);
  else if (layer instanceof MultiHeadAttention) yield* attentionSlots(layer, prefix, own);
  else yield* plainSlots(layer, [prefix], own);
}

/** Weights of a layer itself. */
function* plainSlots(
  layer: Layer<unknown>,
  prefixes: readonly string[],
  isTrainable: boolean,
  cell?: RecurrentSlots,
): Generator<WeightSlot> {
  let at = 0;
  for (const [path, { variable }] of layer.namedWeights('')) {
    const place = at++;
    yield {
      variable,
      role: snakeCase(path.split('/').at(-1)!),
      paths: prefixes.map((prefix) => `${prefix}vars/${place}`),
      isTrainable: isTrainable && variable.trainable,
      ...(cell && { cell }),
    };
  }
}

function* cellSlots(layer: RecurrentLayer<boolean>, prefix: string, isTrainable: boolean): Generator<WeightSlot> {
  const counts = new Map<string, number>();
  const members = [...layer.sublayers.values()];
  for (const [i, member] of members.entries()) {
    const name = layer.cells[i].name;
    const stacked = `${prefix}cell/cells/${numbered(cellClasses[name] ?? name, counts)}/`;
    const kind = Object.hasOwn(kindOfCell, name) ? kindOfCell[name] : undefined;
    const cell = kind && { kind, units: layer.units[i] };
    yield* plainSlots(member, members.length === 1 ? [`${prefix}cell/`, stacked] : [stacked], isTrainable, cell);
  }
}

/** Keras has a layer for each projection. */
function* attentionSlots(layer: Layer<unknown>, prefix: string, isTrainable: boolean): Generator<WeightSlot> {
  const counts = new Map<string, number>();
  for (const [path, { variable }] of layer.namedWeights('')) {
    const [projection, role] = path.split('/').slice(-2);
    const place = counts.get(projection) ?? 0;
    counts.set(projection, place + 1);
    const dense = projection === 'attentionOutput' ? 'output' : projection;
    yield {
      variable,
      role: `${snakeCase(projection)}/${role}`,
      paths: [`${prefix}${dense}_dense/vars/${place}`],
      isTrainable,
    };
  }
}

function numbered(name: string, counts: Map<string, number>): string {
  const count = counts.get(name) ?? 0;
  counts.set(name, count + 1);
  return count === 0 ? name : `${name}_${count}`;
}
