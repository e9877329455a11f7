import type { TraineeFacts, TrainingFacts } from '../comparison/peer-process.js';
import type { Machine } from '../machine.js';
import { median } from '../timing.js';
import { markdownTable } from '../write-results.js';
import { differenceOverError, type Spread, spreadOf, stretchMeans } from './summary.js';

/** One library trained from one seed. */
export interface SeedRun extends TraineeFacts, TrainingFacts {
  readonly seed: number;
}

export interface TaskReport {
  readonly name: string;
  readonly epochs: number;
  /** Of either model. */
  readonly numParameters: number;
  readonly scoreTitles: Readonly<Record<string, string>>;
  /** By library, in the order of the seeds. */
  readonly runs: { readonly Rondo: SeedRun[]; readonly PyTorch: SeedRun[] };
}

/** What bench/quality.ts found. */
export interface QualityReport {
  readonly machine: Machine;
  readonly loadAfter?: number;
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly threads: number;
  readonly numSeeds: number;
  /** Of the data; 1 for a result that counts. */
  readonly share: number;
  readonly tasks: TaskReport[];
  /** By task: why it was not run. */
  readonly notRun: Record<string, string>;
}

type Time = 'trainMs' | 'cpuMs';

/** The first steps are compared over these stretches. */
const STRETCH_ENDS = [10, 25, 50, 100];
const headings = ['', 'Rondo', 'PyTorch', 'difference / standard error'];

/** A task as a table and a line about its beginning. */
export function linesOfTask(task: TaskReport): string[] {
  const { name, epochs, numParameters, runs } = task;
  return [
    `${name}: ${numParameters} parameters; epochs: ${epochs}; seeds: ${runs.Rondo.length}`,
    '',
    markdownTable(headings, [
      ...scoreRows(task),
      timeRow(task, 'trainMs', 'seconds of training'),
      timeRow(task, 'cpuMs', 'its processor time'),
    ]),
    '',
    `Time of PyTorch over Rondo, median over seeds: ${timeRatio(task, 'trainMs').toFixed(2)}; by processor time ` +
      `${timeRatio(task, 'cpuMs').toFixed(2)}. ${firstSteps(task)}`,
  ];
}

export function markdownOfQuality(report: QualityReport): string {
  const { machine, loadAfter, date, versions, threads, share, tasks, notRun } = report;
  const [first, ...lines] = [
    '# The same models in Rondo and in PyTorch',
    '',
    `${date.slice(0, 10)}, ${machine.processor}, ${machine.logicalCores} cores, ${threads} ` +
      `thread${threads === 1 ? '' : 's'} each; load ${machine.load} before, ${loadAfter ?? '-'} after. ` +
      `Rondo: ${versions.Rondo}. PyTorch: ` +
      `${versions.PyTorch}.${share < 1 ? ` A trial on ${share} of the data.` : ''} Mean and standard deviation ` +
      'over seeds; of three seeds each, a difference below 2.8 standard errors is within noise.',
    '',
    ...tasks.flatMap((task) => [...linesOfTask(task).map((line, i) => (i === 0 ? `## ${line}` : line)), '']),
    ...Object.entries(notRun).map(([name, why]) => `${name} was not run: ${why}.\n`),
  ];
  return [first, ...lines].join('\n');
}

/** The median over seeds of PyTorch's time over Rondo's. */
export function timeRatio({ runs }: TaskReport, time: Time): number {
  return median(runs.Rondo.map((run, i) => runs.PyTorch[i][time] / run[time]));
}

function scoreRows({ scoreTitles, runs }: TaskReport): string[][] {
  const row = (title: string, figure: (run: SeedRun) => number): string[] => {
    const [rondo, pytorch] = [runs.Rondo, runs.PyTorch].map((all) => spreadOf(all.map(figure)));
    return [title, shown(rondo), shown(pytorch), numberOrDash(differenceOverError(rondo, pytorch), 1)];
  };
  return [
    ...Object.entries(scoreTitles).map(([name, title]) => row(title, ({ scores }) => scores[name])),
    row('loss before training', ({ initialLoss }) => initialLoss),
  ];
}

function timeRow({ runs }: TaskReport, time: Time, title: string): string[] {
  const seconds = (all: readonly SeedRun[]): string => (median(all.map((run) => run[time])) / 1000).toFixed(1);
  return [`${title}, median`, seconds(runs.Rondo), seconds(runs.PyTorch), '-'];
}

/** The mean training losses over stretches of the first steps, averaged over the seeds. */
function firstSteps({ runs }: TaskReport): string {
  const means = (all: readonly SeedRun[]): string => {
    const bySeed = all.map(({ meanLosses }) => stretchMeans(meanLosses, STRETCH_ENDS));
    return bySeed[0].map((_, i) => spreadOf(bySeed.map((stretches) => stretches[i])).mean.toFixed(3)).join(', ');
  };
  return (
    'Training loss over steps 1-10, 11-25, 26-50 and 51-100, as far as the first epoch went: Rondo ' +
    `${means(runs.Rondo)}; PyTorch ${means(runs.PyTorch)}.`
  );
}

function shown({ mean, standardDeviation }: Spread): string {
  return Number.isNaN(standardDeviation) ? mean.toFixed(4) : `${mean.toFixed(4)} +- ${standardDeviation.toFixed(4)}`;
}

function numberOrDash(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}
