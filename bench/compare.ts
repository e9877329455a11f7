/**
 * Times Rondo beside other libraries, in turn, on one thread each or as many as `--threads` says, and writes what it
 * finds to bench/results:
 *
 *     npm install --prefix bench/peers
 *     npm run build && node dist/bench/compare.js --python path/to/python
 *
 * Python needs keras, tensorflow-cpu and torch. A peer that is missing is reported as not run. Node's own options reach
 * Rondo and the peers in JavaScript.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CaseComparison, compareCase } from './comparison/compare-case.js';
import { comparedCase, comparedNames } from './comparison/compared-case.js';
import { PeerProcess, PeerRefusal } from './comparison/peer-process.js';
import { type Comparison, groupMeans, markdownReport } from './comparison/report.js';
import { describeMachine } from './machine.js';
import { benchFolder, resultName, writeResult } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    /** The interpreter that has Keras and PyTorch; else the environment's RONDO_PYTHON. */
    python: { type: 'string', default: process.env.RONDO_PYTHON ?? 'python3' },
    /** Names of cases, with commas between. */
    case: { type: 'string', default: comparedNames.join(',') },
    /** Names of peers, with commas between; all by default. */
    peer: { type: 'string' },
    /** Each library is timed in at most so many rounds. */
    rounds: { type: 'string', default: '9' },
    /** Each library takes about so long on each case at most. */
    seconds: { type: 'string', default: '8' },
    /** A peer that prepares or runs a case for longer is given up. */
    timeout: { type: 'string', default: '120' },
    threads: { type: 'string', default: '1' },
    /** The folder to write to; bench/results by default. */
    out: { type: 'string' },
  },
});

// Rondo's own peer is compiled; the others lie in bench as they are.
const here = fileURLToPath(new URL('.', import.meta.url));

/** By name: the program and its arguments after the folder of the peers. */
const peerCommands: Readonly<Record<string, { readonly program: string; readonly args: readonly string[] }>> = {
  PyTorch: { program: options.python, args: ['pytorch-peer.py'] },
  Keras: { program: options.python, args: ['keras-peer.py'] },
  'TensorFlow.js': { program: process.execPath, args: ['tensorflow-js-peer.mjs'] },
  'ONNX Runtime': { program: process.execPath, args: ['onnx-runtime-peer.mjs', 'node'] },
  'ONNX Runtime Web': { program: process.execPath, args: ['onnx-runtime-peer.mjs', 'web'] },
  'jax-js': { program: process.execPath, args: ['jax-js-peer.mjs'] },
  'brain.js': { program: process.execPath, args: ['brain-js-peer.mjs'] },
};

/** A positive number from the command line. */
function positive(name: 'rounds' | 'seconds' | 'timeout' | 'threads', isWhole: boolean): number {
  const value = Number(options[name]);
  if (value > 0 && (!isWhole || Number.isInteger(value))) return value;
  throw new RangeError(
    `--${name} needs a ${isWhole ? 'whole number of at least 1' : 'number above 0'}, not ${options[name]}`,
  );
}

function startPeers(numThreads: number, timeoutMs: number): { rondo: PeerProcess; peers: PeerProcess[] } {
  const common = { numThreads, timeoutMs };
  const nodeArgs = (file: string): string[] => [...process.execArgv, file];
  const names = options.peer?.split(',') ?? Object.keys(peerCommands);
  const unknown = names.find((name) => peerCommands[name] === undefined);
  if (unknown !== undefined)
    throw new RangeError(`no peer \`${unknown}\`; there are ${Object.keys(peerCommands).join(', ')}`);
  return {
    rondo: new PeerProcess({
      name: 'Rondo',
      program: process.execPath,
      args: nodeArgs(join(here, 'peers/rondo-peer.js')),
      ...common,
    }),
    peers: names.map((name) => {
      const { program, args } = peerCommands[name];
      const [file, ...others] = args;
      const path = join(benchFolder, 'peers', file);
      return new PeerProcess({
        name,
        program,
        args: [...(program === process.execPath ? nodeArgs(path) : [path]), ...others],
        ...common,
      });
    }),
  };
}

