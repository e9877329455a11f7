import { RondoError } from '../../errors.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { Layer } from '../../layers/layer.js';
import { leavesByPath } from '../../layers/result-leaves.js';
import { inputOf, isSymbolic, noted, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { ModelOptions } from '../model.js';
import { Functional } from './functional.js';
import type { StoredGraph, StoredLayer, StoredNames, StoredNode } from './graph-config.js';
import { referenceTo } from './node-names.js';
import { arrangementOf, type SymbolicTensors } from './symbolic-arrangement.js';

/** What `getConfig` of a Functional returns. */
export interface StoredFunctional extends StoredGraph, ModelOptions {}

/** The most layers that run in one pass of a stored graph, those inside of models that it applies again and again too. */
const mostRuns = 100_000;

/**
 * The model of a stored graph. All names are checked before a layer is made, and weights are made last.
 *
 * @param makeLayer of a class and its configuration.
 * @throws FILE_FORMAT naming the node that is at fault; what layers throw
 */
export function functionalFromConfig(
  { name, trainable, ...stored }: StoredFunctional,
  makeLayer: (stored: StoredLayer) => Layer<unknown>,
): Functional {
  requireGraph(stored);
  const finalStates = finalStatesIn(stored.layers);
  const layers = new Map(
    stored.layers
      .filter(({ config }) => !finalStates.has(config.name))
      .map((each) => [each.config.name as string, makeLayer(each)]),
  );
  for (const layer of layers.values()) layer.linkLayers((name) => layers.get(name));
  requireFewRuns(stored.nodes, layers);
  const tensors = new Map<string, SymbolicTensor>();
  const tensorOf = (reference: string): SymbolicTensor => {
    const found = tensors.get(reference);
    if (found !== undefined) return found;
    throw damaged('no node gives a tensor that the graph reads.', [...tensors.keys()].join(', '), reference);
  };
  for (const { name, layer, inputs } of stored.nodes) {
    const state = finalStates.get(layer);
    if (state !== undefined) {
      tensors.set(name, tensorOf(`${inputs[0]}/${state}`));
      continue;
    }
    const made = layers.get(layer)!;
    if (inputs.length === 0 && !(made instanceof InputLayer))
      throw damaged(`the node \`${name}\` reads nothing, and is no input.`, 'an InputLayer', made.className);
    const given = made instanceof InputLayer && inputs.length === 0 ? inputOf(made) : noted(made, inputs.map(tensorOf));
    for (const [path, tensor] of leavesByPath(given, isSymbolic)) tensors.set(referenceTo(name, path), tensor);
  }
  const restored = (names: StoredNames): SymbolicTensors => {
    if (typeof names === 'string') return tensorOf(names);
    if (isTexts(names)) return names.map(tensorOf);
    return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, tensorOf(name)]));
  };
  const inputs = restored(stored.inputs);
  const inner = arrangementOf(inputs, 'Functional', 'inputs').tensors.find(({ node }) => node.inputs.length > 0);
  if (inner !== undefined)
    throw damaged('an input of the graph is what a layer gives.', 'an InputLayer', inner.node.layer.className);
  return new Functional({ inputs, outputs: restored(stored.outputs), name, trainable });
}

/** Earlier files hold the states of recurrent layers as layers of their own: by their names, what they refer to. */
function finalStatesIn(layers: readonly StoredLayer[]): ReadonlyMap<unknown, string> {
  return new Map(
    layers
      .filter(({ className }) => className === 'FinalState')
      .map(({ config: { name, cell, state } }) => [name, `states/${String(cell)}/${String(state)}`]),
  );
}

/** A few models inside each other, each applied a few times, would run without an end. */
function requireFewRuns(nodes: readonly StoredNode[], layers: ReadonlyMap<string, Layer<unknown>>): void {
  const runs = new Map([...layers].map(([name, layer]) => [name, runsOf(layer)]));
  const all = nodes.reduce((sum, { layer }) => sum + (runs.get(layer) ?? 0), 0);
  if (all > mostRuns) throw damaged('the graph applies its layers too often.', `at most ${mostRuns} runs`, all);
}

function runsOf(layer: Layer<unknown>): number {
  const runs = new Map([...layer.sublayers.values()].map((inside) => [inside, runsOf(inside)]));
  const applied = layer instanceof Functional ? layer.nodes.map((node) => node.layer) : [...runs.keys()];
  return applied.reduce((sum, inside) => sum + runs.get(inside)!, 1);
}

/** Says that every name in a graph stands for something, and that nodes read only what stands before them. */
function requireGraph({ layers, nodes, inputs, outputs }: StoredGraph): void {
  const expected = '{ layers, nodes, inputs, outputs } of a Functional';
  if (!isList(layers) || !isList(nodes)) throw damaged('the graph has no lists of layers and nodes.', expected, '');
  const layerNames = new Set<unknown>();
  for (const layer of layers) {
    const name = isRecord(layer) && isRecord(layer.config) ? layer.config.name : undefined;
    if (typeof name !== 'string' || layerNames.has(name))
      throw damaged('a layer of the graph has no name of its own.', 'names that differ', name);
    layerNames.add(name);
  }
  const all = new Set(nodes.map((node: unknown) => (isRecord(node) ? node.name : undefined)));
  const before = new Set<string>();
  for (const node of nodes as readonly unknown[]) {
    const name = isRecord(node) ? node.name : undefined;
    if (!isRecord(node) || typeof name !== 'string' || name.includes('/') || before.has(name) || !isTexts(node.inputs))
      throw damaged('a node of the graph is not what it should be.', '{ name, layer, inputs }, each name once', node);
    if (!layerNames.has(node.layer))
      throw damaged(`the node \`${node.name}\` is of a layer that the graph lacks.`, 'the name of a layer', node.layer);
    const unread = node.inputs.map(nodeIn).find((name) => !before.has(name));
    if (unread !== undefined)
      throw damaged(
        all.has(unread)
          ? `the node \`${node.name}\` reads \`${unread}\`, which does not stand before it: nodes go in a circle, or are ` +
              'out of order.'
          : `the node \`${node.name}\` reads a node that the graph lacks.`,
        'names of nodes that stand before it',
        unread,
      );
    before.add(name);
  }
  for (const [what, names] of Object.entries({ inputs, outputs })) requireNames(what, names, before);
}

function requireNames(what: string, given: unknown, known: ReadonlySet<string>): void {
  const names: readonly unknown[] =
    typeof given === 'string' ? [given] : isList(given) ? given : isRecord(given) ? Object.values(given) : [];
  const unknown = names.find((name) => typeof name !== 'string' || !known.has(nodeIn(name)));
  if (names.length > 0 && unknown === undefined) return;
  throw damaged(`the ${what} of the graph are not what they should be.`, 'names of its nodes', unknown ?? given);
}

/** The node in what refers to one of its tensors. */
function nodeIn(reference: string): string {
  return reference.split('/', 1)[0];
}

function damaged(what: string, expected: string, received: unknown): RondoError {
  return new RondoError('FILE_FORMAT', {
    where: 'Functional',
    what,
    expected,
    received: (JSON.stringify(received) ?? 'nothing').slice(0, 200),
    fix: 'use an intact copy of the file.',
  });
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return isList(value) && value.every((member) => typeof member === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !isList(value);
}
