import { isObject } from '../../data/saved-fields.js';
import type { Json } from '../../layers/layer.js';
import { referenceTo } from '../../training/graph/node-names.js';
import type { LayerConfig } from '../../training/layer-registry.js';
import { cleanName, type KerasFile, notTaken } from './keras-fields.js';
import { callOf, type KerasCall, type TensorReference } from './keras-inbound.js';
import { type MaskOperation, maskOperationOf, requireMasksAlong } from './keras-mask-operations.js';
import { statePaths, type TakeLayer } from './keras-recurrent.js';

/** A layer of a graph with the calls of it. */
interface Member {
  readonly name: string;
  readonly layer: LayerConfig;
  readonly calls: readonly KerasCall[];
  /** What it gives, by the number of the tensor. */
  readonly paths: readonly string[];
}

/** More nodes than a model of layers has; each is a call of a layer. */
const mostNodes = 100_000;

/**
 * A functional model of Keras as one of this library's `Functional` graphs.
 *
 * @param config of `Functional` or, in older files, `Model`: layers with the nodes that come in, names of both ends.
 * @throws FILE_FORMAT naming the layer that has no counterpart, or the node that reads what there is not
 */
export function takenGraph(file: KerasFile, config: Readonly<Record<string, unknown>>, take: TakeLayer): LayerConfig {
  const { layers, input_layers: inputLayers, output_layers: outputLayers } = config;
  const place = `the model \`${typeof config.name === 'string' ? config.name.slice(0, 100) : ''}\``;
  if (!Array.isArray(layers))
    throw notTaken(file, place, 'the model has no list of layers.', layers, 'use an intact file.');
  const members = new Map<string, Member>();
  let numNodes = 0;
  const operations = new Map<string, MaskOperation>();
  for (const stored of layers as readonly unknown[]) {
    const mask = maskOperationOf(stored);
    if (mask !== undefined) {
      operations.set(mask.name, mask.operation);
      continue;
    }
    const member = memberOf(file, stored, take);
    numNodes += member.calls.length;
    if (members.has(member.name) || numNodes > mostNodes)
      throw notTaken(
        file,
        place,
        'two layers have one name, or nodes are too many.',
        member.name,
        'use an intact file.',
      );
    members.set(member.name, member);
  }
  const read = [
    ...[...members.values()].flatMap(({ calls }) => calls.flatMap((call) => [...call.inputs, ...call.states])),
    ...flat([inputLayers, outputLayers].flatMap((ends) => (isObject(ends) ? Object.values(ends) : [ends])))
      .map(referenceOf)
      .filter((each) => each !== undefined),
  ];
  const readFirst = new Set(read.filter(({ node }) => node === 0).map(({ layer }) => layer));
  const graph = new Arranged(file, place, members, new Set([...members.keys()].filter((name) => !readFirst.has(name))));
  const inputs = graph.references(inputLayers);
  const outputs = graph.references(outputLayers);
  if (inputs === undefined || outputs === undefined)
    throw notTaken(
      file,
      place,
      'the ends of the model are not what they should be.',
      { inputLayers, outputLayers },
      'use an intact file.',
    );
  const nodes = graph.nodes();
  requireMasksAlong(file, members, operations);
  return {
    className: 'Functional',
    config: {
      name: cleanName(typeof config.name === 'string' ? config.name : 'functional'),
      trainable: config.trainable !== false,
      layers: [...members.values()]
        .filter(({ calls }) => calls.length > 0)
        .map(({ layer }) => ({ className: layer.className, config: { ...layer.config } })),
      nodes,
      inputs,
      outputs,
    },
  };
}

function memberOf(file: KerasFile, stored: unknown, take: TakeLayer): Member {
  const layer = take(file, stored);
  const fields = stored as Readonly<Record<string, unknown>>;
  const inner = isObject(fields.config) ? fields.config.name : undefined;
  const name = typeof fields.name === 'string' ? fields.name : typeof inner === 'string' ? inner : '';
  const inbound = fields.inbound_nodes;
  if (name === '' || (inbound !== undefined && !Array.isArray(inbound)))
    throw notTaken(
      file,
      name,
      'a layer of the graph has no name, or no list of nodes.',
      inbound,
      'use an intact file.',
    );
  const isInput = layer.className === 'InputLayer';
  const calls = isInput
    ? [{ inputs: [], states: [] } satisfies KerasCall]
    : ((inbound ?? []) as readonly unknown[]).map((node) => callOf(file, name, layer, node));
  const options = calls.length > 0 ? calls[0].options : undefined;
  const own = { ...layer.config, name: cleanName(name), ...options };
  const called = { className: layer.className, config: own };
  if (calls.some((call) => JSON.stringify(call.options) !== JSON.stringify(options)))
    throw notTaken(
      file,
      name,
      'a layer is called with different arguments.',
      calls.map((call) => call.options),
    );
  return { name, layer: called, calls, paths: outputPaths(called) };
}

/** Where the tensors that a layer gives stand in what the layer here gives, in Keras's order. */
function outputPaths(layer: LayerConfig): string[] {
  const { className, config } = layer;
  if (className === 'Bidirectional') {
    const [forward, backward] = [config.layer, config.backwardLayer ?? config.layer] as unknown as LayerConfig[];
    const both = config.mergeMode === 'none' ? ['0', '1'] : [''];
    if (forward.config.returnState !== true) return both;
    const states = [
      ...statePaths(forward).map((path) => `forward/${path}`),
      ...statePaths(backward).map((path) => `backward/${path}`),
    ];
    return [...both.map((path) => (path === '' ? 'output' : `output/${path}`)), ...states];
  }
  if (config.returnState === true) return ['output', ...statePaths(layer).map((path) => `states/${path}`)];
  if (config.returnAttentionScores === true) return ['output', 'scores'];
  if (className === 'Functional' && Array.isArray(config.outputs)) return config.outputs.map((_, i) => String(i));
  return [''];
}

