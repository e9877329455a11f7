import { type BenchCase, benchCases, caseNamed, sizeNames } from '../../bench/cases.js';
import { describeMachine } from '../../bench/machine.js';
import { type CaseResult, runCase } from '../../bench/run-case.js';
import { type BackendName, currentBackend, setThreads } from '../../src/index.js';
import { describeMachineCode } from '../../src/node.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { print } from '../output.js';
import { fileSize, textTable } from '../text-table.js';

const where = 'rondo bench';
const headings = [
  'case',
  'batch',
  'steps',
  'features',
  'units',
  'layers',
  'median',
  'fastest',
  'GFLOP/s',
  'peak',
  'error',
];

/** `rondo bench`: how fast this machine trains and runs recurrent layers. */
export const bench = defineCommand({
  name: 'bench',
  summary: 'Time training and inference of recurrent layers on this machine.',
  usage: '[--case NAME ...] [options]',
  examples: [
    'rondo bench --case lstm-train',
    'rondo bench --case lstm-train gru-train lstm-step --json',
    'rondo bench --backend reference --case lstm-step',
  ],
  options: {
    case: {
      type: 'text',
      value: 'NAME ...',
      about:
        `Which cases; all ${benchCases.length} by default: CELL-train and CELL-infer for every cell of the ` +
        `library; lstm-SIZE-train, gru-SIZE-infer and so on, where SIZE is ${sizeNames.join(', ')}; and ` +
        `${specialNames().join(', ')}.`,
    },
    threads: { type: 'count', value: 'N', about: 'Threads that compute. Default 1.' },
    backend: computeOptions.backend,
    blas: computeOptions.blas,
    native: computeOptions.native,
    ...jsonOption,
  },
  async run({ options, positionals }) {
    const threads = options.threads ?? 1;
    setThreads(threads);
    const names = [...(options.case === undefined ? [] : options.case.split(',')), ...positionals];
    const cases = names.length === 0 ? benchCases : names.map((name) => caseNamed(name, where));
    const backend = (options.backend ?? currentBackend().name) as BackendName;
    const { instructions } = describeMachineCode();
    if (options.json) {
      const results = cases.map((benchCase) => runCase(benchCase, { backend, threads }));
      const lines = results.map((result) =>
        JSON.stringify({ ...inOrder(result), blas: options.blas, machineCode: instructions }),
      );
      print(`[\n${lines.join(',\n')}\n]`);
      return;
    }
    const { processor, logicalCores, runtime, load } = describeMachine();
    print(
      `${processor}, ${logicalCores} logical cores, ${runtime}, load ${load}; backend ` +
        `${backend}${instructions === null ? '' : ` with machine code of ${instructions}`}` +
        `${options.blas ? ' with a BLAS' : ''}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    );
    print('Each case was compared with the float64 reference before it was timed.\n');
    const line = printer(cases);
    for (const benchCase of cases) line(runCase(benchCase, { backend, threads }));
  },
});

/** The cases that are neither the two rows of a cell nor a named size. */
function specialNames(): string[] {
  return benchCases
    .filter(
      ({ name, cell, mode }) =>
        name !== `${cell}-${mode}` && !sizeNames.some((size) => name === `${cell}-${size}-${mode}`),
    )
    .map(({ name }) => name);
}

/** Prints each row as soon as it is there, under headings as wide as every row needs. */
function printer(cases: readonly BenchCase[]): (result: CaseResult) => void {
  const widest = cases.reduce((longest, { name }) => (name.length > longest.length ? name : longest), '');
  const sample = [widest, '1000', '1000', '1000', '1000', '10', '10000.0 ms', '10000.0 ms', '100.0', '100 MB', '1e-10'];
  const rowsBelow = (row: readonly string[]): string[] => textTable(headings, [sample, row]).split('\n');
  print(rowsBelow(sample)[0]);
  return (result) => print(rowsBelow(cellsOf(result))[2]);
}

function cellsOf({
  name,
  batch,
  timesteps,
  features,
  units,
  layers,
  medianMs,
  fastestMs,
  gflops,
  peakBytes,
  largestError,
}: CaseResult): string[] {
  const sizes = [batch, timesteps, features, units, layers].map(String);
  return [
    name,
    ...sizes,
    milliseconds(medianMs),
    milliseconds(fastestMs),
    gflops.toFixed(1),
    fileSize(peakBytes),
    largestError.toExponential(0),
  ];
}

function milliseconds(ms: number): string {
  return `${ms < 1 ? ms.toFixed(4) : ms.toFixed(2)} ms`;
}

function inOrder({
  cell,
  mode,
  batch,
  timesteps,
  features,
  units,
  layers,
  threads,
  backend,
  medianMs,
  gflops,
  peakBytes,
  name,
  ...others
}: CaseResult): object {
  return {
    cell,
    mode,
    batch,
    timesteps,
    features,
    units,
    layers,
    threads,
    backend,
    medianMs,
    gflops,
    peakBytes,
    name,
    ...others,
  };
}
