import type { Equations } from '../../../cells/cell.js';
import { kernelWeight } from '../../../cells/define-cell.js';
import { leafName, roleOfLeaf } from '../../../cells/leaf-role.js';
import { gatesWidth } from '../../../cells/widths.js';
import { RondoError } from '../../../errors.js';
import { childrenOf, type Expression, topologicalOrder } from '../../../expression/build.js';
import { Simplifier } from '../../../expression/simplify.js';
import { type CellResult, type CellRun, storedColumns, weightOf } from './cell-run.js';
import { ExpressionWriter, hasRows } from './expression-writer.js';
import type { GraphWriter } from './graph-writer.js';
import type { WrittenEdge } from './onnx-message.js';

/** Equations with shared values made one. */
interface SimpleEquations {
  readonly next: Readonly<Record<string, Expression>>;
  readonly output: Expression;
  readonly operands: ReadonlyMap<string, Expression>;
  readonly kernelOperands: ReadonlyMap<string, Expression>;
}

/** What the steps of a scan are written with. */
interface StepContext {
  readonly run: CellRun;
  readonly body: GraphWriter;
  readonly equations: SimpleEquations;
  /** Gates whose bias is in the product with the input already. */
  readonly biased: ReadonlySet<string>;
}

/**
 * Writes any cell as a `Scan` whose body is its equations, from the graph of expressions that its kernels are made of too.
 * The products of all inputs are one product before the scan. Where a step is masked, states stay as they are, and the
 * output is the one before, at first zeros.
 */
export function writeScanned(run: CellRun): CellResult {
  const { graph, member, mask, reverse } = run;
  const { cell } = member;
  const equations = simplified(cell.equations(member.atInference.options));
  const outputState = cell.states.find((state) => equations.next[state] === equations.output);
  const carriesOutput = mask !== undefined && (outputState === undefined || run.initial !== undefined);
  const biased = gatesWithSimpleBias(run, equations);
  const body = graph.inside();

  const names = (suffix: string): string[] => cell.states.map((state) => body.named(`${state}_${suffix}`));
  const [before, step] = [names('before'), body.named('step')];
  const outputBefore = body.named('output_before');
  const counts = body.named('counts');
  const outputWidth = member.widthNamed(cell.outputWidth);
  const context: StepContext = { run, body, equations, biased };
  const writer = stepWriter(context, before, step);
  const shaped = (node: Expression, width: number): string => {
    const value = writer.write(node, width);
    return hasRows(node) ? value : body.add('Expand', [value, rowsOf(body, before[0], width)]);
  };
  const kept = (value: string, old: string): string =>
    mask === undefined ? value : body.add('Where', [counts, value, old]);
  const next = cell.states.map((state) => shaped(equations.next[state], member.widthOf(state)));
  const after = next.map((value, i) => kept(value, before[i]));
  const isShown = run.returnSequences || (outputState === undefined && !carriesOutput);
  const computed =
    outputState === undefined ? shaped(equations.output, outputWidth) : next[cell.states.indexOf(outputState)];
  const output = carriesOutput
    ? kept(computed, outputBefore)
    : outputState === undefined
      ? computed
      : after[cell.states.indexOf(outputState)];

  const edge = (name: string, width: number): WrittenEdge => ({ name, type: 'float', axes: ['batch', width] });
  const own = (value: string, wanted: string): string => {
    const name = body.named(wanted);
    body.addNamed('Identity', [value], [name]);
    return name;
  };
  const bodyInputs = [
    ...before.map((name, i) => edge(name, member.widthOf(cell.states[i]))),
    ...(carriesOutput ? [edge(outputBefore, outputWidth)] : []),
    edge(step, cell.gates.length * member.units),
    ...(mask === undefined ? [] : [{ name: counts, type: 'bool', axes: ['batch', 1] } as const]),
  ];
  const bodyOutputs = [
    ...after.map((value, i) => edge(own(value, `${cell.states[i]}_after`), member.widthOf(cell.states[i]))),
    ...(carriesOutput ? [edge(own(output, 'output_after'), outputWidth)] : []),
    ...(isShown ? [edge(own(output, 'shown'), outputWidth)] : []),
  ];
  const starts = startsOf(run);
  const numScanned = mask === undefined ? 1 : 2;
  const results = graph.addSeveral(
    'Scan',
    [
      ...starts,
      ...(carriesOutput ? [zerosLike(run, outputWidth)] : []),
      inputProduct(run, biased),
      ...(mask === undefined ? [] : [mask]),
    ],
    bodyOutputs.length,
    {
      attributes: {
        num_scan_inputs: numScanned,
        body: { graph: body.bodyOf(`${cell.name} step`, bodyInputs, bodyOutputs) },
        ...(reverse && { scan_input_directions: Array.from({ length: numScanned }, () => 1) }),
        ...(reverse && isShown && run.outputOrder === 'time' && { scan_output_directions: [1] }),
      },
    },
  );
  const states = Object.fromEntries(cell.states.map((state, i) => [state, results[i]]));
  const shown = results[results.length - 1];
  if (run.returnSequences) return { output: shown, states };
  if (outputState !== undefined && !carriesOutput) return { output: states[outputState], states };
  if (carriesOutput) return { output: results[cell.states.length], states };
  // The last step computed: the first of all where steps are put in order backwards.
  const place = reverse && run.outputOrder === 'time' ? 0 : -1;
  return { output: graph.add('Gather', [shown, graph.integer(place)], { attributes: { axis: 0 } }), states };
}