async function versionsOf(processes: readonly PeerProcess[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const peer of processes) {
    try {
      versions[peer.name] = (await peer.describe()).versions;
    } catch (reason) {
      if (!(reason instanceof PeerRefusal)) throw reason;
      versions[peer.name] = `not run: ${reason.message}`;
    }
  }
  return versions;
}

async function main(): Promise<void> {
  const cases = options.case.split(',').map(comparedCase);
  const threads = positive('threads', true);
  const budget = { mostRounds: positive('rounds', true), totalMs: positive('seconds', false) * 1000 };
  const { rondo, peers } = startPeers(threads, positive('timeout', false) * 1000);
  const directory = mkdtempSync(join(tmpdir(), 'rondo-compare-'));
  try {
    const machine = describeMachine();
    const allocator = Object.fromEntries(
      Object.entries(process.env).filter((entry): entry is [string, string] => entry[0].startsWith('MALLOC_')),
    );
    const versions = { Rondo: (await rondo.describe()).versions, ...(await versionsOf(peers)) };
    const compared: CaseComparison[] = [];
    const failed: Record<string, string> = {};
    let written = '';
    for (const benchCase of cases) {
      try {
        const result = await compareCase(benchCase, rondo, peers, directory, budget);
        compared.push(result);
        for (const line of linesOf(result)) console.log(line);
      } catch (reason) {
        if (!(reason instanceof PeerRefusal)) throw reason;
        failed[benchCase.name] = reason.message;
        console.log(`${benchCase.name}: not run by Rondo: ${reason.message}`);
      }
      // Written after every case, so that an interrupted run leaves what it found.
      written = write({
        machine,
        loadAfter: describeMachine().load,
        allocator,
        date: new Date().toISOString(),
        versions,
        threads,
        cases: compared,
        failed,
      });
    }
    console.log('');
    for (const { group, peer, ratio, numCases, numNotRun } of groupMeans(compared))
      console.log(`${group}, ${peer}: geometric mean ${ratio.toFixed(2)} of ${numCases} cases, ${numNotRun} not run`);
    console.log(
      `\nwrote ${written} and the same as JSON; load ${machine.load} before, ${describeMachine().load} after`,
    );
  } finally {
    for (const peer of [rondo, ...peers]) peer.close();
    rmSync(directory, { recursive: true });
  }
}

/** @returns the path of the Markdown file */
function write(comparison: Comparison): string {
  const name = resultName('comparison', comparison.threads);
  writeResult(
    `${name}.json`,
    `${JSON.stringify({ ...comparison, groupMeans: groupMeans(comparison.cases) }, null, 2)}\n`,
    options.out,
  );
  return writeResult(`${name}.md`, markdownReport(comparison), options.out);
}

function linesOf({ case: { name }, rondoVariant, rondoMs, rondoCoresUsed, peers }: CaseComparison): string[] {
  return [
    `${name}: Rondo (${rondoVariant}) ${rondoMs.toFixed(3)} ms, ${rondoCoresUsed.toFixed(2)} cores`,
    ...peers.map(
      ({ peer, notRun, variant, medianMs, ratio, lowestRatio, highestRatio, cpuRatio, coresUsed, rounds }) =>
        notRun !== undefined
          ? `  ${peer}: not run: ${notRun}`
          : `  ${peer} (${variant}): ${medianMs?.toFixed(3)} ms, ratio ${ratio?.toFixed(2)} ` +
            `(${lowestRatio?.toFixed(2)} to ${highestRatio?.toFixed(2)} in ${rounds} rounds), by processor time ` +
            `${cpuRatio?.toFixed(2)}, ${coresUsed?.toFixed(2)} cores`,
    ),
  ];
}

try {
  await main();
} catch (reason) {
  // Rondo itself cannot start, for example on so many threads; other errors are faults of this program.
  if (!(reason instanceof PeerRefusal)) throw reason;
  console.error(reason.message);
  process.exitCode = 1;
}
