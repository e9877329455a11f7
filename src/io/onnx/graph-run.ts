import { RondoError } from '../../errors.js';
import { scope, Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { RunBudget } from './iterations.js';
import { type Body, nestedOperators } from './nested-operators.js';
import type { OnnxGraph, OnnxNode } from './onnx-node.js';
import type { EdgeValue, OnnxValue } from './onnx-values.js';
import { numbersIn, type Operator, OperatorCall } from './operator.js';
import { operators } from './operators.js';
import { isRecurrent, recurrentOperators } from './recurrent-attributes.js';
import { RecurrentNode } from './recurrent-node.js';

/** Values by the names of edges. */
export type ValueOf = (name: string) => EdgeValue | undefined;

type Values = readonly (EdgeValue | undefined)[];

/** What a graph inside of another sees of that. */
export interface Surroundings {
  /** That holds the graph. */
  readonly node: OnnxNode;
  readonly constants: ValueOf;
  readonly knows: (name: string) => boolean;
  /** How many numbers may still be computed while the file is read, and what that may cost. */
  readonly early: { left: number; workLeft: number };
}

/** A node that is to be run. */
interface Step {
  readonly node: OnnxNode;
  readonly run: (inputs: Values, valueOf: ValueOf, budget: RunBudget) => Values;
  /** Names of what is read in each run. */
  readonly reads: readonly string[];
  readonly recurrent?: RecurrentNode;
  /** Graphs inside of it. */
  readonly bodies?: readonly GraphRun[];
  /** Whether it does more than one thing with each number. */
  readonly isProduct?: boolean;
  /** Whether such graphs may be run many times, here or further inside. */
  readonly repeats?: boolean;
}

/** Of constants so many numbers are computed while a file is read; what follows from more of them waits for each run. */
const mostEarly = 2 ** 25;

/** What that may cost, and how many numbers a product may read then: some seconds at most. */
const mostEarlyWork = 2 ** 33;
const mostEarlyInputs = 2 ** 20;

/** Operators that put constants and what is computed together, or take a shape from constants. */
const joining: ReadonlySet<string> = new Set(['Concat', 'Expand', 'Reshape', 'Where']);

/** Constants of fewer numbers go to the device with each run. */
const leastKept = 256;

/**
 * A graph that is checked and ready to run: every operator is known, every name is given before it is read, and what
 * depends on constants alone is computed.
 */
export class GraphRun {
  readonly #constants = new Map<string, EdgeValue>();
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
    const early = outer?.early ?? { left: mostEarly, workLeft: mostEarlyWork };
    const here: Omit<Surroundings, 'node'> = {
      early,
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
      // Loops are for runs alone, so that reading a file ends soon.
      const isComputed = step.recurrent === undefined && step.repeats !== true && early.left > 0;
      const isConstant =
        isComputed &&
        step.reads.every((name) => here.constants(name) !== undefined) &&
        isCheap(step, inputsOf(node, here.constants), early.workLeft);
      if (!isConstant || !this.#compute(step, here, outer !== undefined)) this.#steps.push(step);
    }
    if (outer !== undefined) {
      const missing = graph.outputs.find(({ name }) => !here.knows(name));
      if (missing !== undefined) throw missingOutput(outer.node, missing.name);
    }
    if (outer === undefined) this.#keepConstants();
  }

  /** Whether something in it may be run many times. */
  get repeats(): boolean {
    return this.#steps.some(({ repeats }) => repeats === true);
  }

  get numSteps(): number {
    return this.#steps.length;
  }

  /** The recurrent nodes, in their order, those of graphs inside of it too. */
  get recurrentNodes(): RecurrentNode[] {
    return this.#steps.flatMap(({ recurrent, bodies = [] }) => [
      ...(recurrent === undefined ? [] : [recurrent]),
      ...bodies.flatMap((body) => body.recurrentNodes),
    ]);
  }

  /** Names of what it reads, in graphs inside of it too, or gives as outputs. */
  get reads(): Set<string> {
    return new Set([...this.#steps.flatMap(({ reads }) => reads), ...this.graph.outputs.map(({ name }) => name)]);
  }

  /** Names of what something in the graph gives. */
  get gives(): Set<string> {
    return new Set([...this.#constants.keys(), ...this.#steps.flatMap(({ node }) => node.outputs)]);
  }

  /** Runs the nodes in their order. @returns what is called so, in the graph or around it */
  run(
    given: ReadonlyMap<string, EdgeValue>,
    outer: ValueOf = () => undefined,
    budget: RunBudget = new RunBudget(),
  ): ValueOf {
    const values = new Map(given);
    const valueOf: ValueOf = (name) => values.get(name) ?? this.#constants.get(name) ?? outer(name);
    for (const { node, run } of this.#steps) {
      try {
        note(values, node, run(inputsOf(node, valueOf), valueOf, budget));
      } catch (error) {
        throw this.#sayingWhatIsFixed(error, node);
      }
    }
    return valueOf;
  }

  /** Where a constant stands among what goes together, it may have the batch or the length of the trace that the file was made by. */
  #sayingWhatIsFixed(error: unknown, { operator, where, inputs }: OnnxNode): unknown {
    if (!(error instanceof RondoError) || error.code !== 'SHAPE_MISMATCH' || error.facts.where !== where) return error;
    const fixed = joining.has(operator) ? inputs.filter((name) => this.#constants.has(name)) : [];
    if (fixed.length === 0) return error;
    const fix =
      `${fixed.map((name) => `\`${name.slice(0, 100)}\``).join(', ')} ${fixed.length === 1 ? 'is a constant' : 'are constants'} of the ` +
      'file, in which the batch or the length of the example may be that it was exported with: give inputs of that size, or ' +
      'export it with free ones (dynamic_shapes, dynamic_axes).';
    return new RondoError(error.code, { ...error.facts, fix, cause: error });
  }

  /** Whether it could; in a branch that is perhaps never taken, a step that cannot be computed waits until it is. */
  #compute({ node, run }: Step, { constants, early }: Omit<Surroundings, 'node'>, isBranch: boolean): boolean {
    try {
      // Returned, so that it outlives the scope.
      const budget = new RunBudget();
      const results = scope(() => run(inputsOf(node, constants), constants, budget));
      early.workLeft -= budget.spent;
      early.left -= numbersIn(results);
      note(this.#constants, node, results);
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
    for (const { bodies = [] } of this.#steps) for (const body of bodies) body.#keepConstants();
  }
}

/** Whether a step is computed while the file is read, and not with each run. */
function isCheap({ isProduct }: Step, inputs: Values, workLeft: number): boolean {
  const size = numbersIn(inputs);
  return size < workLeft && (isProduct !== true || size < mostEarlyInputs);
}

function inputsOf(node: OnnxNode, valueOf: ValueOf): Values {
  return node.inputs.map((name) => (name === '' ? undefined : valueOf(name)));
}

function note(values: Map<string, EdgeValue>, node: OnnxNode, results: Values): void {
  node.outputs.forEach((name, i) => {
    const value = results[i];
    if (name !== '' && value !== undefined) values.set(name, value);
  });
}

function stepOf(node: OnnxNode, surroundings: Omit<Surroundings, 'node'>): Step {
  if (isRecurrent(node)) return recurrentStep(node, surroundings.constants);
  if (node.domain === '' && Object.hasOwn(nestedOperators, node.operator)) return nestedStep(node, surroundings);
  const operator = operatorOf(node);
  requireAttributes(node, operator.attributes ?? []);
  requireInputs(node, operator.inputs);
  operator.check?.(node);
  return {
    node,
    reads: namesIn(node.inputs),
    isProduct: operator.work !== undefined,
    run(inputs, _, budget) {
      const call = new OperatorCall(node, inputs);
      const outputs = operator.run(call);
      budget.work(node, numbersIn(inputs) + numbersIn(outputs) + (operator.work?.(call, outputs) ?? 0));
      return outputs;
    },
  };
}

function recurrentStep(node: OnnxNode, constants: ValueOf): Step {
  const { attributes, inputs } = recurrentOperators[node.fullOperator];
  requireAttributes(node, attributes);
  requireInputs(node, inputs);
  if (node.inputs.slice(0, 3).includes('')) throw node.fault('one of the inputs X, W and R is missing.');
  const recurrent = new RecurrentNode(node, numbersOf(node, inputsOf(node, constants)));
  const reads = namesIn(node.inputs.filter((_, at) => recurrent.reads(at)));
  return {
    node,
    reads,
    recurrent,
    run(inputs, _, budget) {
      budget.work(node, recurrent.work(numbersOf(node, inputs)));
      return recurrent.run(numbersOf(node, inputs));
    },
  };
}

function numbersOf(node: OnnxNode, inputs: Values): (OnnxValue | undefined)[] {
  const call = new OperatorCall(node, inputs);
  return inputs.map((_, at) => call.optional(at));
}

/** Runs graphs inside of the node, which read what is around them. */
function nestedStep(node: OnnxNode, surroundings: Omit<Surroundings, 'node'>): Step {
  const operator = nestedOperators[node.operator];
  requireAttributes(node, [...operator.graphs, ...(operator.attributes ?? [])]);
  requireInputs(node, operator.inputs);
  const graphs = operator.graphs.map((name) => {
    const graph = node.attribute(name, 'GRAPH');
    if (graph === undefined) throw node.fault(`\`${name}\` is missing.`);
    return graph;
  });
  operator.check(node, graphs);
  const runs = graphs.map((graph) => new GraphRun(graph, { ...surroundings, node }));
  return {
    node,
    bodies: runs,
    repeats: operator.repeats || runs.some(({ repeats }) => repeats),
    reads: namesIn([...node.inputs, ...runs.flatMap(({ reads }) => [...reads])]).filter((name) =>
      surroundings.knows(name),
    ),
    run(inputs, valueOf, budget) {
      const bodies = runs.map((run) => bodyOf(node, run, valueOf, budget));
      return operator.run(new OperatorCall(node, inputs), bodies);
    },
  };
}

function bodyOf(node: OnnxNode, run: GraphRun, valueOf: ValueOf, budget: RunBudget): Body {
  const { graph } = run;
  return {
    graph,
    run(inputs) {
      budget.spend(node, run.numSteps);
      const given = new Map<string, EdgeValue>();
      inputs.forEach((value, at) => {
        if (value !== undefined) given.set(graph.inputs[at].name, value);
      });
      const result = run.run(given, valueOf, budget);
      return graph.outputs.map(({ name }) => result(name));
    },
  };
}

function missingOutput(node: OnnxNode, name: string): RondoError {
  return node.fault(`a graph inside of it gives \`${name.slice(0, 200)}\`, which nothing computes.`);
}

function namesIn(names: readonly string[]): string[] {
  return names.filter((name) => name !== '');
}

function operatorOf(node: OnnxNode): Operator {
  const name = node.fullOperator.slice(0, 200);
  if (Object.hasOwn(operators, name)) return operators[name];
  const known = [recurrentOperators, nestedOperators, operators].flatMap(Object.keys).sort().join(', ');
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