function simplified(equations: Equations): SimpleEquations {
  const simplifier = new Simplifier();
  const simple = <Key>(entries: Iterable<readonly [Key, Expression]>): [Key, Expression][] =>
    [...entries].map(([key, node]) => [key, simplifier.simplify(node)]);
  return {
    next: Object.fromEntries(simple(Object.entries(equations.next))),
    output: simplifier.simplify(equations.output),
    operands: new Map(simple(equations.operands)),
    kernelOperands: new Map(simple(equations.kernelOperands)),
  };
}

/** Writes what the leaves of a step's equations stand for: states, weights, and products when they are first asked for. */
function stepWriter(
  { run, body, equations, biased }: StepContext,
  before: readonly string[],
  step: string,
): ExpressionWriter {
  const { member, weights } = run;
  const { cell, units } = member;
  let ofInput: readonly string[] | undefined;
  const recurrent = new Map<string, string>();
  const constants = new Map<string, string>();
  const constant = (name: string, values: () => ArrayLike<number>): string => {
    let known = constants.get(name);
    if (known === undefined) constants.set(name, (known = body.floats(name, values(), [units])));
    return known;
  };
  /** @param row of a bias that has two: that of the input products, and that of the recurrent ones. */
  const biasOf = (gate: string, row: number): ArrayLike<number> =>
    Array.from(
      { length: units },
      (_, u) => weightOf(run, 'bias').values[(row * cell.gates.length + cell.gates.indexOf(gate)) * units + u],
    );
  const writer: ExpressionWriter = new ExpressionWriter(body, (leaf) => {
    const of = roleOfLeaf(leaf);
    switch (of.role) {
      case 'input':
        ofInput ??= split(body, step, cell.gates.length, units);
        return ofInput[cell.gates.indexOf(of.gate)];
      case 'bias':
        return constant(`bias_${of.gate}`, () => biasOf(of.gate, 0));
      case 'recurrentBias':
        return constant(`recurrentBias_${of.gate}`, () => biasOf(of.gate, 1));
      case 'state':
        return before[cell.states.indexOf(of.state)];
      case 'vector':
        return constant(of.vector, () => weightOf(run, of.vector).values);
      case 'zoneout':
        return body.number(member.atInference.zoneout[of.state]);
      case 'recurrent':
        if (!recurrent.has(of.gate)) {
          const operand = equations.operands.get(of.gate)!;
          const gates = cell.gates.filter((gate) => equations.operands.get(gate) === operand);
          recurrentProducts(
            { run, body },
            writer.write(operand, member.widthNamed(cell.recurrentWidth)),
            gates,
          ).forEach((value, i) => recurrent.set(gates[i], value));
        }
        return recurrent.get(of.gate)!;
      case 'product': {
        const kernel = weightOf(run, kernelWeight(of.kernel));
        return body.add('MatMul', [
          writer.write(equations.kernelOperands.get(of.kernel)!, kernel.shape[0]),
          body.stored(kernelWeight(of.kernel), kernel),
        ]);
      }
      default:
        throw new RondoError('INTERNAL', { where: 'writeOnnx', what: `a step of \`${cell.name}\` reads \`${leaf}\`.` });
    }
  });
  // With its bias in the product already, the sum of both is that product.
  for (const node of topologicalOrder(rootsOf(equations))) {
    const gate = gateOfBiasedInput(node);
    if (gate !== undefined && biased.has(gate) && weights.has('bias')) {
      ofInput ??= split(body, step, cell.gates.length, units);
      writer.put(node, ofInput[cell.gates.indexOf(gate)]);
    }
  }
  return writer;
}

/** What an operand gives multiplied by the recurrent kernels of some gates, one value a gate. */
function recurrentProducts(
  { run, body }: Pick<StepContext, 'run' | 'body'>,
  operand: string,
  gates: readonly string[],
): readonly string[] {
  const { member } = run;
  const { cell, units } = member;
  const { heads } = member.atInference;
  const places = gates.map((gate) => cell.gates.indexOf(gate));
  const matrix = storedColumns(body, 'recurrentKernel', weightOf(run, 'recurrentKernel'), units / heads, places);
  if (heads === 1) return split(body, body.add('MatMul', [operand, matrix]), gates.length, units);
  // Each head's units times its own matrix: [B, U] as [heads, B, U / heads], and back.
  const apart = body.add('Reshape', [operand, body.integers(0, heads, units / heads)]);
  const byHead = body.add('Transpose', [apart], { attributes: { perm: [1, 0, 2] } });
  return split(body, body.add('MatMul', [byHead, matrix]), gates.length, units / heads).map((ofGate) => {
    const back = body.add('Transpose', [ofGate], { attributes: { perm: [1, 0, 2] } });
    return body.add('Reshape', [back, body.integers(0, units)]);
  });
}

