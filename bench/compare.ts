/**
 * Times Rondo beside TensorFlow.js and Keras, in turn, one thread each, and writes what it finds to bench/results:
 *
 *     npm install --prefix bench/peers
 *     npm run build && node dist/bench/compare.js --python path/to/python
 *
 * Python needs keras and tensorflow-cpu. A peer that is missing is reported as not run. Node's own options reach Rondo and
 * TensorFlow.js.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareCase, type CaseComparison } from './comparison/compare-case.js';
import { comparedCase, comparedNames } from './comparison/compared-case.js';
import { PeerProcess, PeerRefusal } from './comparison/peer-process.js';
import { type Comparison, markdownReport } from './comparison/report.js';
import { describeMachine } from './machine.js';

const { values: options } = parseArgs({
  options: {
    /** The interpreter that has Keras; else the environment's RONDO_PYTHON. */
    python: { type: 'string', default: process.env.RONDO_PYTHON ?? 'python3' },
    /** Names of cases, with commas between. */
    case: { type: 'string', default: comparedNames.join(',') },
    rounds: { type: 'string', default: '9' },
  },
});

// The compiled files lie in dist/bench, the peers' own and the results in bench.
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = existsSync(join(here, 'peers/keras-peer.py')) ? here : fileURLToPath(new URL('../../bench/', import.meta.url));

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
  const rounds = Number(options.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds needs a whole number of at least 1, not ${options.rounds}`);
  const rondo = new PeerProcess({ name: 'Rondo', program: process.execPath, args: [...process.execArgv, join(here, 'peers/rondo-peer.js')] });
  const peers = [
    new PeerProcess({ name: 'TensorFlow.js', program: process.execPath, args: [...process.execArgv, join(folder, 'peers/tensorflow-js-peer.mjs')] }),
    new PeerProcess({ name: 'Keras', program: options.python, args: [join(folder, 'peers/keras-peer.py')] }),
  ];
  const directory = mkdtempSync(join(tmpdir(), 'rondo-compare-'));
  try {
    const machine = describeMachine();
    const versions = await versionsOf([rondo, ...peers]);
    const compared: CaseComparison[] = [];
    for (const benchCase of cases) {
      const result = await compareCase(benchCase, rondo, peers, directory, rounds);
      compared.push(result);
      for (const line of linesOf(result)) console.log(line);
    }
    const comparison: Comparison = { machine, loadAfter: describeMachine().load, date: new Date().toISOString(), versions, threads: 1, cases: compared };
    const results = join(folder, 'results');
    mkdirSync(results, { recursive: true });
    const flags = process.execArgv.map((flag) => flag.replace(/^-/, '').replace(/[^\w-]/g, '-')).join('');
    const file = join(results, `comparison-node-${process.versions.node.split('.')[0]}${flags}`);
    writeFileSync(`${file}.json`, `${JSON.stringify(comparison, null, 2)}\n`);
    writeFileSync(`${file}.md`, markdownReport(comparison));
    console.log(`\nwrote ${file}.json and .md; load ${machine.load} before, ${comparison.loadAfter} after`);
  } finally {
    for (const peer of [rondo, ...peers]) peer.close();
    rmSync(directory, { recursive: true });
  }
}

function linesOf({ case: { name }, rondoVariant, rondoMs, rondoCoresUsed, peers }: CaseComparison): string[] {
  return [
    `${name}: Rondo (${rondoVariant}) ${rondoMs.toFixed(3)} ms, ${rondoCoresUsed.toFixed(2)} cores`,
    ...peers.map(({ peer, notRun, variant, medianMs, ratio, lowestRatio, highestRatio, cpuRatio, coresUsed }) =>
      notRun !== undefined
        ? `  ${peer}: not run: ${notRun}`
        : `  ${peer} (${variant}): ${medianMs?.toFixed(3)} ms, ratio ${ratio?.toFixed(2)} (${lowestRatio?.toFixed(2)} to ${highestRatio?.toFixed(2)}), by processor time ${cpuRatio?.toFixed(2)}, ${coresUsed?.toFixed(2)} cores`,
    ),
  ];
}

await main();
