import { isRecording } from '../../tensor/tape.js';
import { innerScope, Tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { type EdgeValue, mostValues, type OnnxValue, ValueSequence } from './onnx-values.js';

/** Nodes that the graphs inside of Loop and Scan nodes may run in one run of a model; each iteration counts as some. */
export const mostRepeatedNodes = 2 ** 22;
const nodesOfIteration = 8;

/** Products, and numbers read and written, of one run: an hour of plain loops, and far more than models of sequences take. */
export const mostWorkOfRun = 2 ** 44;

/** Counts what a run does, so that a file cannot keep a program busy for ever. */
export class RunBudget {
  #left = mostRepeatedNodes;
  #spent = 0;
  readonly #mostWork: number;

  constructor(mostWork = mostWorkOfRun) {
    this.#mostWork = mostWork;
  }

  /** Products and numbers so far. */
  get spent(): number {
    return this.#spent;
  }

  /** @throws OUT_OF_RANGE, naming the node, when nothing is left */
  work(node: OnnxNode, amount: number): void {
    this.#spent += amount;
    if (this.#spent <= this.#mostWork) return;
    const expected = `at most ${this.#mostWork} products and numbers in one run`;
    throw node.fault('the graph computes too much.', expected, 'more', 'OUT_OF_RANGE');
  }

  /** @throws OUT_OF_RANGE, naming the node, when nothing is left */
  spend(node: OnnxNode, numNodes: number): void {
    this.#left -= nodesOfIteration + numNodes;
    if (this.#left >= 0) return;
    const expected = `at most ${mostRepeatedNodes} nodes run by loops`;
    throw node.fault('the loop goes on too long.', expected, 'more', 'OUT_OF_RANGE');
  }
}

/** What one run of a loop's graph gives: the next states, and what is collected. */
export interface Iteration {
  readonly states: readonly (EdgeValue | undefined)[];
  readonly collected: readonly (EdgeValue | undefined)[];
}

/** So many iterations share memory for what they compute and do not keep. */
const iterationsTogether = 16;

/**
 * Runs a graph again and again, from states to states.
 *
 * @param run of one iteration; undefined after the last.
 * @returns the last states and, for each place, what was collected there
 * @throws SHAPE_MISMATCH where what is collected changes its shape; OUT_OF_MEMORY where it is too much
 */
export function iterated(
  node: OnnxNode,
  states: Iteration['states'],
  numCollected: number,
  run: (iteration: number, states: Iteration['states']) => Iteration | undefined,
): { states: Iteration['states']; collected: OnnxValue[][] } {
  const collected: OnnxValue[][] = Array.from({ length: numCollected }, () => []);
  let last = states;
  let count = 0;
  let size = 0;
  let isEnd = false;
  const some = (): (EdgeValue | undefined)[] => {
    const firstNew = count;
    for (let i = 0; i < iterationsTogether && !isEnd; i++) {
      const result = run(count, last);
      if (result === undefined) isEnd = true;
      else {
        count++;
        last = result.states;
        result.collected.forEach((value, at) => {
          size += take(node, collected[at], value);
        });
      }
      if (size > mostValues)
        throw node.fault('it collects too many numbers.', `at most ${mostValues}`, `${size}`, 'OUT_OF_MEMORY');
    }
    return [...last, ...collected.flatMap((values) => values.slice(firstNew))];
  };
  // Derivatives need all that was computed; without them only what goes on stays.
  while (!isEnd) {
    if (isRecording()) some();
    else innerScope(some, tensorsIn);
  }
  return { states: last, collected };
}

function take(node: OnnxNode, collected: OnnxValue[], value: EdgeValue | undefined): number {
  if (value === undefined || value instanceof ValueSequence)
    throw node.fault('the graph inside of it gives no tensor where one is collected.');
  const [first = value] = collected;
  if (value.shape.join() !== first.shape.join()) {
    const [expected, received] = [first.shape.join(', '), value.shape.join(', ')];
    throw node.fault('what it collects changes its shape.', `[${expected}]`, `[${received}]`, 'SHAPE_MISMATCH');
  }
  collected.push(value);
  return value.size;
}

function tensorsIn(values: readonly (EdgeValue | undefined)[]): Tensor[] {
  return values
    .flatMap((value): readonly (EdgeValue | undefined)[] => (value instanceof ValueSequence ? value.values : [value]))
    .filter((value) => value instanceof Tensor);
}
