import type { Packing } from './packing.js';

/**
 * Some steps of a packed batch: its first A sorted rows, those that are still running at its first step, as a batch of
 * their own. Letters: A rows, S steps.
 */
export interface Segment {
  readonly rows: number;
  readonly steps: number;
  /** The packed rows that it holds: `numRows` from this one on. */
  readonly firstRow: number;
  readonly numRows: number;
  /** How many of its rows run on in the next segment. */
  readonly rowsAfter: number;
  /** `[A * S]`: the place in `[batch * time]` of each step, -1 after a row's end. */
  readonly sourceOf: Int32Array;
  /** `[A * S]`, 0 after a row's end; undefined where all rows run to the last step. */
  readonly mask: Uint8Array | undefined;
  /** The places of the output sequence that show its outputs, in their order ... */
  readonly outputPlaces: Int32Array;
  /** ... and which of its `[A * S]` steps stands at each. */
  readonly stepAt: Int32Array;
}

/** Cuts a packing every `steps` steps. */
export function segmentsOf({ activeRows, numRows, sourceOf, outputAt }: Packing, steps: number): readonly Segment[] {
  const segments: Segment[] = [];
  const segmentOf = new Int32Array(numRows);
  const stepOf = new Int32Array(numRows);
  for (let start = 0, row = 0; start < activeRows.length; start += steps) {
    const [firstRow, rows] = [row, activeRows[start]];
    const numSteps = Math.min(steps, activeRows.length - start);
    const sources = new Int32Array(rows * numSteps).fill(-1);
    for (let step = 0; step < numSteps; step++) {
      for (let i = 0; i < activeRows[start + step]; i++, row++) {
        sources[i * numSteps + step] = sourceOf[row];
        segmentOf[row] = segments.length;
        stepOf[row] = i * numSteps + step;
      }
    }
    const endsWithin = row - firstRow < rows * numSteps;
    segments.push({
      rows,
      steps: numSteps,
      firstRow,
      numRows: row - firstRow,
      rowsAfter: activeRows[start + numSteps] ?? 0,
      sourceOf: sources,
      mask: endsWithin ? Uint8Array.from(sources, (source) => Number(source >= 0)) : undefined,
      outputPlaces: new Int32Array(0),
      stepAt: new Int32Array(0),
    });
  }
  const places = segments.map((): { at: number[]; steps: number[] } => ({ at: [], steps: [] }));
  outputAt.forEach((row, place) => {
    if (row < 0) return;
    const { at, steps: shown } = places[segmentOf[row]];
    at.push(place);
    shown.push(stepOf[row]);
  });
  return segments.map((segment, i) => ({
    ...segment,
    outputPlaces: Int32Array.from(places[i].at),
    stepAt: Int32Array.from(places[i].steps),
  }));
}
