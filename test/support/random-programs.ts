import fc from 'fast-check';

import {
  type Access,
  add,
  type BinaryOperation,
  constant,
  type Expression,
  isRowValued,
  leaf,
  mul,
  sub,
  type UnaryOperation,
} from '../../src/expression/build.js';
import { operations } from '../../src/expression/operations.js';
import { type OutputRequest, pointwiseProgram, type Reduce } from '../../src/expression/program.js';
import { checkPointwise } from './pointwise-check.js';

const leaves: readonly [name: string, access: Access][] = [
  ['e0', 'element'],
  ['e1', 'element'],
  ['e2', 'element'],
  ['c0', 'column'],
  ['c1', 'column'],
  ['r0', 'row'],
  ['r1', 'row'],
  ['s0', 'scalar'],
];
const namesOf = (arity: 1 | 2): string[] =>
  Object.entries(operations).flatMap(([name, rule]) => (rule.arity === arity ? [name] : []));
const unaryOperations = namesOf(1) as UnaryOperation[];
/** Sums and products more often than the others. */
const binaryOperations: BinaryOperation[] = [...(namesOf(2) as BinaryOperation[]), 'add', 'mul', 'sub'];
const constants = [0, 1, -1, 0.5, 2, 3, -0.3];

/** An earlier node: one of the latest, so that some are used once alone, one of all, or a leaf (from -1 downwards). */
const operand = fc.oneof(fc.nat(2), fc.nat(60), fc.integer({ min: -leaves.length, max: -1 }));
/** One node made from earlier ones, so that graphs share nodes. */
const instruction = fc.record({ kind: fc.nat(13), operation: fc.nat(60), a: operand, b: operand, c: operand });
const outputRequest = fc.record({
  node: fc.nat(5),
  reduce: fc.constantFrom<Reduce>('none', 'none', 'rows', 'columns', 'all', 'perRow'),
  accumulate: fc.boolean(),
  inPlace: fc.boolean(),
});
const scenarioOf = (columns: readonly number[]) =>
  fc.record({
    instructions: fc.array(instruction, { minLength: 1, maxLength: 14 }),
    outputs: fc.array(outputRequest, { minLength: 1, maxLength: 3 }),
    rows: fc.nat(5),
    columns: fc.constantFrom(...columns),
    slack: fc.nat(3),
    seed: fc.nat(1_000_000),
  });
type Scenario = ReturnType<typeof scenarioOf> extends fc.Arbitrary<infer T> ? T : never;
const usualColumns = [0, 1, 2, 3, 4, 5, 7, 16, 19, 23, 35];

function expressionsOf({ instructions }: Scenario): Expression[] {
  const nodes: Expression[] = [...leaves.map(([name, access]) => leaf(name, access)), ...constants.map(constant)];
  const numLeaves = nodes.length;
  for (const { kind, operation, a, b, c } of instructions) {
    // Counted from the end, so that small numbers name recent nodes.
    const [x, y, z] = [a, b, c].map((i) => nodes[i < 0 ? -1 - i : nodes.length - 1 - (i % nodes.length)]);
    if (kind < 3) nodes.push({ kind: 'unary', operation: unaryOperations[operation % unaryOperations.length], a: x });
    else if (kind < 8)
      nodes.push({ kind: 'binary', operation: binaryOperations[operation % binaryOperations.length], a: x, b: y });
    else if (kind === 8) nodes.push({ kind: 'select', condition: x, a: y, b: z });
    // A product that is used once, which kernels compute together with the sum.
    else if (kind > 11) nodes.push([add(mul(x, y), z), add(z, mul(x, y)), sub(z, mul(x, y))][operation % 3]);
    else nodes.push({ kind: 'reduction', operation: operation % 2 === 0 ? 'rowSum' : 'rowMax', a: x });
  }
  return nodes.slice(numLeaves);
}

/** Holds kernels to the interpreter on random programs; see {@link checkPointwise}. `columns` are chosen from. */
export function checkRandomPrograms(
  kernels: Parameters<typeof checkPointwise>[0],
  { numRuns, seed, columns = usualColumns }: { numRuns: number; seed: number; columns?: readonly number[] },
): void {
  fc.assert(
    fc.property(scenarioOf(columns), (item) => {
      const nodes = expressionsOf(item);
      const requests = item.outputs.map(({ node, reduce, accumulate }, i): OutputRequest => {
        const expression = nodes[nodes.length - 1 - (node % nodes.length)];
        return {
          name: `o${i}`,
          expression,
          reduce: reduce === 'perRow' && !isRowValued(expression) ? 'none' : reduce,
          accumulate,
        };
      });
      checkPointwise(
        kernels,
        pointwiseProgram('random', requests),
        item.outputs.map(({ inPlace }) => inPlace),
        item,
      );
    }),
    { numRuns, seed },
  );
}
