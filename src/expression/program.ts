import { RondoError } from '../errors.js';
import { type Expression, isRowValued, type Leaf, leavesOf, topologicalOrder } from './build.js';
import { Simplifier } from './simplify.js';

/**
 * What an output holds: `none` one value per element `[rows, columns]`; `rows` the sum over the rows, one value per
 * column; `columns` the sum over the columns, one value per row; `all` one value; `perRow` the value of the row, for an
 * expression that is the same at every column.
 */
export type Reduce = 'none' | 'rows' | 'columns' | 'all' | 'perRow';

export interface ProgramOutput {
  readonly name: string;
  readonly expression: Expression;
  readonly reduce: Reduce;
  /** Adds to what the output buffer holds instead of replacing it. */
  readonly accumulate: boolean;
}

/**
 * A pointwise computation over a `[rows, columns]` block: leaves in, expressions out, in one pass. An output may be the
 * same memory as an element input of equal layout: every value of a place is read before any is written there.
 */
export interface PointwiseProgram {
  readonly name: string;
  /** Leaves held in buffers, in first-use order. */
  readonly inputs: readonly Leaf[];
  /** Leaves given as numbers at each call. */
  readonly scalars: readonly string[];
  readonly outputs: readonly ProgramOutput[];
  /** Whether some value depends on a whole row, so that its columns cannot be computed apart from each other. */
  readonly hasRowReductions: boolean;
  /** Equal text, equal program: the key of a backend's compiled kernels. */
  readonly key: string;
}

export interface OutputRequest {
  name: string;
  expression: Expression;
  reduce?: Reduce | undefined;
  accumulate?: boolean | undefined;
}

/** Simplifies the outputs together and lists what they need. */
export function pointwiseProgram(name: string, requests: readonly OutputRequest[]): PointwiseProgram {
  const simplifier = new Simplifier();
  const outputs = requests.map(
    (request): ProgramOutput => ({
      name: request.name,
      expression: simplifier.simplify(request.expression),
      reduce: request.reduce ?? 'none',
      accumulate: request.accumulate ?? false,
    }),
  );
  const leaves = leavesOf(outputs.map(({ expression }) => expression));
  const names = new Set<string>();
  for (const { name: output } of outputs) {
    if (names.has(output)) {
      throw new RondoError('USAGE', {
        where: `program ${name}`,
        what: `two outputs are named \`${output}\`.`,
        fix: 'name each output once.',
      });
    }
    names.add(output);
  }
  for (const { name: output, expression, reduce } of outputs) {
    if (reduce !== 'perRow' || isRowValued(expression)) continue;
    throw new RondoError('INTERNAL', {
      where: `program ${name}`,
      what: `output \`${output}\` is not one value per row.`,
    });
  }
  const inputs = leaves.filter(({ access }) => access !== 'scalar');
  const scalars = leaves.filter(({ access }) => access === 'scalar').map((scalar) => scalar.name);
  const hasRowReductions = topologicalOrder(outputs.map(({ expression }) => expression)).some(
    ({ kind }) => kind === 'reduction',
  );
  return { name, inputs, scalars, outputs, hasRowReductions, key: programKey(inputs, scalars, outputs) };
}

function programKey(inputs: readonly Leaf[], scalars: readonly string[], outputs: readonly ProgramOutput[]): string {
  const ids = new Map<Expression, number>();
  const lines: string[] = [];
  const write = (node: Expression): number => {
    const known = ids.get(node);
    if (known !== undefined) return known;
    let line: string;
    switch (node.kind) {
      case 'constant':
        line = `${Object.is(node.value, -0) ? '-0' : node.value}`;
        break;
      case 'leaf':
        line = `${node.access}:${node.name}`;
        break;
      case 'select':
        line = `select ${write(node.condition)} ${write(node.a)} ${write(node.b)}`;
        break;
      case 'binary':
        line = `${node.operation} ${write(node.a)} ${write(node.b)}`;
        break;
      default:
        line = `${node.operation} ${write(node.a)}`;
    }
    ids.set(node, ids.size);
    lines.push(line);
    return ids.get(node)!;
  };
  for (const output of outputs) {
    const id = write(output.expression);
    lines.push(`=> ${output.name} ${id} ${output.reduce}${output.accumulate ? ' accumulate' : ''}`);
  }
  return `${inputs.map(({ name }) => name).join(',')}|${scalars.join(',')}|${lines.join(';')}`;
}
