import { RondoError } from '../../errors.js';
import type { Layer, OpenShape } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import type { Stepper } from '../../layers/stepper.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { assignTensor } from '../../tensor/accumulate.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';
import { FixedPart } from './fixed-part.js';
import { HostInputs } from './host-inputs.js';
import { type NodeValues, runNode, tensorsOf } from './run-node.js';

/** A graph that is to be run one time step at a time. */
export interface SteppedGraph {
  /** By name, each after those it reads. */
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** By input: whether the whole of it is there before the first step, and stays. */
  readonly isFixed: readonly boolean[];
  readonly where: string;
}

/** A graph run one time step at a time; `step` and `read` are for those of one input and output. */
export interface GraphStepper extends Stepper {
  /** By input. */
  readonly reads: readonly Stepper['read'][];
  /** By output. */
  readonly paces: readonly Pace[];
  /** The outputs of a step. @param inputs one for each; of those that stay, none is looked at. */
  stepAll(inputs: readonly Tensor[]): readonly Tensor[];
  /** By input, as the model states them: null for an axis of any size. */
  readonly inputShapes: readonly OpenShape[];
  /**
   * Computes what stays, in the open scope. Nothing that steps read changes before the returned function is called,
   * which gives the variables that no step reads any more.
   *
   * @param inputs the whole of those that stay.
   */
  staged(inputs: readonly (Tensor | undefined)[]): () => readonly Variable[];
  /** Sets the states that do not begin with zeros to where sequences begin. */
  begin(): void;
  /** What stays, its own and that of the models inside that go along with the steps. */
  readonly fixedParts: readonly FixedPart[];
}

/**
 * How a tensor goes along with the steps: `fixed` stays over all of them; `step` has one step of a sequence; `now` is
 * what the steps so far come to, without an axis of time; `mixed` has one step, in which something of now takes part, so
 * that earlier steps would be others by now; `apart` has one step along another axis than the second.
 */
type Pace = 'fixed' | 'step' | 'now' | 'mixed' | 'apart';

/**
 * The graph run one time step at a time: each node with states of its own, also where two have the same layer. What
 * depends on fixed inputs alone is computed once, over whole sequences; recurrent layers may begin with states from
 * there, and layers of several inputs may read from there. A step gives the last step of what the model gives for the
 * steps so far.
 *
 * @throws USAGE naming the layer that cannot be run so
 */
export function stepperOfGraph(graph: SteppedGraph, batch: number): GraphStepper {
  const { nodes, inputs, outputs, isFixed, where } = graph;
  const paces = new Map<SymbolicTensor, Pace>(inputs.map((input, i) => [input, isFixed[i] ? 'fixed' : 'step']));
  const host = new HostInputs(inputs);
  const states = new Map<string, Variable>();
  const fixedNodes: GraphNode[] = [];
  const kept = new Set<SymbolicTensor>();
  const steps: ((values: NodeValues) => readonly (readonly [SymbolicTensor, Tensor])[])[] = [];
  const steppedNodes: SteppedNode[] = [];
  for (const [name, node] of nodes) {
    if (node.inputs.length === 0) continue;
    const given = node.inputs.map((edge) => paces.get(edge)!);
    if (given.every((pace) => pace === 'fixed')) {
      fixedNodes.push(node);
      for (const tensor of node.outputs.values()) paces.set(tensor, 'fixed');
      continue;
    }
    for (const edge of node.inputs) if (paces.get(edge) === 'fixed') kept.add(edge);
    if (given.every((pace) => pace === 'fixed' || pace === 'now')) {
      steps.push((values) => runNode(node, values));
      for (const tensor of node.outputs.values()) paces.set(tensor, 'now');
      continue;
    }
    const stepped = new SteppedNode(node, given, batch, `${where}, layer \`${name}\` (${node.layer.className})`);
    for (const [state, value] of stepped.stepper.states) states.set(`${name}/${state}`, value);
    for (const [tensor, pace] of stepped.paces()) paces.set(tensor, pace);
    stepped.readFrom(host);
    steps.push((values) => stepped.step(values));
    steppedNodes.push(stepped);
  }
  for (const output of outputs) {
    host.computedWith(output);
    if (paces.get(output) === 'fixed') kept.add(output);
  }
  const fixed = new FixedPart(fixedNodes, kept);
  const reads = host.reads(where);
  const stepAll = (given: readonly Tensor[]): readonly Tensor[] => {
    const values = new Map<SymbolicTensor, Tensor>(fixed.values);
    inputs.forEach((input, i) => void (isFixed[i] || values.set(input, given[i])));
    for (const step of steps) for (const [tensor, value] of step(values)) values.set(tensor, value);
    return outputs.map((output) => values.get(output)!);
  };
  return {
    states,
    own: steppedNodes.flatMap(({ stepper: { own = [] } }) => own),
    reads,
    paces: outputs.map((output) => paces.get(output)!),
    stepAll,
    step: (input) => stepAll([input])[0],
    read: reads[0],
    isIdentity: inputs.length === 1 && outputs.length === 1 && host.has(outputs[0]),
    inputShapes: inputs.map(({ shape }) => shape),
    staged(whole) {
      const given = new Map(inputs.flatMap((input, i) => (isFixed[i] ? [[input, whole[i]!] as const] : [])));
      const { values, keep } = fixed.staged(given);
      const keeps = [keep, ...steppedNodes.map((node) => node.staged(values))];
      return () => keeps.flatMap((each) => each());
    },
    begin() {
      for (const node of steppedNodes) node.begin(fixed.values);
    },
    fixedParts: [fixed, ...steppedNodes.flatMap(({ stepper }) => (isGraph(stepper) ? stepper.fixedParts : []))],
  };
}

