import type { Machine } from '../machine.js';
import type { CaseComparison, PeerResult } from './compare-case.js';

/** Everything that one run of the comparison found. */
export interface Comparison {
  readonly machine: Machine;
  readonly loadAfter: number;
  readonly date: string;
  /** By library: its version and what it runs on, or why it was not run. */
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
  readonly cases: readonly CaseComparison[];
}

/** The comparison as Markdown. */
export function markdownReport({ machine, loadAfter, date, versions, threads, cases }: Comparison): string {
  return [
    '# Rondo beside its peers',
    '',
    `${date.slice(0, 10)}, ${machine.processor}, ${machine.logicalCores} logical cores, ${machine.runtime}; load ${machine.load} before, ${loadAfter} after; ${threads} thread each.`,
    '',
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
    '',
    'Each library runs in a process of its own; they are timed in turn, in rounds. A time is the median over the rounds. A ratio is',
    "the peer's time over Rondo's: of the medians, then (least to greatest of one round). Every library is timed in each way it offers and",
    'counts with its fastest. Before timing, outputs and the losses of the first training steps were compared; the largest relative',
    'difference is given. Training is forward, backward and Adam. The last ratio is that of the processor time of one run, which other',
    'work on the machine hardly changes.',
    '',
    '| case | Rondo, fastest way | peer, fastest way | time | ratio | by processor time | difference |',
    '|---|---|---|---:|---:|---:|---:|',
    ...cases.flatMap((comparison) => comparison.peers.map((peer) => row(comparison, peer))),
    '',
    '| case | sizes | GFLOP in products, with the input gradient |',
    '|---|---|---:|',
    ...cases.map(({ case: { name, batch, timesteps, features, units, layers }, gigaflop }) => `| ${name} | batch ${batch}, ${timesteps} steps, ${features} features, ${layers} x ${units} units | ${gigaflop.toPrecision(3)} |`),
    '',
  ].join('\n');
}

function row({ case: { name }, rondoVariant, rondoMs }: CaseComparison, peer: PeerResult): string {
  const { peer: who, notRun, variant, medianMs, ratio, lowestRatio, highestRatio, cpuRatio, outputDifference, lossDifference } = peer;
  const start = `| ${name} | \`${rondoVariant}\` ${milliseconds(rondoMs)} | ${who}`;
  if (medianMs === undefined || ratio === undefined) return `${start} | not run | | | ${notRun} |`;
  const difference = Math.max(outputDifference ?? 0, lossDifference ?? 0);
  return `${start}: \`${variant}\` | ${milliseconds(medianMs)} | **${ratio.toFixed(2)}** (${lowestRatio?.toFixed(2)} to ${highestRatio?.toFixed(2)}) | ${cpuRatio?.toFixed(2)} | ${difference.toExponential(0)} |`;
}

function milliseconds(ms: number): string {
  return `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
}
