import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Dense, LSTM, Sequential, setSeed, setThreads, standaloneCode } from '../src/index.js';

/**
 * `npm run bench:standalone`: an LSTM as code, its size, and how many times as long as a step of the library one of its steps takes. Rounds
 * of all ways take turns; the median ratio is shown. Of QuickJS where RONDO_QUICKJS names a folder with it, of C where there is gcc.
 */
const features = 8;
const rounds = 9;

interface Way {
  readonly name: string;
  /** Microseconds of a step. */
  measure(count: number): number;
}

/** Processor time, as C's clock() counts it: other work on the machine has no part in it. */
function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const folder = mkdtempSync(join(tmpdir(), 'rondo-standalone-bench-'));
const input = Array.from({ length: features }, (_, i) => Math.sin(i));

async function waysOf(units: number): Promise<{ ways: Way[]; sizes: string }> {
  setSeed(1);
  const model = new Sequential([new LSTM({ units }), new Dense({ units: 1 })], { inputShape: [null, features] });
  const { source } = standaloneCode(model, { language: 'js' });
  const half = standaloneCode(model, { language: 'js', weights: 'float16' }).source;
  const path = join(folder, `net${units}.mjs`);
  writeFileSync(path, source);
  const { createModel } = (await import(pathToFileURL(path).href)) as {
    createModel(): { step(values: readonly number[]): Float32Array };
  };
  const own = createModel();
  const stream = model.stream();
  const timed = (step: () => unknown) => (count: number) => {
    const start = processorUs();
    for (let i = 0; i < count; i++) step();
    return (processorUs() - start) / count;
  };
  const beforehand = standaloneCode(model, { language: 'wasm' });
  writeFileSync(join(folder, `wasm${units}.mjs`), beforehand.source);
  const { createModel: createBeforehand } = (await import(pathToFileURL(join(folder, `wasm${units}.mjs`)).href)) as {
    createModel(bytes: Uint8Array | undefined): { step(values: readonly number[]): Float32Array };
  };
  const compiled = createBeforehand(beforehand.weights);
  const header = standaloneCode(model, { language: 'c', name: 'net' }).source;
  const ways: Way[] = [
    { name: 'the library', measure: timed(() => stream.step(input)) },
    { name: 'module', measure: timed(() => own.step(input)) },
    { name: 'WebAssembly', measure: timed(() => compiled.step(input)) },
    ...cWays(units, header),
    ...(await quickjsWays(source)),
  ];
  const kB = (text: string | Uint8Array): string =>
    `${(text.length / 1000).toFixed(0)} kB (${(gzipSync(text).length / 1000).toFixed(0)} gzipped)`;
  const code = source.replace(/const weightsText = '[^']*'/, '');
  return {
    ways,
    sizes:
      `module ${kB(source)}, float16 ${kB(half)}, without weights ${kB(code)}, ` +
      `WebAssembly ${kB(beforehand.weights!)}, header ${kB(header)}`,
  };
}

function cWays(units: number, header: string): Way[] {
  if (spawnSync('gcc', ['--version']).status !== 0) return [];
  const base = join(folder, `net${units}`);
  writeFileSync(`${base}.h`, header);
  writeFileSync(
    `${base}.c`,
    `#include "net${units}.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int main(int argc, char **argv) {
  static net_state state;
  float input[${features}], output[1], sum = 0;
  int count = argc > 1 ? atoi(argv[1]) : 1;
  for (int i = 0; i < ${features}; i++) input[i] = sinf((float)i);
  net_reset(&state);
  clock_t start = clock();
  for (int i = 0; i < count; i++) { net_step(&state, input, output); sum += output[0]; }
  printf("%g %g", 1e6 * (double)(clock() - start) / CLOCKS_PER_SEC / count, sum);
  return 0;
}
`,
  );
  execFileSync('gcc', ['-std=c99', '-O2', '-o', base, `${base}.c`, '-lm']);
  const measure = (count: number): number =>
    Number(execFileSync(base, [String(count)], { encoding: 'utf8' }).split(' ')[0]);
  return [{ name: 'C, gcc -O2', measure }];
}

async function quickjsWays(source: string): Promise<Way[]> {
  const where = process.env.RONDO_QUICKJS;
  if (where === undefined) return [];
  const require = createRequire(join(where, 'package.json'));
  const core = (await import(require.resolve('quickjs-emscripten-core'))) as {
    newQuickJSWASMModuleFromVariant(given: unknown): Promise<{ newContext(): { evalCode(code: string): unknown } }>;
  };
  const { default: variant } = (await import(require.resolve('@jitl/quickjs-wasmfile-release-sync'))) as {
    default: unknown;
  };
  const context = (await core.newQuickJSWASMModuleFromVariant(variant)).newContext();
  context.evalCode(
    `${source.replace(/^export /gm, '')}\nconst own = createModel(); const input = ${JSON.stringify(input)};`,
  );
  const measure = (count: number): number => {
    const few = Math.max(1, Math.ceil(count / 50));
    const start = processorUs();
    context.evalCode(`for (let i = 0; i < ${few}; i++) own.step(input);`);
    return (processorUs() - start) / few;
  };
  return [{ name: 'module in QuickJS', measure }];
}

setThreads(1);
for (const units of [32, 128]) {
  const { ways, sizes } = await waysOf(units);
  const count = units === 32 ? 4000 : 500;
  for (const way of ways) way.measure(count);
  const all = Array.from({ length: rounds }, () => ways.map((way) => way.measure(count)));
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log(`LSTM ${units}: ${sizes}`);
  ways.forEach(({ name }, i) => {
    const ratio = median(all.map((round) => round[i] / round[0]));
    console.log(
      `  ${name}: ${median(all.map((round) => round[i])).toPrecision(3)} us, ${ratio.toPrecision(3)} times the library`,
    );
  });
}
rmSync(folder, { recursive: true });
