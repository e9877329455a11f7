import {
  RondoError,
  refuseUnknownOptions,
  requireBoolean,
  requireCount,
  requireKind,
  unknownName,
} from '../../errors.js';
import type { ActivationName } from '../../expression/activations.js';
import { Flatten } from '../../layers/flatten.js';
import { Layer, withoutInitialWeights } from '../../layers/layer.js';
import { Permute } from '../../layers/permute.js';
import { Sequential } from '../../training/sequential.js';
import type { MatchedWeights } from '../model-format.js';
import { type ChainedModule, chainOfModules } from './chain-of-modules.js';
import { layersOfModule } from './layers-of-module.js';
import { checkedModuleOptions, type TorchModuleOptions } from './module-options.js';
import type { StateDict } from './read-state-dict.js';
import { type TorchKind, type TorchModule, torchKinds, torchModules, widthsOf } from './torch-modules.js';

/** A module by its name, with what a state dict does not say of it. */
export interface ModuleInChain {
  module: string;
  /** Where its tensors may be of two: a matrix without a bias is an Embedding's or a Linear's. */
  kind?: TorchKind | undefined;
  /** Of a Linear or a Conv1d (default none), or the nonlinearity of an nn.RNN (default tanh). */
  activation?: ActivationName | undefined;
  /** What the module's constructor was given, by PyTorch's names: `{ stride: 2 }`, `{ num_heads: 4 }`. */
  options?: TorchModuleOptions | undefined;
  /** Of a recurrent module, whether it gives every step. By default as the option of the call says. */
  returnSequences?: boolean | undefined;
}

export interface ModelFromStateDictOptions {
  /**
   * The modules in the order in which they run, with layers without weights between them (`new Activation(...)`, `new Dropout(...)`).
   * By default the one chain that names and shapes allow.
   */
  layers?: readonly (string | ModuleInChain | Layer)[] | undefined;
  /**
   * Whether the last recurrent module gives every step, as in PyTorch, or its last states alone: `output[:, -1]`, and of two
   * directions both ends. Default true.
   */
  returnSequences?: boolean | undefined;
  /** Steps of the input, where a layer needs to know them, as Flatten does. By default any number. */
  timesteps?: number | undefined;
}

/** A model with a state dict's weights. */
export interface ModelOfStateDict {
  readonly model: Sequential;
  readonly matched: readonly MatchedWeights[];
  /** Tensors that no layer has taken. */
  readonly leftOver: readonly string[];
}

/**
 * A Sequential with the weights of a PyTorch state dict: nn.RNN, nn.LSTM (with `proj_size`) and nn.GRU of several layers and both
 * directions, nn.Linear, nn.Embedding, nn.LayerNorm, nn.BatchNorm1d, nn.Conv1d and nn.MultiheadAttention (of a sequence to itself).
 * Inputs are `[batch, time, features]` (`batch_first`), those of convolutions and batch normalisation too, where PyTorch has
 * `[batch, features, time]`: weights are stored in the order that fits.
 *
 * Modules are recognised by the names and shapes of their tensors. A state dict says neither in which order modules run nor what stands
 * between them; where more than one chain is possible, or a tensor belongs to no known module, that is a fault, and `layers` settles it.
 *
 * @throws USAGE where names and shapes leave it open; UNKNOWN_NAME for a module that there is not; SHAPE_MISMATCH where `layers` do not
 *   fit together
 *
 * @example
 * const { model } = modelFromStateDict(await readStateDict(bytes, 'tagger.pt'), { layers: ['words', 'lstm', 'head'] });
 */
export function modelFromStateDict(state: StateDict, options: ModelFromStateDictOptions = {}): ModelOfStateDict {
  const where = 'modelFromStateDict';
  requireKind(state instanceof Map, state, {
    where,
    what: 'this is no state dict.',
    fix: 'give what readStateDict read.',
  });
  refuseUnknownOptions(where, options, ['layers', 'returnSequences', 'timesteps']);
  const { layers, returnSequences = true, timesteps } = options;
  requireBoolean(where, 'returnSequences', returnSequences);
  if (timesteps !== undefined) requireCount(where, 'timesteps', timesteps);
  const { modules, leftOver } = torchModules(state);
  if (layers === undefined && leftOver.length > 0)
    throw new RondoError('USAGE', {
      where,
      what: 'the state dict has tensors of modules that are not known.',
      expected: `tensors of ${torchKinds.join(', ')}`,
      received: leftOver
        .slice(0, 20)
        .map((name) => `${name} [${state.get(name)!.shape.join(', ')}]`)
        .join(', '),
      fix: `name those to be taken: layers: [${modules.map(({ name }) => `'${name}'`).join(', ')}]; the rest is left over.`,
      option: 'layers',
    });
  const chain = layers === undefined ? chainOfModules(modules, where) : chosen(layers, modules, where);
  requireOneOrder(chain, where);
  return madeOf(chain, state, returnSequences, timesteps);
}

type Member = Layer | (ChainedModule & Partial<Pick<ModuleInChain, 'activation' | 'options' | 'returnSequences'>>);

/** Kinds that read sequences. */
const alongTime: readonly TorchKind[] = ['RNN', 'LSTM', 'GRU', 'Conv1d', 'MultiheadAttention'];

/**
 * Behind a convolution PyTorch's nn.Flatten puts the steps of each feature side by side, Flatten the features of each step.
 *
 * @throws USAGE
 */
