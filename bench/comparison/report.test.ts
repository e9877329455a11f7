import { expect, test } from 'vitest';
import type { CaseComparison, PeerResult } from './compare-case.js';
import { comparedCase, comparedNames, groupOf } from './compared-case.js';
import { type Comparison, groupMeans, markdownReport } from './report.js';

function comparisonOf(name: string, peers: readonly PeerResult[]): CaseComparison {
  const benchCase = comparedCase(name);
  return {
    case: benchCase,
    group: groupOf(benchCase),
    rounds: 3,
    gigaflop: 1,
    rondoVariant: 'apply',
    rondoFirstMs: {},
    rondoMs: 10,
    rondoCpuMs: 10,
    rondoCoresUsed: 1,
    peers,
  };
}

const ran = (peer: string, ratio: number): PeerResult => ({
  peer,
  variant: 'call',
  medianMs: 10 * ratio,
  rounds: 3,
  ratio,
  lowestRatio: ratio,
  highestRatio: ratio,
  cpuRatio: ratio,
  coresUsed: 1,
  outputDifference: 1e-7,
});

const cases = [
  comparisonOf('lstm-train', [ran('A', 2), ran('B', 5)]),
  comparisonOf('lstm-small-train', [ran('A', 8), { peer: 'B', notRun: 'does not train' }]),
  comparisonOf('lstm-padded-train', [ran('A', 3), { peer: 'B', notRun: 'does not train' }]),
];

test('Means are geometric, of each peer and group, and count what was not run', () => {
  const means = groupMeans(cases);
  expect(means.map(({ ratio, ...others }) => ({ ratio: Number(ratio.toFixed(9)), ...others }))).toEqual([
    { group: 'LSTM training', peer: 'A', ratio: 4, numCases: 2, numNotRun: 0 },
    { group: 'LSTM training', peer: 'B', ratio: 5, numCases: 1, numNotRun: 1 },
    { group: 'GRU, SimpleRNN, packed, custom and minGRU training', peer: 'A', ratio: 3, numCases: 1, numNotRun: 0 },
  ]);
});

test('Every compared case has a group', () => {
  expect(new Set(comparedNames).size).toBe(comparedNames.length);
  const groups = new Set(comparedNames.map((name) => groupOf(comparedCase(name))));
  expect([...groups].sort()).toEqual([
    'GRU, SimpleRNN, packed, custom and minGRU inference',
    'GRU, SimpleRNN, packed, custom and minGRU training',
    'LSTM inference',
    'LSTM training',
    'streaming step',
  ]);
});

test('The report has a row for each case and peer, the means, and what Rondo did not run', () => {
  const machine = { processor: 'P', logicalCores: 2, runtime: 'Node', load: 0 };
  const comparison: Comparison = {
    machine,
    loadAfter: 0,
    date: '2026-01-01T00:00:00Z',
    versions: { Rondo: 'v' },
    threads: 2,
    cases,
    failed: { 'gru-train': 'memory is full' },
  };
  const report = markdownReport(comparison);
  expect(report).toContain('2 threads each');
  expect(report).toContain('| lstm-small-train | `apply` 10.0 ms | B | not run | | | does not train |');
  expect(report).toContain('| LSTM training | A | **4.00** | 2 | 0 |');
  expect(report).toContain('gru-train: not run by Rondo: memory is full');
  expect(report).toContain('| lstm-padded-train | batch 64, 10 to 200 steps, 64 features, 1 x 128 units |');
});
