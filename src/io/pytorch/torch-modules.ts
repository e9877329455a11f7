import type { Shape } from '../../shape.js';
import type { StateDict } from './read-state-dict.js';

/** Modules of torch.nn that layers are made of. */
export const torchKinds = [
  'RNN',
  'LSTM',
  'GRU',
  'Linear',
  'Embedding',
  'LayerNorm',
  'BatchNorm1d',
  'Conv1d',
  'MultiheadAttention',
] as const;
export type TorchKind = (typeof torchKinds)[number];

/** A module as its tensors show it. */
export interface TorchModule {
  /** Its path, such as `encoder.lstm`; empty where the state dict is its own. */
  readonly name: string;
  /** What it may be: a matrix without a bias may be of an Embedding or of a Linear. */
  readonly kinds: readonly TorchKind[];
  /** The names of its tensors in the state dict. */
  readonly tensors: readonly string[];
  /** Of recurrent modules. */
  readonly recurrent?: RecurrentModule | undefined;
  /** Shape of `weight` of others, of a BatchNorm1d that of its running mean, of a MultiheadAttention that of its output's matrix. */
  readonly weightShape?: Shape | undefined;
  readonly hasBias: boolean;
}

export interface RecurrentModule {
  readonly features: number;
  readonly units: number;
  /** Width of the output of one direction, where it is projected. */
  readonly projection: number | undefined;
  readonly numLayers: number;
  readonly isBidirectional: boolean;
}

/** Gates of a kind, as PyTorch stacks them. */
export const numGatesOf = { RNN: 1, GRU: 3, LSTM: 4 } as const;
export type RecurrentKind = keyof typeof numGatesOf;

/** The name that PyTorch gives a tensor of a recurrent module. */
export function recurrentName(module: string, role: string, layer: number, isBackward: boolean): string {
  return nameIn(module, `${role}_l${layer}${isBackward ? '_reverse' : ''}`);
}

/** The place in a state dict where a module keeps how many batches its running statistics have seen. */
export const batchCount = 'num_batches_tracked';

/** The modules of a state dict that are recognised by names and shapes, and the tensors of none. */
export function torchModules(state: StateDict): { modules: TorchModule[]; leftOver: string[] } {
  const groups = groupsOf(state);
  const modules: TorchModule[] = [];
  const leftOver: string[] = [];
  for (const [name, tensors] of groups) {
    const areFloats = tensors.every((tensor) => {
      const { dtype, shape } = state.get(tensor)!;
      return ['F32', 'F64'].includes(dtype) || (tensor.endsWith(batchCount) && dtype === 'I64' && shape.length === 0);
    });
    const found = areFloats
      ? (recurrentModule(name, tensors, state) ??
        attentionModule(name, tensors, state) ??
        batchNormModule(name, tensors, state) ??
        plainModule(name, tensors, state))
      : undefined;
    if (found !== undefined) modules.push(found);
    else for (const tensor of tensors) leftOver.push(tensor);
  }
  return { modules, leftOver };
}

/** Names of tensors by module. The projection behind an attention is a module of its own in PyTorch, and belongs to it here. */
function groupsOf(state: StateDict): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of state.keys()) {
    const group = groupOf(name, state);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [name]);
    else members.push(name);
  }
  return groups;
}

function groupOf(name: string, state: StateDict): string {
  const prefix = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
  const outer =
    prefix === 'out_proj' ? '' : prefix.endsWith('.out_proj') ? prefix.slice(0, -'.out_proj'.length) : prefix;
  const isAttention = ['in_proj_weight', 'q_proj_weight'].some((role) => state.has(nameIn(outer, role)));
  return isAttention ? outer : prefix;
}

/** The name of a tensor of a module. */
export function nameIn(module: string, role: string): string {
  return module === '' ? role : `${module}.${role}`;
}

function plainModule(name: string, tensors: readonly string[], state: StateDict): TorchModule | undefined {
  const weight = state.get(nameIn(name, 'weight'))?.shape;
  const bias = state.get(nameIn(name, 'bias'))?.shape;
  const isWhole =
    weight !== undefined && tensors.length === (bias === undefined ? 1 : 2) && weight.every((axis) => axis > 0);
  if (!isWhole || (bias !== undefined && (bias.length !== 1 || bias[0] !== weight[0]))) return undefined;
  const ofMatrix: readonly TorchKind[] = bias === undefined ? ['Embedding', 'Linear'] : ['Linear'];
  const kinds = ([[], ['LayerNorm'], ofMatrix, ['Conv1d']] as const)[weight.length] ?? [];
  return kinds.length === 0 ? undefined : { name, kinds, tensors, weightShape: weight, hasBias: bias !== undefined };
}