function requireOneOrder(chain: readonly Member[], where: string): void {
  chain.forEach((member, i) => {
    if (!(member instanceof Flatten) || chain[i - 1] instanceof Permute) return;
    const before = chain.slice(0, i).filter((each) => !(each instanceof Layer) && alongTime.includes(each.kind));
    const decisive = before.at(-1) as ChainedModule | undefined;
    if (decisive?.kind !== 'Conv1d') return;
    throw new RondoError('USAGE', {
      where,
      what: `Flatten behind \`${decisive.module.name}\` would put numbers in another order than PyTorch does.`,
      expected: 'Permute before it: nn.Flatten sees [batch, features, time]',
      received: '[batch, time, features]',
      fix: 'write new Permute({ dims: [2, 1] }) before it, or nothing where the module turns axes round itself.',
      option: 'layers',
    });
  });
}

function madeOf(
  chain: readonly Member[],
  state: StateDict,
  returnSequences: boolean,
  timesteps: number | undefined,
): ModelOfStateDict {
  const isRecurrent = (member: Member): boolean => !(member instanceof Layer) && member.module.recurrent !== undefined;
  const last = chain.map(isRecurrent).lastIndexOf(true);
  const made = chain.map((member, i) =>
    member instanceof Layer
      ? { layers: [member], load: (): void => undefined }
      : {
          member,
          ...layersOfModule(member, state, {
            activation: member.activation,
            module: member.options,
            returnSequences: member.returnSequences ?? (returnSequences || i !== last),
          }),
        },
  );
  const first = chain.find((member) => !(member instanceof Layer)) as Exclude<Member, Layer>;
  const { from } = widthsOf(first.module, first.kind);
  const isSequence =
    timesteps !== undefined || chain.some((member) => !(member instanceof Layer) && alongTime.includes(member.kind));
  const isIndices = first.kind === 'Embedding';
  const inputShape = [
    ...(isSequence || isIndices ? [timesteps ?? null] : []),
    ...(isIndices ? [] : [from! * (first.options?.groups ?? 1)]),
  ];
  const make = (): Sequential =>
    new Sequential(
      made.flatMap(({ layers }) => layers),
      { inputShape },
    );
  // A layer that is given may have weights of its own, which begin as it says.
  const isAllRead = chain.every((member) => !(member instanceof Layer));
  const model = isAllRead ? withoutInitialWeights(Number.POSITIVE_INFINITY, make) : make();
  for (const { load } of made) load();
  const matched = made.flatMap((entry) =>
    'member' in entry
      ? [
          {
            source: entry.member.module.name,
            kind: entry.member.kind,
            layers: entry.layers.map(({ name }) => name),
            tensors: entry.member.module.tensors,
          },
        ]
      : [],
  );
  const taken = new Set(matched.flatMap(({ tensors }) => tensors));
  return { model, matched, leftOver: [...state.keys()].filter((name) => !taken.has(name)) };
}

/** What is said of a module in a chain. */
export const moduleFields: readonly (keyof ModuleInChain)[] = [
  'module',
  'kind',
  'activation',
  'options',
  'returnSequences',
];

/** The chain that `layers` describes. */
function chosen(
  layers: NonNullable<ModelFromStateDictOptions['layers']>,
  modules: readonly TorchModule[],
  where: string,
): Member[] {
  requireKind(Array.isArray(layers) && layers.some((entry) => !(entry instanceof Layer)), layers, {
    where,
    what: '`layers` is no list with a module.',
    fix: "write layers: ['words', 'lstm', 'head'].",
  });
  const names = modules.map(({ name }) => name);
  const nextAfter = (at: number): TorchModule | undefined => {
    const next = layers.slice(at + 1).find((entry): entry is string | ModuleInChain => !(entry instanceof Layer));
    return modules.find(({ name }) => name === (typeof next === 'string' ? next : next?.module));
  };
  return layers.map((entry, i) => {
    if (entry instanceof Layer) return entry;
    const given: ModuleInChain = typeof entry === 'string' ? { module: entry } : entry;
    refuseUnknownOptions(`${where}.layers`, given, moduleFields);
    const { module: name, kind: wanted, activation, options = {}, returnSequences } = given;
    const module = modules.find((each) => each.name === name);
    if (module === undefined) throw unknownName(where, 'module', String(name), names);
    if (wanted !== undefined && !module.kinds.includes(wanted))
      throw unknownName(where, `kind of ${name}`, String(wanted), module.kinds);
    // Only what comes first can read indices.
    const kind = wanted ?? (i > 0 ? module.kinds.at(-1)! : firstKind(module, nextAfter(i), where));
    requireKind(activation === undefined || ['Linear', 'Conv1d', 'RNN'].includes(kind), activation, {
      where,
      what: `\`${name}\` is a ${kind}, which has no activation to choose.`,
      fix: 'leave it out, or put new Activation(...) behind it.',
    });
    requireBoolean(`${where}.layers, module \`${name}\``, 'returnSequences', returnSequences);
    requireKind(returnSequences === undefined || module.recurrent !== undefined, returnSequences, {
      where,
      what: `\`${name}\` is a ${kind}, which gives as many steps as it reads.`,
      fix: 'leave returnSequences out.',
    });
    const checked = checkedModuleOptions(`${where}.layers, module \`${name}\``, kind, options);
    return { module, kind, activation, options: checked, returnSequences };
  });
}

/** What begins a chain: where it may be of two kinds, the one whose width the next module reads. @throws USAGE */
function firstKind(module: TorchModule, next: TorchModule | undefined, where: string): TorchKind {
  const { kinds, name } = module;
  const read = next && widthsOf(next, next.kinds.at(-1)!).from;
  const fitting = kinds.length === 1 ? kinds : kinds.filter((kind) => widthsOf(module, kind).to === read);
  if (fitting.length === 1) return fitting[0];
  throw new RondoError('USAGE', {
    where,
    what: `\`${name}\` has a matrix without a bias, and may be one of two kinds.`,
    expected: kinds.join(' or '),
    fix: `write { module: '${name}', kind: '${kinds[0]}' }.`,
    option: 'layers',
  });
}
