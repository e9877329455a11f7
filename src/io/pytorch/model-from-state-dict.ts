import { RondoError, refuseUnknownOptions, requireBoolean, requireKind, unknownName } from '../../errors.js';
import type { ActivationName } from '../../expression/activations.js';
import { Layer, withoutInitialWeights } from '../../layers/layer.js';
import { Sequential } from '../../training/sequential.js';
import { type ChainedModule, chainOfModules } from './chain-of-modules.js';
import { layersOfModule } from './layers-of-module.js';
import type { StateDict } from './read-state-dict.js';
import { type TorchKind, type TorchModule, torchKinds, torchModules, widthsOf } from './torch-modules.js';

/** A module by its name, with what a state dict does not say of it. */
export interface ModuleInChain {
  module: string;
  /** Where its tensors may be of two: a matrix without a bias is an Embedding's or a Linear's. */
  kind?: TorchKind | undefined;
  /** Of a Linear (default none), or the nonlinearity of an nn.RNN (default tanh). */
  activation?: ActivationName | undefined;
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
}

/** What became of one module. */
export interface MatchedModule {
  readonly module: string;
  readonly kind: TorchKind;
  readonly layers: readonly string[];
  readonly tensors: readonly string[];
}

/** A model with a state dict's weights. */
export interface ModelOfStateDict {
  readonly model: Sequential;
  readonly matched: readonly MatchedModule[];
  /** Tensors that no layer has taken. */
  readonly leftOver: readonly string[];
}

/**
 * A Sequential with the weights of a PyTorch state dict: nn.RNN, nn.LSTM (with `proj_size`) and nn.GRU of several layers and both
 * directions, nn.Linear, nn.Embedding and nn.LayerNorm. Inputs are `[batch, time, features]` (`batch_first`).
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
  refuseUnknownOptions(where, options, ['layers', 'returnSequences']);
  const { layers, returnSequences = true } = options;
  requireBoolean(where, 'returnSequences', returnSequences);
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
  return madeOf(chain, state, returnSequences);
}

type Member = Layer | (ChainedModule & { readonly activation?: ActivationName | undefined });

function madeOf(chain: readonly Member[], state: StateDict, returnSequences: boolean): ModelOfStateDict {
  const isRecurrent = (member: Member): boolean => !(member instanceof Layer) && member.module.recurrent !== undefined;
  const last = chain.map(isRecurrent).lastIndexOf(true);
  const made = chain.map((member, i) =>
    member instanceof Layer
      ? { layers: [member], load: (): void => undefined }
      : {
          member,
          ...layersOfModule(member, state, {
            activation: member.activation,
            returnSequences: returnSequences || i !== last,
          }),
        },
  );
  const first = chain.find((member) => !(member instanceof Layer)) as ChainedModule;
  const { from } = widthsOf(first.module, first.kind);
  const inputShape = [...(last >= 0 || from === undefined ? [null] : []), ...(from === undefined ? [] : [from])];
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
            module: entry.member.module.name,
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
  return layers.map((entry, i) => {
    if (entry instanceof Layer) return entry;
    const given: ModuleInChain = typeof entry === 'string' ? { module: entry } : entry;
    refuseUnknownOptions(`${where}.layers`, given, ['module', 'kind', 'activation']);
    const { module: name, kind: wanted, activation } = given;
    const module = modules.find((each) => each.name === name);
    if (module === undefined) throw unknownName(where, 'module', String(name), names);
    if (wanted !== undefined && !module.kinds.includes(wanted))
      throw unknownName(where, `kind of ${name}`, String(wanted), module.kinds);
    // Only what comes first can read indices.
    const kind = wanted ?? (i > 0 ? module.kinds.at(-1)! : module.kinds[0]);
    requireKind(activation === undefined || kind === 'Linear' || kind === 'RNN', activation, {
      where,
      what: `\`${name}\` is a ${kind}, which has no activation to choose.`,
      fix: 'leave it out, or put new Activation(...) behind it.',
    });
    return { module, kind, activation };
  });
}