/** A call of a layer that is not run yet. */
interface Waiting {
  readonly call: { readonly name: string; readonly node: number };
  readonly read: readonly TensorReference[];
  /** How many of what it reads are there. */
  met: number;
}

/** Calls of layers in an order in which they can run. */
class Arranged {
  constructor(
    readonly file: KerasFile,
    readonly place: string,
    readonly members: ReadonlyMap<string, Member>,
    /** Models inside of which no one reads a node 0. */
    readonly countsFromOne: ReadonlySet<string>,
  ) {}

  /**
   * What stands for a tensor of Keras.
   *
   * @param isEnd whether it is an input or output of the model. @throws FILE_FORMAT where there is none
   */
  reference({ layer, node: stored, tensor }: TensorReference, isEnd = false): string {
    const member = this.members.get(layer);
    const path = member?.paths.at(tensor);
    const node = stored - this.#builtIn(member, isEnd);
    if (member === undefined || path === undefined || tensor < 0 || node < 0 || node >= member.calls.length)
      throw notTaken(
        this.file,
        this.place,
        'a node reads a tensor that there is not.',
        [layer, node, tensor],
        'use an intact file.',
      );
    return referenceTo(nodeName(layer, node), path);
  }

  /**
   * Models inside have a first node of their own, which is counted and not stored: in Keras 3 by the ends of a model alone, in Keras 2
   * wherever a model's nodes are read.
   */
  #builtIn(member: Member | undefined, isEnd: boolean): number {
    const className = member?.layer.className;
    if (className !== 'Functional' && className !== 'Sequential') return 0;
    if (this.file.generation === 3) return isEnd && className === 'Functional' ? 1 : 0;
    return this.countsFromOne.has(member!.name) ? 1 : 0;
  }

  /** The ends of the graph: one, a list, or by name; undefined where it is none of these. */
  references(given: unknown): string | string[] | { [key: string]: string } | undefined {
    const one = referenceOf(given);
    if (one !== undefined) return this.reference(one, true);
    if (Array.isArray(given)) {
      const list = flat(given).map(referenceOf);
      if (list.length === 0 || list.some((each) => each === undefined)) return undefined;
      const names = (list as TensorReference[]).map((each) => this.reference(each, true));
      return names.length === 1 ? names[0] : names;
    }
    if (!isObject(given)) return undefined;
    const entries = Object.entries(given).map(([key, value]) => [key, referenceOf(value)] as const);
    if (entries.length === 0 || entries.some(([, value]) => value === undefined)) return undefined;
    return Object.fromEntries(entries.map(([key, value]) => [key, this.reference(value!, true)]));
  }

  /** The node that gives a tensor. */
  #nodeOf({ layer, node }: TensorReference): string {
    return nodeName(layer, node - this.#builtIn(this.members.get(layer), false));
  }

  nodes(): Json[] {
    const done = new Set<string>();
    const nodes: Json[] = [];
    /** Calls by the node that they wait for; each looks at what it reads once. */
    const waiting = new Map<string, Waiting[]>();
    const run = (first: Waiting): void => {
      const ready = [first];
      for (let each = ready.pop(); each !== undefined; each = ready.pop()) {
        const { call, read } = each;
        while (each.met < read.length && done.has(this.#nodeOf(read[each.met]))) each.met++;
        if (each.met < read.length) {
          const missing = this.#nodeOf(read[each.met]);
          if (!waiting.get(missing)?.push(each)) waiting.set(missing, [each]);
          continue;
        }
        const name = nodeName(call.name, call.node);
        done.add(name);
        nodes.push({ name, layer: cleanName(call.name), inputs: read.map((tensor) => this.reference(tensor)) });
        for (const next of waiting.get(name) ?? []) ready.push(next);
        waiting.delete(name);
      }
    };
    for (const { name, calls } of this.members.values())
      calls.forEach(({ inputs, states }, node) => run({ call: { name, node }, read: [...inputs, ...states], met: 0 }));
    const left = [...waiting.values()].flat();
    for (const { read } of left) for (const tensor of read) this.reference(tensor);
    if (left.length > 0)
      throw notTaken(
        this.file,
        this.place,
        'the nodes of the model go in a circle.',
        left[0].call.name,
        'use an intact file.',
      );
    return nodes;
  }
}

/** The name of a node: that of the layer, numbered where it is called again. */
function nodeName(layer: string, node: number): string {
  return node === 0 ? cleanName(layer) : `${cleanName(layer)}#${node + 1}`;
}

/** Tensors in lists inside each other, as one list; states of several cells come so. */
function flat(given: readonly unknown[], depth = 0): unknown[] {
  return given.flatMap((each) =>
    Array.isArray(each) && referenceOf(each) === undefined && depth < 8 ? flat(each, depth + 1) : [each],
  );
}

function referenceOf(given: unknown): TensorReference | undefined {
  if (!Array.isArray(given) || given.length < 3 || typeof given[0] !== 'string') return undefined;
  const [layer, node, tensor] = given as [string, unknown, unknown];
  return Number.isSafeInteger(node) && Number.isSafeInteger(tensor)
    ? { layer, node: node as number, tensor: tensor as number }
    : undefined;
}
