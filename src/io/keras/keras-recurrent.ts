import { isObject } from '../../data/saved-fields.js';
import type { LayerConfig } from '../../training/layer-registry.js';
import { kerasActivation } from './keras-activations.js';
import {
  KerasFields as Fields,
  type KerasFields,
  type KerasFile,
  type LayerFields,
  note,
  notTaken,
} from './keras-fields.js';

/** Reads a layer of a file with what is inside it. */
export type TakeLayer = (file: KerasFile, stored: unknown) => LayerConfig;

/** Recurrent layers by their class in Keras: the class here, and whether cuDNN's fixed options hold. */
const layers: Readonly<Record<string, { readonly className: string; readonly isCudnn: boolean }>> = {
  SimpleRNN: { className: 'SimpleRNN', isCudnn: false },
  LSTM: { className: 'LSTM', isCudnn: false },
  GRU: { className: 'GRU', isCudnn: false },
  CuDNNLSTM: { className: 'LSTM', isCudnn: true },
  CuDNNGRU: { className: 'GRU', isCudnn: true },
};

const cells: Readonly<Record<string, string>> = { SimpleRNNCell: 'SimpleRNN', LSTMCell: 'LSTM', GRUCell: 'GRU' };

/** Whether a class of Keras is a recurrent layer, or one around others. */
export function isRecurrentOrWrapper(className: string): boolean {
  return Object.hasOwn(layers, className) || ['RNN', 'Bidirectional', 'TimeDistributed'].includes(className);
}

/** A recurrent layer or a wrapper. @throws FILE_FORMAT where it has no counterpart */
export function takenRecurrent(fields: KerasFields, take: TakeLayer): LayerConfig {
  const made = withClass(fields, take);
  fields.done();
  return made;
}

function withClass(fields: KerasFields, take: TakeLayer): LayerConfig {
  if (fields.className === 'TimeDistributed')
    return {
      className: 'TimeDistributed',
      config: { ...fields.common(), layer: nested(take(fields.file, fields.take('layer'))) },
    };
  if (fields.className === 'Bidirectional') return bidirectional(fields, take);
  if (fields.className === 'RNN') return stackOfCells(fields);
  const { className, isCudnn } = layers[fields.className];
  return { className, config: { ...along(fields), ...cellOptions(fields, className, isCudnn) } };
}

/** What a layer does along time. */
function along(fields: KerasFields): LayerFields {
  fields.require('time_major', [false], 'time stands before the batch');
  const goBackwards = fields.flag('go_backwards');
  const stateful = fields.flag('stateful');
  if (stateful) note(fields.file, 'states go on from one batch to the next, until model.resetStates()', fields.name);
  return {
    ...fields.common(),
    returnSequences: fields.flag('return_sequences'),
    returnState: fields.flag('return_state'),
    goBackwards,
    // Keras turns the steps round and leaves the mask that goes on as it is.
    ...(goBackwards && { reverseMask: false }),
    stateful,
    zeroOutputForMask: fields.flag('zero_output_for_mask'),
  };
}

/** What a cell computes. cuDNN's have no choice. */
function cellOptions(fields: KerasFields, kind: string, isCudnn: boolean): LayerFields {
  const options: LayerFields = { units: fields.number('units') };
  if (kind === 'LSTM') fields.skip('unit_forget_bias');
  if (isCudnn)
    return {
      ...options,
      activation: 'tanh',
      recurrentActivation: 'sigmoid',
      ...(kind === 'GRU' && { resetAfter: true }),
    };
  const isThird = fields.file.generation === 3;
  return {
    ...options,
    activation: kerasActivation(fields, 'activation', 'tanh'),
    // Keras always writes it; the default was another one in parts of its second generation.
    ...(kind !== 'SimpleRNN' && {
      recurrentActivation: kerasActivation(fields, 'recurrent_activation', isThird ? 'sigmoid' : undefined),
    }),
    useBias: fields.flag('use_bias', true),
    dropout: fields.number('dropout', 0),
    recurrentDropout: fields.number('recurrent_dropout', 0),
    // Files of the second generation without the field are of Keras before 2.1.3, which had no other form.
    ...(kind === 'GRU' && { resetAfter: fields.flag('reset_after', isThird) }),
  };
}

