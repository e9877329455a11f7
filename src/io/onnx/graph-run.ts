import { RondoError } from '../../errors.js';
import { scope, Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import type { OnnxGraph, OnnxNode } from './onnx-node.js';
import { asWholes, type OnnxValue } from './onnx-values.js';
import { type Operator, OperatorCall } from './operator.js';
import { operators } from './operators.js';
import { recurrentAttributeNames } from './recurrent-attributes.js';
import { RecurrentNode } from './recurrent-node.js';

/** Values by the names of edges. */
export type ValueOf = (name: string) => OnnxValue | undefined;

type Values = readonly (OnnxValue | undefined)[];

/** What a graph inside of another sees of that. */
export interface Surroundings {
  readonly constants: ValueOf;
  readonly knows: (name: string) => boolean;
}

/** A node that is to be run. */
interface Step {
  readonly node: OnnxNode;
  readonly run: (inputs: Values, valueOf: ValueOf) => Values;
  /** Names of what is read in each run. */
  readonly reads: readonly string[];
  readonly recurrent?: RecurrentNode;
  readonly branches?: readonly GraphRun[];
}

/** Constants of fewer numbers go to the device with each run. */
const leastKept = 256;

/**
 * A graph that is checked and ready to run: every operator is known, every name is given before it is read, and what
 * depends on constants alone is computed.
 */
export class GraphRun {
  readonly #constants = new Map<string, OnnxValue>();
  readonly #steps: Step[] = [];

  /**
   * @param outer the graph around it, where it is a branch.
   * @throws FILE_FORMAT for operators and attributes that are not run, with the node
   */
  constructor(
    readonly graph: OnnxGraph,
    outer?: Surroundings,
  ) {
    for (const [name, value] of graph.initializers) this.#constants.set(name, value);
    const known = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
    const here: Surroundings = {
      knows: (name) => known.has(name) || outer?.knows(name) === true,
      // What a graph gives itself hides what is called the same around it.
      constants: (name) => this.#constants.get(name) ?? (known.has(name) ? undefined : outer?.constants(name)),
    };
    for (const node of graph.nodes) {
      const missing = node.inputs.find((name) => name !== '' && !here.knows(name));
      if (missing !== undefined)
        throw node.fault(`it reads \`${missing.slice(0, 200)}\`, which nothing before it gives.`);
      const step = stepOf(node, here);
      for (const name of node.outputs) {
        if (name === '') continue;
        if (known.has(name)) throw node.fault(`\`${name.slice(0, 200)}\` is given twice.`);
        known.add(name);
      }
      const isConstant = step.recurrent === undefined && step.reads.every((name) => here.constants(name) !== undefined);
      if (!isConstant || !this.#compute(step, here.constants, outer !== undefined)) this.#steps.push(step);
    }
    if (outer === undefined) this.#keepConstants();
  }

  /** The recurrent nodes, in their order, those of branches too. */
  get recurrentNodes(): RecurrentNode[] {
    return this.#steps.flatMap(({ recurrent, branches = [] }) => [
      ...(recurrent === undefined ? [] : [recurrent]),
      ...branches.flatMap((branch) => branch.recurrentNodes),
    ]);
  }

  /** Names of what it reads, in its branches too, or gives as outputs. */
  get reads(): Set<string> {
    return new Set([...this.#steps.flatMap(({ reads }) => reads), ...this.graph.outputs.map(({ name }) => name)]);
  }

  /** Whether something in the graph gives this. */
  gives(name: string): boolean {
    return this.#constants.has(name) || this.#steps.some(({ node }) => node.outputs.includes(name));
  }

  /** Runs the nodes in their order. @returns what is called so, in the graph or around it */
  run(given: ReadonlyMap<string, OnnxValue>, outer: ValueOf = () => undefined): ValueOf {
    const values = new Map(given);
    const valueOf: ValueOf = (name) => values.get(name) ?? this.#constants.get(name) ?? outer(name);
    for (const { node, run } of this.#steps) note(values, node, run(inputsOf(node, valueOf), valueOf));
    return valueOf;
  }

  /** Whether it could; in a branch that is perhaps never taken, a step that cannot be computed waits until it is. */
  #compute({ node, run }: Step, constants: ValueOf, isBranch: boolean): boolean {
    try {
      // Returned, so that it outlives the scope.
      note(
        this.#constants,
        node,
        scope(() => run(inputsOf(node, constants), constants)),
      );
      return true;
    } catch (error) {
      if (!isBranch || !(error instanceof RondoError)) throw error;
      return false;
    }
  }

  /** Puts floats that runs read where they stay on the device, and drops what none reads. */
  #keepConstants(): void {
    const read = this.reads;
    for (const [name, value] of this.#constants) {
      if (!read.has(name)) this.#constants.delete(name);
      else if (value instanceof Tensor && value.size >= leastKept)
        this.#constants.set(name, new Variable(value.shape, value.hostNumbers(), name, false));
    }
    for (const { branches = [] } of this.#steps) for (const branch of branches) branch.#keepConstants();
  }
}

function inputsOf(node: OnnxNode, valueOf: ValueOf): Values {
  return node.inputs.map((name) => (name === '' ? undefined : valueOf(name)));
}

function note(values: Map<string, OnnxValue>, node: OnnxNode, results: Values): void {
  node.outputs.forEach((name, i) => {
    const value = results[i];
    if (name !== '' && value !== undefined) values.set(name, value);
  });
}

function stepOf(node: OnnxNode, surroundings: Surroundings): Step {
  if (node.domain === '' && Object.hasOwn(recurrentAttributeNames, node.operator))
    return recurrentStep(node, surroundings.constants);
  if (node.domain === '' && node.operator === 'If') return branchStep(node, surroundings);
  const operator = operatorOf(node);
  requireAttributes(node, operator.attributes ?? []);
  requireInputs(node, operator.inputs);
  return { node, reads: namesIn(node.inputs), run: (inputs) => operator.run(new OperatorCall(node, inputs)) };
}

function recurrentStep(node: OnnxNode, constants: ValueOf): Step {
  const operator = node.operator as keyof typeof recurrentAttributeNames;
  requireAttributes(node, recurrentAttributeNames[operator]);
  requireInputs(node, operator === 'LSTM' ? [3, 8] : [3, 6]);
  if (node.inputs.slice(0, 3).includes('')) throw node.fault('one of the inputs X, W and R is missing.');
  const recurrent = new RecurrentNode(node, inputsOf(node, constants));
  const reads = namesIn(node.inputs.filter((_, at) => recurrent.reads(at)));
  return { node, reads, recurrent, run: (inputs) => recurrent.run(inputs) };
}

/** Runs one of two graphs, which read what is around them. */
function branchStep(node: OnnxNode, surroundings: Surroundings): Step {
  requireAttributes(node, ['then_branch', 'else_branch']);
  requireInputs(node, [1, 1]);
  const [then, otherwise] = ['then_branch', 'else_branch'].map((name) => {
    const graph = node.attribute(name, 'GRAPH');
    if (graph === undefined || graph.outputs.length !== node.outputs.length)
      throw node.fault(`\`${name}\` is missing, or gives too few or too many.`);
    return new GraphRun(graph, surroundings);
  });
  return {
    node,
    branches: [then, otherwise],
    reads: namesIn([...node.inputs, ...then.reads, ...otherwise.reads]).filter((name) => surroundings.knows(name)),
    run([condition], valueOf) {
      if (condition?.size !== 1) throw node.fault('the condition is not one truth value.');
      const branch = asWholes(condition, 'bool').data[0] === 1 ? then : otherwise;
      const result = branch.run(new Map(), valueOf);
      return branch.graph.outputs.map(({ name }) => result(name));
    },
  };
}

function namesIn(names: readonly string[]): string[] {
  return names.filter((name) => name !== '');
}

function operatorOf(node: OnnxNode): Operator {
  if (node.domain === '' && Object.hasOwn(operators, node.operator)) return operators[node.operator];
  const name = `${node.domain === '' ? '' : `${node.domain}.`}${node.operator}`.slice(0, 200);
  const known = [...Object.keys(recurrentAttributeNames), 'If', ...Object.keys(operators)].sort().join(', ');
  throw node.fault(`the operator ${name} is not run.`, known, name);
}

function requireAttributes(node: OnnxNode, known: readonly string[]): void {
  const unknown = [...node.attributes.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw node.fault('an attribute is not read.', known.join(', ') || 'no attributes', unknown.slice(0, 200));
}

function requireInputs(node: OnnxNode, [least, most]: readonly [number, number]): void {
  const { length } = node.inputs;
  if (length < least || length > most)
    throw node.fault('it has too few or too many inputs.', `${least} to ${most}`, `${length}`);
}