/** The last axis in equal parts. */
function split(graph: GraphWriter, value: string, count: number, width: number): readonly string[] {
  if (count === 1) return [value];
  const sizes = graph.integers(...Array.from({ length: count }, () => width));
  return graph.addSeveral('Split', [value, sizes], count, { attributes: { axis: -1 } });
}

/** `[T, B, gates * U]`: the products of the inputs of all steps, with the biases of some gates. */
function inputProduct(run: CellRun, biased: ReadonlySet<string>): string {
  const { graph, member, weights } = run;
  const { cell, units } = member;
  const unfit = Object.entries(cell.kernels).find(([, { to, memory }]) => to === gatesWidth || memory !== undefined);
  if (unfit !== undefined)
    throw new RondoError('INTERNAL', {
      where: 'writeOnnx',
      what: `the kernel \`${unfit[0]}\` of \`${cell.name}\` attends.`,
    });
  const projection = weights.get('inputProjectionKernel');
  const input =
    projection === undefined
      ? run.input
      : graph.add('MatMul', [run.input, graph.stored('inputProjectionKernel', projection)]);
  const kernel = weightOf(run, 'kernel');
  const product = graph.add('MatMul', [input, graph.stored('kernel', kernel)]);
  if (biased.size === 0 || !weights.has('bias')) return product;
  const { values } = weightOf(run, 'bias');
  const bias = Float32Array.from({ length: cell.gates.length * units }, (_, i) =>
    biased.has(cell.gates[Math.floor(i / units)]) ? values[i] : 0,
  );
  return graph.add('Add', [product, graph.floats('bias', bias, [bias.length])]);
}

/** Gates whose product with the input and whose bias are used in their sum alone, which can then be made once for all steps. */
function gatesWithSimpleBias({ member, weights }: CellRun, equations: SimpleEquations): ReadonlySet<string> {
  const { gates } = member.cell;
  if (!weights.has('bias')) return new Set();
  const used = new Map<string, number>();
  const summed = new Set<string>();
  const roots = rootsOf(equations);
  const note = (node: Expression): void => {
    if (node.kind === 'leaf') used.set(node.name, (used.get(node.name) ?? 0) + 1);
  };
  for (const root of roots) note(root);
  for (const node of topologicalOrder(roots)) {
    for (const child of childrenOf(node)) note(child);
    const gate = gateOfBiasedInput(node);
    if (gate !== undefined) summed.add(gate);
  }
  const isAlone = (role: 'input' | 'bias', gate: string): boolean => used.get(leafName({ role, gate })) === 1;
  return new Set(gates.filter((gate) => summed.has(gate) && isAlone('input', gate) && isAlone('bias', gate)));
}

/** The gate of a node that is the sum of its product with the input and its bias. */
function gateOfBiasedInput(node: Expression): string | undefined {
  if (node.kind !== 'binary' || node.operation !== 'add') return undefined;
  const [a, b] = [node.a, node.b].map((side) => (side.kind === 'leaf' ? roleOfLeaf(side.name) : undefined));
  if (a?.role === 'input' && b?.role === 'bias' && a.gate === b.gate) return a.gate;
  if (a?.role === 'bias' && b?.role === 'input' && a.gate === b.gate) return a.gate;
  return undefined;
}

function rootsOf({ next, output, operands, kernelOperands }: SimpleEquations): Expression[] {
  return [...Object.values(next), output, ...operands.values(), ...kernelOperands.values()];
}

/** The states to start from: those given, or zeros for the batch of the input. */
function startsOf(run: CellRun): string[] {
  const { member, initial } = run;
  return member.cell.states.map((state) => initial?.[state] ?? zerosLike(run, member.widthOf(state)));
}

/** The shape `[B, width]`, where B is the size of a value's first axis. */
function rowsOf(graph: GraphWriter, value: string, width: number): string {
  const batch = graph.add('Slice', [graph.add('Shape', [value]), graph.integers(0), graph.integers(1)]);
  return graph.add('Concat', [batch, graph.integers(width)], { attributes: { axis: 0 } });
}

/** `[B, width]` zeros. */
function zerosLike({ graph, input }: CellRun, width: number): string {
  const batch = graph.add('Slice', [graph.add('Shape', [input]), graph.integers(1), graph.integers(2)]);
  return graph.add('ConstantOfShape', [
    graph.add('Concat', [batch, graph.integers(width)], { attributes: { axis: 0 } }),
  ]);
}
