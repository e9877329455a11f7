import type { BenchCase } from '../cases.js';
import type { Machine } from '../machine.js';
import type { CaseComparison, PeerResult } from './compare-case.js';

/** Everything that one run of the comparison found. */
export interface Comparison {
  readonly machine: Machine;
  readonly loadAfter: number;
  /** What the environment told the C library's allocator, for all libraries alike. */
  readonly allocator?: Readonly<Record<string, string>> | undefined;
  readonly date: string;
  /** By library: its version and what it runs on, or why it was not run. */
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
  readonly cases: readonly CaseComparison[];
  /** By name of a case: why Rondo did not run it. */
  readonly failed: Readonly<Record<string, string>>;
}

/** How a peer did on a group of cases. */
export interface GroupMean {
  readonly group: string;
  readonly peer: string;
  /** Geometric mean of the peer's time over Rondo's. */
  readonly ratio: number;
  readonly numCases: number;
  readonly numNotRun: number;
}

/** Geometric means over the cases that a peer ran, by group and peer in the order of their first case. */
export function groupMeans(cases: readonly CaseComparison[]): GroupMean[] {
  const groups = [...new Set(cases.map(({ group }) => group))];
  return groups.flatMap((group) => {
    const results = cases.filter((one) => one.group === group).flatMap(({ peers }) => peers);
    return [...new Set(results.map(({ peer }) => peer))].flatMap((peer) => {
      const own = results.filter((result) => result.peer === peer);
      const ratios = own.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
      if (ratios.length === 0) return [];
      const ratio = Math.exp(ratios.reduce((sum, value) => sum + Math.log(value), 0) / ratios.length);
      return [{ group, peer, ratio, numCases: ratios.length, numNotRun: own.length - ratios.length }];
    });
  });
}

/** The comparison as Markdown. */
export function markdownReport(comparison: Comparison): string {
  const { machine, loadAfter, allocator = {}, date, versions, threads, cases, failed } = comparison;
  const settings = Object.entries(allocator).map(([name, value]) => `${name}=${value}`);
  return [
    '# Rondo beside its peers',
    '',
    `${date.slice(0, 10)}, ${machine.processor}, ${machine.logicalCores} logical cores, ${machine.runtime}; ` +
      `load ${machine.load} before, ${loadAfter} after; ${threads} ${threads === 1 ? 'thread' : 'threads'} each.`,
    '',
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
    ...(settings.length === 0 ? [] : [`- all of them with ${settings.join(' ')}`]),
    '',
    'Each library runs in a process of its own; they are timed in turn, in rounds. A time is the median over ' +
      'the rounds. A ratio is',
    "the peer's time over Rondo's: of the medians, then (least to greatest of one round). Every library is " +
      'timed in each way it offers and',
    'counts with its fastest. Before timing, outputs and the losses of the first training steps were compared; ' +
      'the largest relative',
    'difference is given. Training is forward, backward and Adam. The last ratio is that of the processor time ' +
      'of one run, which other',
    'work on the machine hardly changes.',
    'A case with padding has sequences of different lengths: outputs and losses are compared where a step ' +
      'counts. With words, a',
    'dense layer and a softmax stand on top; the input counts as embedded.',
    '',
    '| case | Rondo, fastest way | peer, fastest way | time | ratio | by processor time | difference |',
    '|---|---|---|---:|---:|---:|---:|',
    ...cases.flatMap((comparison) => comparison.peers.map((peer) => row(comparison, peer))),
    '',
    ...groupTable(cases),
    ...Object.entries(failed).map(([name, reason]) => `${name}: not run by Rondo: ${reason}\n`),
    '| case | sizes | GFLOP in products, with the input gradient |',
    '|---|---|---:|',
    ...cases.map(
      ({ case: benchCase, gigaflop }) => `| ${benchCase.name} | ${sizesOf(benchCase)} | ${gigaflop.toPrecision(3)} |`,
    ),
    '',
  ].join('\n');
}

function groupTable(cases: readonly CaseComparison[]): string[] {
  const means = groupMeans(cases);
  if (means.length === 0) return [];
  return [
    "Geometric means of the ratios over the cases that a peer ran; a peer's means are over other cases where it " +
      'did not run all.',
    '',
    '| group | peer | mean ratio | cases | not run |',
    '|---|---|---:|---:|---:|',
    ...means.map(
      ({ group, peer, ratio, numCases, numNotRun }) =>
        `| ${group} | ${peer} | **${ratio.toFixed(2)}** | ${numCases} | ${numNotRun} |`,
    ),
    '',
  ];
}

function sizesOf({
  batch,
  timesteps,
  features,
  units,
  layers,
  bidirectional,
  shortestLength,
  numWords,
}: BenchCase): string {
  const steps = shortestLength === undefined ? `${timesteps} steps` : `${shortestLength} to ${timesteps} steps`;
  const parts = [`batch ${batch}`, steps, `${features} features`, `${layers} x ${units} units`];
  if (bidirectional === true) parts.push('both directions');
  if (numWords !== undefined) parts.push(`softmax over ${numWords} words`);
  return parts.join(', ');
}

function row({ case: { name }, rondoVariant, rondoMs }: CaseComparison, peer: PeerResult): string {
  const {
    peer: who,
    notRun,
    variant,
    medianMs,
    ratio,
    lowestRatio,
    highestRatio,
    cpuRatio,
    outputDifference,
    lossDifference,
  } = peer;
  const start = `| ${name} | \`${rondoVariant}\` ${milliseconds(rondoMs)} | ${who}`;
  if (medianMs === undefined || ratio === undefined) return `${start} | not run | | | ${notRun} |`;
  const difference = Math.max(outputDifference ?? 0, lossDifference ?? 0);
  return (
    `${start}: \`${variant}\` | ${milliseconds(medianMs)} | **${ratio.toFixed(2)}** (${lowestRatio?.toFixed(2)} ` +
    `to ${highestRatio?.toFixed(2)}) | ${cpuRatio?.toFixed(2)} | ${difference.toExponential(0)} |`
  );
}

function milliseconds(ms: number): string {
  return `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
}