/** Running statistics, with a scale and an offset, or neither. */
function batchNormModule(name: string, tensors: readonly string[], state: StateDict): TorchModule | undefined {
  const shapeOf = (role: string): Shape | undefined => state.get(nameIn(name, role))?.shape;
  const width = shapeOf('running_mean');
  const hasBias = shapeOf('bias') !== undefined;
  const roles = ['running_mean', 'running_var', ...(hasBias ? ['weight', 'bias'] : [])];
  const counts = shapeOf(batchCount) === undefined ? 0 : 1;
  const fits = width?.length === 1 && width[0] > 0 && roles.every((role) => String(shapeOf(role)) === String(width));
  if (!fits || tensors.length !== roles.length + counts) return undefined;
  return { name, kinds: ['BatchNorm1d'], tensors, weightShape: width, hasBias };
}

/** Projections of query, key and value in one matrix, or in three where their widths differ. */
function attentionModule(name: string, tensors: readonly string[], state: StateDict): TorchModule | undefined {
  const shapeOf = (role: string): Shape | undefined => state.get(nameIn(name, role))?.shape;
  const output = shapeOf('out_proj.weight');
  if (output?.length !== 2 || !(output[0] > 0) || output[0] !== output[1]) return undefined;
  const [width] = output;
  const hasBias = shapeOf('in_proj_bias') !== undefined;
  const isPacked = shapeOf('in_proj_weight') !== undefined;
  const wanted = new Map<string, Shape>([['out_proj.weight', output]]);
  if (isPacked) wanted.set('in_proj_weight', [3 * width, width]);
  else {
    wanted.set('q_proj_weight', [width, width]);
    for (const role of ['k_proj_weight', 'v_proj_weight']) wanted.set(role, [width, shapeOf(role)?.[1] || -1]);
  }
  if (hasBias) wanted.set('in_proj_bias', [3 * width]).set('out_proj.bias', [width]);
  const fits = [...wanted].every(([role, shape]) => String(shapeOf(role)) === String(shape));
  if (!fits || wanted.size !== tensors.length) return undefined;
  return { name, kinds: ['MultiheadAttention'], tensors, weightShape: output, hasBias };
}

/** Every layer and direction of the module must have all of its tensors, in shapes that fit. */
function recurrentModule(name: string, tensors: readonly string[], state: StateDict): TorchModule | undefined {
  const shapeOf = (role: string, layer: number, isBackward = false): Shape | undefined =>
    state.get(recurrentName(name, role, layer, isBackward))?.shape;
  const input = shapeOf('weight_ih', 0);
  const recurrent = shapeOf('weight_hh', 0);
  if (input?.length !== 2 || recurrent?.length !== 2 || recurrent[0] !== input[0]) return undefined;
  const projected = shapeOf('weight_hr', 0);
  const units = projected === undefined ? recurrent[1] : projected[1];
  const projection = projected?.[0];
  const kind = (Object.keys(numGatesOf) as RecurrentKind[]).find((each) => numGatesOf[each] * units === input[0]);
  if (kind === undefined || (projected !== undefined && kind !== 'LSTM') || input.includes(0) || !(units > 0))
    return undefined;

  const isBidirectional = shapeOf('weight_ih', 0, true) !== undefined;
  const hasBias = shapeOf('bias_ih', 0) !== undefined;
  const width = projection ?? units;
  const wanted = new Map<string, Shape>();
  let numLayers = 0;
  for (; shapeOf('weight_ih', numLayers) !== undefined; numLayers++) {
    const features = numLayers === 0 ? input[1] : isBidirectional ? 2 * width : width;
    for (const isBackward of isBidirectional ? [false, true] : [false]) {
      const want = (role: string, shape: Shape): unknown =>
        wanted.set(recurrentName(name, role, numLayers, isBackward), shape);
      want('weight_ih', [input[0], features]);
      want('weight_hh', [input[0], width]);
      if (hasBias) for (const role of ['bias_ih', 'bias_hh']) want(role, [input[0]]);
      if (projection !== undefined) want('weight_hr', [projection, units]);
    }
  }
  const fits = [...wanted].every(([tensor, shape]) => String(state.get(tensor)?.shape) === String(shape));
  if (!fits || wanted.size !== tensors.length) return undefined;
  return {
    name,
    kinds: [kind],
    tensors,
    recurrent: { features: input[1], units, projection, numLayers, isBidirectional },
    hasBias,
  };
}

/** Widths of the last axis that a module reads and gives; an Embedding reads indices. */
export function widthsOf(
  { recurrent, weightShape }: TorchModule,
  kind: TorchKind,
): { from: number | undefined; to: number } {
  if (recurrent !== undefined) {
    const { features, units, projection = units, isBidirectional } = recurrent;
    return { from: features, to: isBidirectional ? 2 * projection : projection };
  }
  const [rows, columns = rows] = weightShape!;
  if (kind === 'Embedding') return { from: undefined, to: columns };
  return { from: columns, to: rows };
}
