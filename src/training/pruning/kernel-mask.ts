import type { PrunableKernel } from './prunable-kernels.js';

/** Neighbouring outputs of one gate, and neighbouring inputs, that are kept or pruned together. */
export type BlockShape = readonly [outputs: number, inputs: number];

/** Which blocks of a kernel are kept. */
export interface BlockChoice {
  readonly block: BlockShape;
  /** By gate: the share of its blocks that is pruned. */
  sparsityOf(gate: string | null): number;
  /** Whether every panel of neighbouring outputs keeps equally many blocks. */
  readonly balanced: boolean;
  /** Whether blocks stay that cross the diagonal of a gate's square recurrent kernel. */
  readonly keepDiagonal: boolean;
}

/** Outputs of one gate and one head, `columns` from `first` on, with a score for each block of inputs. */
interface Panel {
  readonly head: number;
  readonly first: number;
  readonly columns: number;
  /** Below 0 where a block is pruned, infinite where it stays. */
  readonly scores: Float64Array;
}

/**
 * What magnitude pruning keeps of a kernel: 1 in the blocks whose root of the mean square is largest, else 0. The size of
 * a block is its L2 norm, as in LPCNet (Valin and Skoglund 2019, section 3.2; Narang et al. 2017 take the largest
 * value, Kalchbrenner et al. 2018 the mean), divided by the root of its number of values: the last block of a gate and of
 * the inputs may be smaller, and is compared fairly. What is pruned stays so; at least one block of a panel is kept.
 *
 * @param values of the kernel.
 * @param before the mask before, undefined where nothing is pruned.
 */
export function kernelMask(
  values: ArrayLike<number>,
  kernel: PrunableKernel,
  choice: BlockChoice,
  before: ArrayLike<number> | undefined,
): Float32Array {
  const mask = new Float32Array(values.length);
  const { balanced, block } = choice;
  kernel.gates.forEach((gate, place) => {
    const panels = panelsOf(kernel, place, choice).map((panel) => scored(values, kernel, panel, choice, before));
    const share = 1 - choice.sparsityOf(gate);
    // Equally many in each panel, also where more blocks cross the diagonal of one than of another.
    const groups = (balanced ? panels.map((panel) => [panel]) : [panels]).map((group) => ({
      group,
      scores: Float64Array.from(group.flatMap((panel) => [...panel.scores])),
    }));
    const least = groups.reduce((most, { scores }) => Math.max(most, scores.filter((s) => s === Infinity).length), 1);
    for (const { group, scores } of groups) {
      const isKept = largest(scores, Math.max(least, Math.round(share * scores.length)));
      let next = 0;
      for (const panel of group)
        for (let i = 0; i < panel.scores.length; i++) if (isKept[next++] === 1) fill(mask, kernel, panel, i, block[1]);
    }
  });
  return mask;
}

/** Of a gate, the last one narrower where the units are no multiple of the block. */
function panelsOf(
  { heads, rows, gates, width }: PrunableKernel,
  gate: number,
  { block: [outputs, inputs] }: BlockChoice,
): Panel[] {
  const inGate = Array.from({ length: Math.ceil(width / outputs) }, (_, i) => i * outputs);
  return Array.from({ length: heads }, (_, head) =>
    inGate.map((start) => ({
      head,
      first: head * rows * gates.length * width + gate * width + start,
      columns: Math.min(outputs, width - start),
      scores: new Float64Array(Math.ceil(rows / inputs)),
    })),
  ).flat();
}

function scored(
  values: ArrayLike<number>,
  kernel: PrunableKernel,
  panel: Panel,
  { block, keepDiagonal }: BlockChoice,
  before: ArrayLike<number> | undefined,
): Panel {
  const { scores, columns } = panel;
  const { width, gates } = kernel;
  for (let i = 0; i < scores.length; i++) {
    let [sum, count, kept, isDiagonal] = [0, 0, 0, false];
    eachRow(kernel, panel, i, block[1], (row, start) => {
      const output = (panel.first % (gates.length * width)) % width;
      if (row >= output && row < output + columns) isDiagonal = true;
      for (let k = start; k < start + columns; k++) {
        sum += values[k] * values[k];
        if (before === undefined || before[k] !== 0) kept++;
      }
      count += columns;
    });
    if (kept === 0) scores[i] = -1;
    else scores[i] = isDiagonal && keepDiagonal && kernel.isSquare ? Infinity : Math.sqrt(sum / count);
  }
  return panel;
}

/** Calls with each row of a block, and where its values begin. */
function eachRow(
  { rows, gates, width }: PrunableKernel,
  { first }: Panel,
  block: number,
  inputs: number,
  work: (row: number, start: number) => void,
): void {
  const end = Math.min(rows, (block + 1) * inputs);
  for (let row = block * inputs; row < end; row++) work(row, first + row * gates.length * width);
}

function fill(mask: Float32Array, kernel: PrunableKernel, panel: Panel, block: number, inputs: number): void {
  eachRow(kernel, panel, block, inputs, (_, start) => mask.fill(1, start, start + panel.columns));
}

/** 1 at the places of the largest numbers, at most so many, and of none below 0; of equal ones the first are taken. */
function largest(scores: Float64Array, most: number): Uint8Array {
  const isKept = new Uint8Array(scores.length);
  const threshold = scores.slice().sort()[Math.max(0, scores.length - most)];
  let left = most - scores.reduce((count, score) => count + (score > threshold ? 1 : 0), 0);
  scores.forEach((score, i) => {
    if (score < 0 || score < threshold || (score === threshold && left-- <= 0)) return;
    isKept[i] = 1;
  });
  return isKept;
}
