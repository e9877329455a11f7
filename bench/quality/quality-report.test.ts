import { expect, test } from 'vitest';
import { markdownOfQuality, type SeedRun, type TaskReport, timeRatio } from './quality-report.js';

const run = (seed: number, loss: number, trainMs: number, cpuMs: number): SeedRun => ({
  seed,
  numParameters: 42,
  initialLoss: 4 + seed / 10,
  trainMs,
  cpuMs,
  meanLosses: Array.from({ length: 30 }, (_, i) => 4 - i / 100),
  scores: { loss },
});
const task: TaskReport = {
  name: 'language-model',
  epochs: 3,
  numParameters: 42,
  scoreTitles: { loss: 'nats a character' },
  runs: {
    Rondo: [run(1, 1.5, 1000, 900), run(2, 1.7, 2000, 900), run(3, 1.6, 4000, 1000)],
    PyTorch: [run(1, 1.8, 3000, 1800), run(2, 2, 3000, 1800), run(3, 1.9, 4000, 1000)],
  },
};

test('Times are compared seed by seed, and the middle ratio counts', () => {
  expect(timeRatio(task, 'trainMs')).toBe(1.5);
  expect(timeRatio(task, 'cpuMs')).toBe(2);
});

test('The report shows scores with their spread, the difference in standard errors, and what was not run', () => {
  const machine = { processor: 'a processor', logicalCores: 2, runtime: 'Node', load: 0.5 };
  const text = markdownOfQuality({
    machine,
    date: '2026-01-02T00:00:00Z',
    versions: { Rondo: 'r', PyTorch: 'p' },
    threads: 1,
    numSeeds: 3,
    share: 0.5,
    tasks: [task],
    notRun: { classifier: 'no data' },
  });
  expect(text).toContain('A trial on 0.5 of the data.');
  expect(text).toContain('| nats a character | 1.6000 +- 0.1000 | 1.9000 +- 0.1000 | -3.7 |');
  expect(text).toContain('| seconds of training, median | 2.0 | 3.0 | - |');
  expect(text).toContain('Rondo 3.910, 3.660; PyTorch 3.910, 3.660.');
  expect(text).toContain('classifier was not run: no data.');
});
