import { RondoError, refuseUnknownOptions, requireKind } from '../../errors.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import type { Layer } from '../../layers/layer.js';
import type { SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { graphOf } from '../../training/graph/graph-of.js';
import type { ModelGraph } from '../../training/graph/model-graph.js';
import type { Model } from '../../training/model.js';
import { libraryVersion } from '../library-version.js';
import {
  bothEnds,
  laterKeys,
  moduleInPython,
  nonlinearityOf,
  recurrentFault,
  samePadding,
} from './module-constructors.js';
import { forwardOf } from './module-forward.js';
import { stateDictOf } from './state-dict-of.js';
import { isRecurrent, moduleOfLayer } from './torch-layers.js';
import { type TorchModule, torchModules } from './torch-modules.js';

export interface TorchModuleSourceOptions {
  /** The class. Default `Model`. */
  className?: string | undefined;
}

/** What the body of the class is put together of. */
interface Source {
  readonly graph: ModelGraph;
  /** Modules of the state dict by name. */
  readonly modules: ReadonlyMap<string, TorchModule>;
  readonly constructors: Map<string, string>;
  readonly lines: string[];
  /** Expressions of Python by what they are of. */
  readonly values: Map<SymbolicTensor, string>;
  readonly faults: string[];
}

/**
 * A Python file with a torch.nn.Module that computes what a Sequential or a Functional does, and whose `load_state_dict` takes what
 * {@link stateDictOf} gives. Sequences are `[batch, time, features]` in it too; dropout is there, states to begin with are not.
 *
 * @throws USAGE naming each layer that PyTorch has no counterpart of; OUT_OF_RANGE for a class that is no name of Python
 *
 * @example
 * const source = await torchModuleSource(model, { className: 'Net' });
 */
export async function torchModuleSource(model: Model, options: TorchModuleSourceOptions = {}): Promise<string> {
  const where = 'torchModuleSource';
  refuseUnknownOptions(where, options, ['className']);
  const { className = 'Model' } = options;
  requireKind(isName(className), className, {
    where,
    what: 'this is no name of a class.',
    fix: "write className: 'Net'.",
  });
  const state = await stateDictOf(model);
  const graph = graphOf(model);
  const source: Source = {
    graph,
    modules: new Map(torchModules(state).modules.map((module) => [module.name, module])),
    constructors: new Map(),
    lines: [],
    values: new Map(),
    faults: [],
  };
  const parameters = parametersOf(graph);
  graph.inputs.tensors.forEach((tensor, i) => source.values.set(tensor, parameters[i]));
  graph.nodes.forEach((_, i) => addNode(source, i));
  if (source.faults.length > 0)
    throw new RondoError('USAGE', {
      where,
      what: 'PyTorch has no module that computes what these layers do.',
      received: source.faults.slice(0, 10).join('; '),
      fix: 'write its weights alone, and the module by hand.',
    });
  return written(className, parameters, source);
}

/** Layers of one module of PyTorch are called once, by the last of them. */
function addNode(source: Source, at: number): void {
  const { graph, values, faults, lines } = source;
  const node = graph.nodes[at];
  const { layer } = node;
  if (graph.inputs.tensors.some((tensor) => tensor.node === node)) return;
  const name = [...graph.layers].find(([, each]) => each === layer)![0];
  const inputs = node.inputs.map((tensor) => values.get(tensor)!);
  const result = node.outputs.get('');
  const refuse = (fault: string): void => {
    faults.push(`${name} (${layer.className}): ${fault}`);
    for (const tensor of node.outputs.values()) values.set(tensor, 'x');
  };
  if (result === undefined || node.outputs.size > 1) return refuse('it gives more than one tensor');
  if (isRecurrent(layer) && inputs.length > 1) return refuse('it begins with states that it is given');
  const hasWeights = [...layer.namedWeights('')].length > 0;
  if (!hasWeights) {
    const value = forwardOf(layer, inputs);
    if (value === undefined) return refuse('it has no counterpart');
    values.set(result, value === inputs[0] ? value : noted(lines, value));
    return;
  }
  const { module, end } = placeOf(source, name, layer);
  if (module.recurrent !== undefined && end < module.recurrent.numLayers) {
    const fault =
      faultInside(source, at, `${module.name}_l${end}`) ?? faultBeside(source, layer, `${module.name}_l${end}`);
    if (fault !== undefined) return refuse(fault);
    values.set(result, inputs[0]);
    return;
  }
  const made = moduleInPython(layer, module, node.inputs[0].shape);
  if (typeof made === 'string') return refuse(made);
  const path = pathOf(module.name);
  if (path === undefined) return refuse('PyTorch takes no module of this name');
  source.constructors.set(module.name, made.constructor);
  values.set(result, noted(lines, made.call(path, inputs)));
}

/** The module of a layer, and the place behind its cells among the layers of that. */
function placeOf({ modules }: Source, name: string, layer: Layer<unknown>): { module: TorchModule; end: number } {
  const own = modules.get(name);
  const { module, first } = moduleOfLayer([name, layer], own === undefined);
  const numCells = isRecurrent(layer) ? (layer instanceof Bidirectional ? layer.forwardLayer : layer).cells.length : 0;
  return { module: modules.get(module)!, end: first + numCells };
}

/** What keeps a layer from being one inside of a module: the next one must read all that it gives, and nothing else may. */
function faultInside({ graph }: Source, at: number, next: string): string | undefined {
  const { outputs, layer } = graph.nodes[at];
  const given = outputs.get('')!;
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(given));
  const inner = layer instanceof Bidirectional ? layer.forwardLayer : layer;
  const isInside =
    readers.length === 1 &&
    readers[0].layer === graph.layers.get(next) &&
    !graph.outputs.tensors.includes(given) &&
    inner.getConfig().returnSequences === true;
  return isInside ? undefined : `\`${next}\` does not follow at once, as its name says; give it another`;
}

