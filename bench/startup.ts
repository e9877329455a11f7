/**
 * Measures how long a program takes from the start of its process until Rondo has run its first kernels, beside a
 * program that does nothing, in turn:
 *
 *     npm run bench:startup -- [--rounds 15]
 *
 * The first is what `node` itself needs; the rest is loading the library, making the backend and compiling kernels.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { median } from './timing.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });

/** Beyond Node's own start. */
const TARGET_MS = 60;

/** What `rondo` is for Node. */
const library = JSON.stringify(new URL('../node/index.js', import.meta.url).href);
/**
 * Each prints the time since its process started and the processor time that it took, which other work on the machine
 * hardly changes.
 */
const report =
  'const { user, system } = process.cpuUsage(); process.stdout.write(JSON.stringify({ wallMs: ' +
  'performance.now(), cpuMs: (user + system) / 1000 }));';
const programs: Readonly<Record<string, string>> = {
  'Node alone': report,
  'library loaded': `import ${library}; ${report}`,
  'first product':
    `const { ops, scope, tensor } = await import(${library}); scope(() => ops.matmul(tensor([[1, 2]]), ` +
    `tensor([[3], [4]])).dataSync()); ${report}`,
  'first step of an LSTM':
    `const { LSTM, scope, tensor } = await import(${library}); const layer = new LSTM({ units: 32 }); scope(() => ` +
    `layer.apply(tensor(new Float32Array(64), [1, 1, 64])).dataSync()); ${report}`,
  'first training step of an LSTM':
    `const { LSTM, Sequential, tensor } = await import(${library}); const model = new Sequential([new LSTM({ ` +
    "units: 32, inputShape: [8, 4] })]); model.compile({ optimizer: 'adam', loss: 'meanSquaredError' }); await " +
    `model.trainOnBatch(tensor(new Float32Array(32), [1, 8, 4]), tensor(new Float32Array(32), [1, 32])); ${report}`,
};

interface Elapsed {
  readonly wallMs: number;
  readonly cpuMs: number;
}

function runOnce(program: string): Elapsed {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Elapsed;
}

const runs: Record<string, Elapsed[]> = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
// One round more than is counted: the first reads files that later ones find in memory.
for (let round = 0; round <= Number(options.rounds); round++) {
  for (const [name, program] of Object.entries(programs)) {
    const elapsed = runOnce(program);
    if (round > 0) runs[name].push(elapsed);
  }
}
const medianOf = (name: string, kind: keyof Elapsed): number => median(runs[name].map((elapsed) => elapsed[kind]));
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}, load ${load}; medians of ${options.rounds} processes`);
const rows = Object.keys(programs).map((name) => {
  const [wall, cpu] = (['wallMs', 'cpuMs'] as const).map((kind) => [
    medianOf(name, kind),
    medianOf(name, kind) - medianOf('Node alone', kind),
  ]);
  return [name, ...[...wall, ...cpu].map((ms) => ms.toFixed(1))];
});
console.log(
  '\n' +
    markdownTable(
      ['', 'from the start of the process, ms', 'beyond Node alone, ms', 'processor time, ms', 'beyond Node alone, ms'],
      rows,
    ),
);
const firstMs = medianOf('first step of an LSTM', 'wallMs') - medianOf('Node alone', 'wallMs');
console.log(
  `\nfirst kernels after ${firstMs.toFixed(1)} ms beyond Node's own start; the target is ${TARGET_MS} ms: ` +
    (firstMs <= TARGET_MS ? 'met' : 'missed'),
);
