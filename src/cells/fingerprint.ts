import { crc32c } from '../checksum.js';
import { childrenOf, type Expression } from '../expression/build.js';
import type { Cell } from './cell.js';
import { unitsWidth } from './widths.js';

const commutative: ReadonlySet<string> = new Set(['add', 'mul', 'max', 'min', 'equal']);

/**
 * Eight digits that tell cells apart by what they compute: gates and states in their order, and the graph of the
 * equations, where `add(a, b)` is `add(b, a)`. Names of the cell and how parameters start make no difference.
 */
export function equationsFingerprint(cell: Cell): string {
  const { next, output, operands, kernelOperands } = cell.equations();
  const digests = new Map<Expression, string>();
  const digest = (node: Expression): string => {
    let found = digests.get(node);
    if (found === undefined) digests.set(node, (found = digestOf(`${headOf(node)} ${below(node).join(' ')}`)));
    return found;
  };
  const below = (node: Expression): string[] => {
    const parts = childrenOf(node).map(digest);
    return node.kind === 'binary' && commutative.has(node.operation) ? parts.sort() : parts;
  };
  const products = [...operands].map(([gate, operand]) => `${gate}=${digest(operand)}`).sort();
  return digestOf(
    [
      cell.gates.join(),
      ...cell.states.map((state) => `${state}=${digest(next[state])}`),
      digest(output),
      ...products,
      ...[...kernelOperands].map(([kernel, operand]) => {
        const { from, to } = cell.kernels[kernel];
        return `${kernel}:${from}:${to}=${digest(operand)}`;
      }),
      ...cell.states.map((state) => cell.stateWidths[state]).filter((width) => width !== unitsWidth),
    ].join(';'),
  );
}

function headOf(node: Expression): string {
  if (node.kind === 'constant') return Object.is(node.value, -0) ? '-0' : String(node.value);
  if (node.kind === 'leaf') return `${node.access} ${node.name}`;
  return node.kind === 'select' ? 'select' : node.operation;
}

function digestOf(text: string): string {
  return crc32c(Uint8Array.from(text, (character) => character.charCodeAt(0)))
    .toString(16)
    .padStart(8, '0');
}