/** What PyTorch has not, or has once for a module of several layers where these differ. */
function faultBeside({ graph }: Source, layer: Layer<unknown>, next: string): string | undefined {
  const following = graph.layers.get(next)!;
  if (!isRecurrent(layer) || !isRecurrent(following)) return undefined;
  const isAlike = nonlinearityOf(layer) === nonlinearityOf(following);
  return recurrentFault(layer) ?? (isAlike ? undefined : `another activation than \`${next}\``);
}

function noted(lines: string[], value: string): string {
  const name = `y${lines.length + 1}`;
  lines.push(`${name} = ${value}`);
  return name;
}

function parametersOf({ inputs: { tensors, form } }: ModelGraph): string[] {
  if (form === 'one') return ['x'];
  return tensors.map((_, i) => {
    const name = Array.isArray(form) ? (form[i] as string) : '';
    return isName(name) && !/^[xy]\d+$/.test(name) ? name : `x${i + 1}`;
  });
}

const keywords = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if import in is ' +
    'lambda nonlocal not or pass raise return try while with yield self super torch nn F'
  ).split(' '),
);

function isName(name: string): boolean {
  return typeof name === 'string' && /^[A-Za-z]\w{0,99}$/.test(name) && !keywords.has(name);
}

/** What every torch.nn.Module has besides its modules. */
const taken = new Set(
  (
    'T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr ' +
    'float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers ' +
    'named_children named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook ' +
    'register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook ' +
    'register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook ' +
    'register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty train training ' +
    'type xpu zero_grad'
  ).split(' '),
);

/** A module as an expression; undefined where PyTorch takes none of this name. */
function pathOf(name: string): string | undefined {
  const parts = name.split('.');
  if (parts.some((part) => part === '' || part.startsWith('_') || taken.has(part))) return undefined;
  return isName(name) ? `self.${name}` : `self.get_submodule(${JSON.stringify(name)})`;
}

const addNested = `def _add(parent, path, module):
    *outer, last = path.split(".")
    for name in outer:
        if name not in dict(parent.named_children()):
            parent.add_module(name, nn.Module())
        parent = parent.get_submodule(name)
    parent.add_module(last, module)
`;

/** Functions that are written where something calls them. */
const functions: Readonly<Record<string, string>> = {
  '_add(': addNested,
  '_same(': samePadding,
  '_later(': laterKeys,
  '_ends(': bothEnds,
};

function written(
  className: string,
  parameters: readonly string[],
  { graph, constructors, lines, values }: Source,
): string {
  const made = [...constructors].map(([name, constructor]) =>
    isName(name) ? `self.${name} = ${constructor}` : `_add(self, ${JSON.stringify(name)}, ${constructor})`,
  );
  const { tensors, form } = graph.outputs;
  const results = tensors.map((tensor) => values.get(tensor)!);
  const result =
    form === 'one'
      ? results[0]
      : Array.isArray(form)
        ? `{${results.map((value, i) => `${JSON.stringify(form[i])}: ${value}`).join(', ')}}`
        : `(${results.join(', ')},)`;
  const called = [...made, ...lines];
  const needed = Object.entries(functions).filter(([start]) => called.some((line) => line.includes(start)));
  return [
    `"""A model of Rondo ${libraryVersion} for PyTorch. Sequences are [batch, time, features].`,
    '',
    `    model = ${className}().eval()`,
    '    model.load_state_dict(safetensors.torch.load_file("model.safetensors"))',
    '"""',
    'import torch',
    'import torch.nn.functional as F',
    'from torch import nn',
    '',
    ...needed.flatMap(([, source]) => ['', source]),
    '',
    `class ${className}(nn.Module):`,
    '    def __init__(self):',
    '        super().__init__()',
    ...made.map((line) => `        ${line}`),
    '',
    `    def forward(self, ${parameters.join(', ')}):`,
    ...lines.map((line) => `        ${line}`),
    `        return ${result}`,
    '',
  ].join('\n');
}
