import type { Shape } from '../../shape.js';
import type { StateDict } from './read-state-dict.js';

/** Modules of torch.nn that layers are made of. */
export const torchKinds = ['RNN', 'LSTM', 'GRU', 'Linear', 'Embedding', 'LayerNorm'] as const;
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
  /** Shape of `weight` of others. */
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
  return `${module === '' ? '' : `${module}.`}${role}_l${layer}${isBackward ? '_reverse' : ''}`;
}

/** The modules of a state dict that are recognised by names and shapes, and the tensors of none. */
export function torchModules(state: StateDict): { modules: TorchModule[]; leftOver: string[] } {
  const groups = new Map<string, string[]>();
  for (const name of state.keys()) {
    const prefix = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
    const group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, [name]);
    else group.push(name);
  }
  const modules: TorchModule[] = [];
  const leftOver: string[] = [];
  for (const [name, tensors] of groups) {
    const areFloats = tensors.every((tensor) => ['F32', 'F64'].includes(state.get(tensor)!.dtype));
    const found = areFloats ? (recurrentModule(name, tensors, state) ?? plainModule(name, tensors, state)) : undefined;
    if (found !== undefined) modules.push(found);
    else for (const tensor of tensors) leftOver.push(tensor);
  }
  return { modules, leftOver };
}

function plainModule(name: string, tensors: readonly string[], state: StateDict): TorchModule | undefined {
  const prefix = name === '' ? '' : `${name}.`;
  const weight = state.get(`${prefix}weight`)?.shape;
  const bias = state.get(`${prefix}bias`)?.shape;
  const isWhole =
    weight !== undefined && tensors.length === (bias === undefined ? 1 : 2) && weight.every((axis) => axis > 0);
  if (!isWhole || (bias !== undefined && (bias.length !== 1 || bias[0] !== weight[0]))) return undefined;
  const kinds: readonly TorchKind[] =
    weight.length === 1
      ? ['LayerNorm']
      : weight.length !== 2
        ? []
        : bias === undefined
          ? ['Embedding', 'Linear']
          : ['Linear'];
  return kinds.length === 0 ? undefined : { name, kinds, tensors, weightShape: weight, hasBias: bias !== undefined };
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
