import { type LongMemoryProblemName, longMemoryProblem, longMemoryProblems } from '../../src/index.js';
import { fourDigits, percent, textTable, withSeparators } from '../text-table.js';
import type { RunRecord } from './results-folder.js';

/** One line for a run that has ended. */
export function runLine(record: RunRecord): string {
  const { problem, length, cell, loss, msPerStep } = record;
  return `${cell}, ${problem} T = ${length}: ${resultOf(record)}, loss ${fourDigits(loss)}, ${milliseconds(msPerStep)} a step`;
}

/** A table for each problem, and a last line that says which cell solved what. */
export function comparisonReport(records: readonly RunRecord[]): string {
  const problems = [...new Set(records.map(({ problem }) => problem))];
  const tables = problems.map((name) =>
    problemTable(
      name,
      records.filter(({ problem }) => problem === name),
    ),
  );
  const lengths = problems.flatMap((name) => {
    const own = records.filter(({ problem }) => problem === name);
    return [...new Set(own.map(({ length }) => length))].map((length) => {
      const solvers = own.filter((record) => record.length === length && record.status === 'solved');
      const by = solvers.length === 0 ? 'no cell' : solvers.map(({ cell }) => cell).join(', ');
      return `${name} T = ${length} by ${by}`;
    });
  });
  return [...tables, `Solved: ${lengths.join('; ')}.`].join('\n\n');
}

function problemTable(name: LongMemoryProblemName, records: readonly RunRecord[]): string {
  const { chance, baseline, solvedAt } = longMemoryProblem(name, records[0].length);
  const hasAccuracy = chance !== undefined;
  const rows = records.map((record) => {
    const { cell, length, loss, accuracy, msPerStep, numParams } = record;
    const problem = longMemoryProblem(name, length);
    return [
      cell,
      String(length),
      resultOf(record),
      fourDigits(loss),
      fourDigits(problem.baseline),
      ...(hasAccuracy ? [accuracy === null ? '-' : percent(accuracy), percent(problem.chance ?? 0)] : []),
      milliseconds(msPerStep),
      withSeparators(numParams),
    ];
  });
  const accuracies = hasAccuracy ? ['accuracy', 'guessed'] : [];
  const headings = ['cell', 'T', 'result', 'loss', 'guessing', ...accuracies, 'a step', 'weights'];
  const least = percent(solvedAt / baseline);
  return `${name}: ${longMemoryProblems[name].about}; solved below ${least} of the loss of guessing\n${textTable(headings, rows)}`;
}

function resultOf({ status, steps, reason }: RunRecord): string {
  if (status === 'failed') return `failed after ${withSeparators(steps)} steps: ${reason}`;
  return status === 'solved'
    ? `solved after ${withSeparators(steps)} steps`
    : `not solved in ${withSeparators(steps)} steps`;
}

function milliseconds(ms: number | null): string {
  return ms === null ? '-' : `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
