import type { Operation, Value } from './body.js';
import { valuesOf } from './body-uses.js';

/** The parts of a processor that operations wait for, and how many operations each begins in a cycle. */
const unitWidths = { multiply: 2, add: 2, logic: 4, load: 2, store: 1 } as const;

/** Which unit an operation takes and for how many beginnings, and after how many cycles its result can be used. */
interface Cost {
  readonly unit: keyof typeof unitWidths;
  readonly beginnings: number;
  readonly latency: number;
}

const load: Cost = { unit: 'load', beginnings: 1, latency: 7 };
const store: Cost = { unit: 'store', beginnings: 1, latency: 1 };
const product: Cost = { unit: 'multiply', beginnings: 1, latency: 4 };
const other: Cost = { unit: 'add', beginnings: 1, latency: 3 };
const logic: Cost = { unit: 'logic', beginnings: 1, latency: 1 };

/** Measured on Zen 5; operations that are not named are like an addition. */
const costs: Partial<Readonly<Record<Operation['name'], Cost>>> = {
  fmadd: product,
  fnmadd: product,
  vmulps: product,
  vdivps: { unit: 'multiply', beginnings: 2, latency: 11 },
  vsqrtps: { unit: 'multiply', beginnings: 4, latency: 15 },
  vandps: logic,
  vandnps: logic,
  vorps: logic,
  vxorps: logic,
  vpaddd: logic,
  vpsubd: logic,
  vblendmps: logic,
};

function costOf({ name, result, place }: Operation): Cost {
  if (result === undefined) return store;
  return place === undefined ? (costs[name] ?? other) : load;
}

interface Node {
  readonly index: number;
  readonly operation: Operation;
  readonly cost: Cost;
  /** What comes behind it, and after how many cycles. */
  readonly followers: { readonly node: Node; readonly latency: number }[];
  /** The values that it reads which take a register until they are used, and whether its result is one. */
  readonly reads: readonly Value[];
  readonly makesOne: boolean;
  /** How many times others name it as a follower. */
  numBefore: number;
  /** Cycles from its beginning to the end of the body. */
  height: number;
  /** When its operands are there. */
  ready: number;
}

/**
 * The operations in an order in which a processor that looks only some way ahead has more of them to begin: of those
 * whose operands are there, the one first that has the longest way to the end behind it. While more than `mostLive`
 * vectors wait for their uses, what frees a register goes before all else.
 *
 * Source: Gibbons and Muchnick 1986, "Efficient instruction scheduling for a pipelined architecture".
 */
export function scheduled(operations: readonly Operation[], mostLive: number): Operation[] {
  const nodes = graphOf(operations);
  const numUses = new Map<Value, number>();
  for (const { reads } of nodes) for (const value of reads) numUses.set(value, (numUses.get(value) ?? 0) + 1);
  /** How many more values wait behind an operation. */
  const growthOf = ({ reads, makesOne }: Node): number => {
    let growth = makesOne ? 1 : 0;
    for (const value of reads) if (numUses.get(value) === 1) growth--;
    return growth;
  };
  const candidates: Node[] = [];
  for (const node of nodes) if (node.numBefore === 0) insert(candidates, node);
  const begun = { multiply: 0, add: 0, logic: 0, load: 0, store: 0 };
  const inOrder: Operation[] = [];
  let live = 0;
  for (let cycle = 0; candidates.length > 0; ) {
    const canBegin = ({ ready, cost: { unit } }: Node): boolean =>
      ready <= cycle && begun[unit] < unitWidths[unit] * (cycle + 1);
    const place = live < mostLive ? candidates.findIndex(canBegin) : firstThatFrees(candidates, growthOf);
    if (place < 0) {
      cycle++;
      continue;
    }
    const [node] = candidates.splice(place, 1);
    inOrder.push(node.operation);
    live += growthOf(node);
    for (const value of node.reads) numUses.set(value, numUses.get(value)! - 1);
    const { unit, beginnings } = node.cost;
    begun[unit] = Math.max(begun[unit], unitWidths[unit] * cycle) + beginnings;
    for (const { node: follower, latency } of node.followers) {
      follower.ready = Math.max(follower.ready, cycle + latency);
      if (--follower.numBefore === 0) insert(candidates, follower);
    }
  }
  return inOrder;
}

/** The first that leaves fewer values than before, else the first that leaves as many, else the first. */
function firstThatFrees(candidates: readonly Node[], growthOf: (node: Node) => number): number {
  const frees = candidates.findIndex((node) => growthOf(node) < 0);
  return frees >= 0
    ? frees
    : Math.max(
        0,
        candidates.findIndex((node) => growthOf(node) === 0),
      );
}

/** Into a list that begins with the nodes that have the longest way to the end behind them. */
function insert(candidates: Node[], node: Node): void {
  const isBehind = ({ height, index }: Node): boolean =>
    height < node.height || (height === node.height && index > node.index);
  let [first, last] = [0, candidates.length];
  while (first < last) {
    const middle = (first + last) >> 1;
    if (isBehind(candidates[middle])) last = middle;
    else first = middle + 1;
  }
  candidates.splice(first, 0, node);
}

/** Whether a value is in a register because an operation of the body computes it. */
function takesRegister({ kind, fixed, home }: Value): boolean {
  return kind === 'vector' && fixed === undefined && home === undefined;
}

/** What waits for what: uses for results, and whatever touches memory or a fixed register in the order that is given. */
function graphOf(operations: readonly Operation[]): Node[] {
  const nodes: Node[] = [];
  const follow = (before: Node | undefined, after: Node, latency = 0): void => {
    if (before === undefined || before === after) return;
    before.followers.push({ node: after, latency });
    after.numBefore++;
  };
  const writers = new Map<Value, Node>();
  /** Of values in fixed registers, which are written again. */
  const readers = new Map<Value, Node[]>();
  let lastStore: Node | undefined;
  let loads: Node[] = [];
  operations.forEach((operation, index) => {
    const { result, place } = operation;
    const values = [...valuesOf(operation)];
    const node: Node = {
      index,
      operation,
      cost: costOf(operation),
      followers: [],
      reads: values.filter(takesRegister),
      makesOne: result !== undefined && takesRegister(result),
      numBefore: 0,
      height: 0,
      ready: 0,
    };
    nodes.push(node);
    for (const value of values) {
      const writer = writers.get(value);
      follow(writer, node, writer?.cost.latency);
      if (value.fixed !== undefined) readers.set(value, [...(readers.get(value) ?? []), node]);
    }
    if (result !== undefined) {
      for (const reader of readers.get(result) ?? []) follow(reader, node);
      follow(writers.get(result), node);
      writers.set(result, node);
      readers.delete(result);
    }
    if (place === undefined) return;
    follow(lastStore, node);
    if (result !== undefined) loads.push(node);
    else {
      for (const before of loads) follow(before, node);
      lastStore = node;
      loads = [];
    }
  });
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { followers, cost } = nodes[i];
    nodes[i].height = cost.latency;
    for (const { node, latency } of followers) nodes[i].height = Math.max(nodes[i].height, latency + node.height);
  }
  return nodes;
}
