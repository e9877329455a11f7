import { describeValue, RondoError, requireKind } from '../../errors.js';
import { describeOpenShape, Layer, type OpenShape } from '../../layers/layer.js';
import { leavesByPath } from '../../layers/result-leaves.js';
import { isSymbolic, noted, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { TiedDense } from '../../layers/tied-dense.js';
import type { Model } from '../model.js';
import { arranged } from '../model-outputs.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';
import { graphOf } from './graph-of.js';
import { namesOf } from './node-names.js';
import type { SymbolicArrangement, SymbolicTensors } from './symbolic-arrangement.js';

/**
 * What takes a layer's place: the layer itself, to keep it; another one; or null, to leave it out.
 *
 * @param path names from the model inwards, as in the names of weights: `encoder`, `head/dense`, `bidirectional/forward`.
 */
export type ReplaceLayer = (layer: Layer<unknown>, path: string) => Layer<unknown> | null;

/**
 * A model in which some layers are others: for export without dropout, for layers with weights of another form, for a
 * comparison of cells. It goes through a Sequential or Functional, and into the models and wrappers (`Bidirectional`,
 * `TimeDistributed`, classes with `withSublayers`) inside; a model or wrapper is itself asked about before what is in it.
 *
 * **Layers that stay are shared with the model, weights and all**: training one trains the other. Layers that are new
 * make weights of their own, unless they have them. The model is as it was; the new one is not compiled.
 *
 * @example
 * const exported = replaceLayers(model, (layer) => (layer instanceof Dropout ? null : layer));
 *
 * @throws SHAPE_MISMATCH naming the layer where a replacement gives another shape; USAGE for what is no layer, a model
 *   without a graph, and a layer that another one needs
 */
export function replaceLayers<Given extends Model>(model: Given, replace: ReplaceLayer): Given {
  requireKind(typeof replace === 'function', replace, {
    where,
    what: 'there is no function that says what takes the place of a layer.',
    fix: 'write replaceLayers(model, (layer, path) => layer).',
  });
  return new Replacement(replace).ofModel(model, '') as Layer<unknown> as Given;
}

const where = 'replaceLayers';

class Replacement {
  readonly #replace: ReplaceLayer;
  /** By layer, so that one that is shared is so afterwards. */
  readonly #done = new Map<Layer<unknown>, Layer<unknown> | null>();

  constructor(replace: ReplaceLayer) {
    this.#replace = replace;
  }

  /** The model with what takes the place of its layers; itself where all stay. */
  ofModel(model: Layer<unknown>, path: string): Layer<unknown> {
    const graph = graphOf(model);
    const { layers: names } = namesOf(graph);
    const at = new Map<SymbolicTensor, SymbolicTensor>();
    for (const { node } of graph.inputs.tensors) for (const tensor of node.outputs.values()) at.set(tensor, tensor);
    let isSame = true;
    for (const node of graph.nodes) {
      if (node.inputs.length === 0) continue;
      const { layer } = node;
      const own = path === '' ? names.get(layer)! : `${path}/${names.get(layer)!}`;
      const other = this.#of(layer, own);
      isSame &&= other === layer;
      const inputs = node.inputs.map((edge) => at.get(edge)!);
      const results =
        other === null ? new Map([['', inputs[0]]]) : leavesByPath<SymbolicTensor>(noted(other, inputs), isSymbolic);
      requireSameShapes(own, node.outputs, results);
      if (other === null && inputs.length > 1) throw cannotLeaveOut(own, layer, 'a layer that reads one tensor');
      for (const [output, tensor] of node.outputs) at.set(tensor, results.get(output)!);
    }
    if (isSame) return model;
    this.#requireTables(names);
    const { name, trainable } = model;
    if (model instanceof Sequential) {
      const chain = model.layers.flatMap((layer) => (this.#done.has(layer) ? (this.#done.get(layer) ?? []) : layer));
      return new Sequential(chain as Layer[], { name, trainable, inputShape: model.buildShape!.slice(1) });
    }
    const moved = ({ tensors, form }: SymbolicArrangement): SymbolicTensors =>
      arranged(
        tensors.map((tensor) => at.get(tensor)!),
        form,
      );
    return new Functional({ inputs: moved(graph.inputs), outputs: moved(graph.outputs), name, trainable });
  }

  #of(layer: Layer<unknown>, path: string): Layer<unknown> | null {
    const before = this.#done.get(layer);
    if (before !== undefined) return before;
    const given: unknown = this.#replace(layer, path);
    requireKind(given === null || given instanceof Layer, given, {
      where: `${where}, layer \`${path}\``,
      what: 'what takes the place of the layer is none.',
      fix: 'return the layer to keep it, another layer, or null to leave it out.',
    });
    const other = given === layer ? this.#inside(layer, path) : given;
    this.#done.set(layer, other);
    return other;
  }

  /** A model or wrapper with what takes the place of layers inside; others as they are. */
  #inside(layer: Layer<unknown>, path: string): Layer<unknown> {
    if (layer instanceof Sequential || layer instanceof Functional) return this.ofModel(layer, path);
    if (layer.withSublayers === undefined) return layer;
    let isSame = true;
    const inside = new Map<string, Layer<unknown>>();
    for (const [name, before] of layer.sublayers) {
      const other = this.#of(before, `${path}/${name}`);
      if (other === null) throw cannotLeaveOut(`${path}/${name}`, before, `a layer of \`${path}\``);
      isSame &&= other === before;
      inside.set(name, other);
    }
    return isSame ? layer : layer.withSublayers(inside);
  }

  /** A layer that uses the table of another would go on with that of the model. */
  #requireTables(names: ReadonlyMap<Layer<unknown>, string>): void {
    for (const [layer, name] of names) {
      if (!(layer instanceof TiedDense) || this.#done.get(layer) !== layer) continue;
      if (this.#done.get(layer.embedding) === layer.embedding) continue;
      throw new RondoError('USAGE', {
        where,
        what: `\`${name}\` uses the table of \`${names.get(layer.embedding)}\`, which another layer takes the place of.`,
        expected: 'both kept, or both replaced',
        fix: 'replace it too: new TiedDense({ embedding }) with the new embedding.',
      });
    }
  }
}

function requireSameShapes(
  path: string,
  before: ReadonlyMap<string, SymbolicTensor>,
  after: ReadonlyMap<string, SymbolicTensor>,
): void {
  const isSame = (one: OpenShape, other: OpenShape | undefined): boolean =>
    one.length === other?.length && one.every((axis, i) => axis === other[i] || axis === null || other[i] === null);
  if (before.size === after.size && [...before].every(([output, { shape }]) => isSame(shape, after.get(output)?.shape)))
    return;
  const shapes = (tensors: ReadonlyMap<string, SymbolicTensor>): string =>
    [...tensors].map(([output, { shape }]) => `${output}${output && ' '}${describeOpenShape(shape)}`).join(', ');
  throw new RondoError('SHAPE_MISMATCH', {
    where: `${where}, layer \`${path}\``,
    what: 'what takes the place of the layer gives another shape.',
    expected: shapes(before),
    received: shapes(after),
    fix: 'give it the units and other options that decide the shape of the layer whose place it takes.',
  });
}

function cannotLeaveOut(path: string, layer: Layer<unknown>, expected: string): RondoError {
  return new RondoError('USAGE', {
    where: `${where}, layer \`${path}\``,
    what: 'the layer cannot be left out.',
    expected,
    received: describeValue(layer),
    fix: 'return another layer in its place.',
  });
}