/** A layer of one cell, or of several above each other. */
function stackOfCells(fields: KerasFields): LayerConfig {
  const { file } = fields;
  const given = fields.take('cell');
  const isStack = isObject(given) && given.class_name === 'StackedRNNCells' && isObject(given.config);
  const stack = isStack ? new Fields(file, 'StackedRNNCells', given.config as Record<string, unknown>) : undefined;
  stack?.common();
  stack?.require('reverse_state_order', [false], 'states stand in the reverse order');
  const listed = Array.isArray(given) ? given : stack === undefined ? [given] : stack.take('cells');
  stack?.done();
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > 1000) throw fields.fault('cell', 'cells');
  const cell = listed.map((member) => oneCell(fields, member));
  return { className: 'RNN', config: { ...along(fields), cell } };
}

function oneCell(outer: KerasFields, given: unknown): { [option: string]: LayerFields[string] } {
  const className = isObject(given) ? given.class_name : given;
  if (!isObject(given) || !isObject(given.config) || typeof className !== 'string' || !Object.hasOwn(cells, className))
    throw notTaken(outer.file, outer.place, 'a cell of its own has no counterpart here.', className);
  const fields = new Fields(outer.file, className, given.config);
  const { name: _name, trainable: _trainable, ...none } = fields.common();
  const kind = cells[className];
  const { resetAfter, ...options } = cellOptions(fields, kind, false);
  fields.done();
  const gru = resetAfter === true ? 'gru' : 'gruResetBefore';
  return { ...none, cell: kind === 'LSTM' ? 'lstm' : kind === 'GRU' ? gru : 'simple', ...options };
}

function bidirectional(fields: KerasFields, take: TakeLayer): LayerConfig {
  const mode = fields.fields.merge_mode === undefined ? 'concat' : (fields.take('merge_mode') ?? 'none');
  fields.skip('merge_mode');
  if (typeof mode !== 'string' || !['concat', 'sum', 'mul', 'ave', 'none'].includes(mode))
    throw fields.fault('merge_mode', 'concat, sum, mul, ave or null');
  const forward = take(fields.file, fields.take('layer'));
  const given = fields.take('backward_layer');
  const backward = given === undefined ? undefined : take(fields.file, given);
  if (forward.config.goBackwards === true)
    throw notTaken(
      fields.file,
      fields.place,
      'the layer that should read forwards reads backwards.',
      'go_backwards: true',
    );
  if (backward !== undefined && backward.config.goBackwards !== true)
    throw notTaken(
      fields.file,
      fields.place,
      'the layer that should read backwards reads forwards.',
      'go_backwards: false',
    );
  // Here the wrapper turns time round, not the layer inside it.
  const { goBackwards: _, reverseMask: __, ...turned } = backward?.config ?? {};
  return {
    className: 'Bidirectional',
    config: {
      ...fields.common(),
      mergeMode: mode,
      layer: nested(forward),
      ...(backward !== undefined && { backwardLayer: nested({ ...backward, config: turned }) }),
    },
  };
}

function nested({ className, config }: LayerConfig): {
  className: string;
  config: { [option: string]: LayerFields[string] };
} {
  return { className, config: { ...config } };
}

/** States of a cell by its name or its layer's class, in Keras's order, which is that of this library. */
function statesOf(cell: unknown): readonly string[] {
  return cell === 'lstm' || cell === 'LSTM' ? ['hidden', 'cell'] : ['hidden'];
}

/** Paths of the states of a recurrent layer, from the bottom. */
export function statePaths({ className, config }: LayerConfig): string[] {
  const stack =
    className === 'RNN' ? (config.cell as readonly { cell: string }[]).map(({ cell }) => cell) : [className];
  return stack.flatMap((cell, i) => statesOf(cell).map((state) => `${i}/${state}`));
}
