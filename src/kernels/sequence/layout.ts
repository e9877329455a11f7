import type { RecurrentCall } from '../contract.js';

/** Where each step's rows lie. Letters: B batch, T time steps, N packed rows, U units. */
export interface Layout {
  /** T. */
  readonly steps: number;
  /** B. */
  readonly batch: number;
  /** N. */
  readonly rows: number;
  readonly activeRows: Int32Array;
  /** By step: packed index of its first row. */
  readonly firstRow: Int32Array;
  /** By step: in a states buffer, the first row of the state it reads. */
  readonly stateBefore: Int32Array;
}

export function layoutOf({ activeRows, batch }: Pick<RecurrentCall, 'activeRows' | 'batch'>): Layout {
  const steps = activeRows.length;
  const firstRow = new Int32Array(steps);
  const stateBefore = new Int32Array(steps);
  let rows = 0;
  for (let t = 0; t < steps; t++) {
    firstRow[t] = rows;
    stateBefore[t] = t === 0 ? 0 : batch + firstRow[t - 1];
    rows += activeRows[t];
  }
  return { steps, batch, rows, activeRows, firstRow, stateBefore };
}

/** The rows of the batch and the units that one part of a run works on. */
export interface Shard {
  readonly firstRow: number;
  readonly numRows: number;
  readonly firstUnit: number;
  readonly numUnits: number;
}

/** How an array's place moves from step to step. */
export type Movement = 'fixed' | 'packed' | 'stateBefore' | 'stateAfter';

/** Steps in which a shard's arrays move evenly, so that one loop runs through them. */
export interface StepRun {
  readonly numSteps: number;
  /** Rows of the shard that are still active. */
  readonly numRows: number;
  /** By movement: the first row at the first step, and by how many rows each further step moves. */
  readonly start: Readonly<Record<Movement, number>>;
  readonly stepStride: Readonly<Record<Movement, number>>;
}

/** All steps of a shard in which it has active rows, from the first step on or backwards from the last. */
export function stepRunsOf(layout: Layout, shard: Shard, order: 'forward' | 'backward'): StepRun[] {
  const { steps, activeRows, firstRow, stateBefore } = layout;
  const stepAt = (i: number): number => (order === 'forward' ? i : steps - 1 - i);
  const rowsAt = (t: number): number => Math.max(0, Math.min(shard.numRows, activeRows[t] - shard.firstRow));
  const stepRuns: StepRun[] = [];
  for (let first = 0; first < steps; ) {
    const t = stepAt(first);
    const numRows = rowsAt(t);
    const start = placesOf(layout, shard, t);
    let stepStride: Record<Movement, number> = { fixed: 0, packed: 0, stateBefore: 0, stateAfter: 0 };
    let numSteps = 1;
    for (; first + numSteps < steps; numSteps++) {
      const [before, next] = [stepAt(first + numSteps - 1), stepAt(first + numSteps)];
      if (rowsAt(next) !== numRows) break;
      const packed = firstRow[next] - firstRow[before];
      const states = stateBefore[next] - stateBefore[before];
      if (numSteps === 1) stepStride = { fixed: 0, packed, stateBefore: states, stateAfter: packed };
      else if (packed !== stepStride.packed || states !== stepStride.stateBefore) break;
    }
    if (numRows > 0) stepRuns.push({ numSteps, numRows, start, stepStride });
    first += numSteps;
  }
  return stepRuns;
}

function placesOf({ batch, firstRow, stateBefore }: Layout, shard: Shard, t: number): Record<Movement, number> {
  const first = shard.firstRow;
  return {
    fixed: first,
    packed: first + firstRow[t],
    stateBefore: first + stateBefore[t],
    stateAfter: first + batch + firstRow[t],
  };
}