/** A node that goes along with the steps. */
class SteppedNode {
  readonly stepper: Stepper | GraphStepper;
  readonly #node: GraphNode;
  readonly #given: readonly Pace[];
  readonly #where: string;
  /** From which input on states stand, to begin with. */
  readonly #firstState: number | undefined;

  constructor(node: GraphNode, given: readonly Pace[], batch: number, where: string) {
    this.#node = node;
    this.#given = given;
    this.#where = where;
    const { layer } = node;
    if (given.includes('apart'))
      throw this.#refusal(
        'steps along the second axis',
        'steps along another axis, such as the shares of several heads',
      );
    const beginsWithStates = given.length > 1 && !layer.takesSeveral;
    if (beginsWithStates && given.slice(1).some((pace) => pace !== 'fixed'))
      throw this.#refusal('initial states that stay over all steps', 'initial states from a layer that goes along');
    this.stepper = layer.stepper(
      batch,
      given.map((pace) => pace === 'fixed'),
    );
    this.#firstState = beginsWithStates ? 1 : this.stepper.firstState;
    const isMixed = given.some((pace) => pace === 'now' || pace === 'mixed');
    if (isMixed && this.stepper.states.size > 0)
      throw this.#refusal('steps that do not change later', 'what a layer gives at the last step');
  }

  /** How what it gives goes along. */
  *paces(): Generator<readonly [SymbolicTensor, Pace]> {
    const { layer, outputs } = this.#node;
    const readsMixed = this.#given.some((pace) => pace === 'now' || pace === 'mixed');
    const isMixed = readsMixed || endsInLastStep(layer, this.stepper);
    const { apart = [] } = this.stepper;
    for (const [i, [path, tensor]] of [...outputs].entries()) {
      if (isGraph(this.stepper)) {
        const pace = this.stepper.paces[i];
        yield [tensor, readsMixed && pace === 'step' ? 'mixed' : pace];
      } else if (layer instanceof RecurrentLayer) yield [tensor, i === 0 && layer.returnSequences ? 'step' : 'now'];
      else yield [tensor, apart.includes(path) ? 'apart' : isMixed ? 'mixed' : 'step'];
    }
  }

  /** Says who looks at the host's numbers. @throws USAGE where they come from a layer */
  readFrom(host: HostInputs): void {
    const { inputs, outputs } = this.#node;
    const { stepper } = this;
    inputs.forEach((edge, i) => {
      const read = isGraph(stepper) ? stepper.reads[i] : stepper.read;
      if (read === undefined) {
        if (stepper.isIdentity === true && host.has(edge)) host.passOn(edge, [...outputs.values()][0]);
        else host.computedWith(edge);
      } else if (host.has(edge)) host.readBy(edge, read);
      else throw this.#refusal('indices from the input of the model', 'indices from another layer');
    });
  }

  /** As {@link GraphStepper.staged}, for a model inside. */
  staged(values: NodeValues): () => readonly Variable[] {
    return isGraph(this.stepper) ? this.stepper.staged(this.#node.inputs.map((edge) => values.get(edge))) : () => [];
  }

  begin(values: NodeValues): void {
    const { inputs } = this.#node;
    if (isGraph(this.stepper)) this.stepper.begin();
    if (this.#firstState === undefined) return;
    const states = [...this.stepper.states.values()];
    inputs.slice(this.#firstState).forEach((edge, i) => assignTensor(states[i], values.get(edge)!));
  }

  step(values: NodeValues): readonly (readonly [SymbolicTensor, Tensor])[] {
    const { layer, inputs, outputs } = this.#node;
    const { stepper } = this;
    const tensors = [...outputs.values()];
    const received = inputs.map((edge) => values.get(edge)!);
    const [input, ...others] = received;
    if (isGraph(stepper)) return stepper.stepAll(received).map((value, i) => [tensors[i], value]);
    const result: unknown = stepper.step(input, ...others);
    if (layer instanceof RecurrentLayer)
      return [result as Tensor, ...stepper.states.values()]
        .slice(0, tensors.length)
        .map((value, i) => [tensors[i], value]);
    const results = tensorsOf(this.#node, result);
    const { apart = [] } = stepper;
    if (this.#given.includes('fixed'))
      for (const [path, value] of results) if (!apart.includes(path)) this.#requireOneStep(value);
    return [...outputs].map(([path, tensor]) => [tensor, results.get(path)!]);
  }

  #requireOneStep({ shape }: Tensor): void {
    if (shape[1] === 1) return;
    throw this.#refusal('one step of the output for each of the input', `steps beside ${shape[1]} that stay`);
  }

  #refusal(expected: string, received: string): RondoError {
    return new RondoError('USAGE', {
      where: this.#where,
      what: 'the layer cannot be run one time step at a time here.',
      expected,
      received,
      fix: 'apply the model to whole sequences.',
    });
  }
}

function isGraph(stepper: Stepper | GraphStepper): stepper is GraphStepper {
  return 'stepAll' in stepper;
}

/** Whether a chain of layers, which goes along with the steps, has one in it that gives its last step alone. */
function endsInLastStep(layer: Layer<unknown>, { states }: Stepper): boolean {
  const isInside = (inside: Layer<unknown>): boolean =>
    inside instanceof RecurrentLayer ? !inside.returnSequences : [...inside.sublayers.values()].some(isInside);
  return states.size > 0 && isInside(layer);
}
