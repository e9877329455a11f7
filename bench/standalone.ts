import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { Dense, LSTM, Sequential, setSeed, setThreads, standaloneCode, writeOnnx } from '../src/index.js';
import { describeMachine } from './machine.js';

/**
 * `npm run bench:standalone`: an LSTM as code, its size, and how many times as long as a step of the library one of its steps takes. Rounds
 * of all ways take turns; the median ratio is shown. Of QuickJS where RONDO_QUICKJS names a folder with it, of C where there is gcc, and of
 * ONNX Runtime Web, which is given the same model as `writeOnnx` writes it. The library is `rondo` on WebAssembly, without machine code.
 */
const features = 8;
const rounds = 9;

interface Way {
  readonly name: string;
  /** Microseconds of a step. */
  measure(count: number): number | Promise<number>;
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
  const onnx = await writeOnnx(model, { states: true });
  ways.push(await onnxWay(onnx, units, own.step));
  const code = source.replace(/const weightsText = '[^']*'/, '');
  return {
    ways,
    sizes:
      `module ${kB(source)}, float16 ${kB(half)}, without weights ${kB(code)}, ` +
      `WebAssembly ${kB(beforehand.weights!)}, header ${kB(header)}, ONNX ${kB(onnx)}`,
  };
}

function kB(...files: (string | Uint8Array)[]): string {
  const sum = (sizes: readonly number[]): string => (sizes.reduce((a, b) => a + b) / 1000).toFixed(0);
  return `${sum(files.map(({ length }) => length))} kB (${sum(files.map((file) => gzipSync(file).length))} gzipped)`;
}

/** Steps whose states are given back in, as a stream of the library keeps them. @throws where the numbers differ from a module's */
async function onnxWay(
  bytes: Uint8Array,
  units: number,
  step: (values: readonly number[]) => Float32Array,
): Promise<Way> {
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const [x, ...states] = session.inputNames;
  const [y, ...nextStates] = session.outputNames;
  const feeds: Record<string, Tensor> = {};
  for (const state of states) feeds[state] = new Tensor('float32', new Float32Array(units), [1, units]);
  const next = async (): Promise<Float32Array> => {
    feeds[x] = new Tensor('float32', Float32Array.from(input), [1, 1, features]);
    const results = await session.run(feeds);
    states.forEach((state, i) => {
      feeds[state] = results[nextStates[i]];
    });
    return results[y].data as Float32Array;
  };
  for (let i = 0; i < 3; i++) {
    const [received, expected] = [(await next())[0], step(input)[0]];
    if (Math.abs(received - expected) > 1e-5)
      throw new Error(`step ${i}: ONNX Runtime gives ${received}, the module ${expected}`);
  }
  const measure = async (count: number): Promise<number> => {
    const start = processorUs();
    for (let i = 0; i < count; i++) await next();
    return (processorUs() - start) / count;
  };
  return { name: 'ONNX Runtime Web', measure };
}

/** What a page loads of ONNX Runtime Web to run a model on WebAssembly: the smallest of its builds that does. */
function onnxRuntimeSize(): string {
  const dist = join(createRequire(import.meta.url).resolve('onnxruntime-web'), '..');
  const names = ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];
  return `${names.join(', ')}: ${kB(...names.map((name) => readFileSync(join(dist, name))))}`;
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
const { processor, runtime, load } = describeMachine();
console.log(`${new Date().toISOString().slice(0, 10)}, ${processor}, ${runtime}, load ${load}, one thread`);
console.log(`ONNX Runtime Web ${env.versions.web}, ${onnxRuntimeSize()}`);
for (const units of [32, 128]) {
  const { ways, sizes } = await waysOf(units);
  const count = units === 32 ? 4000 : 500;
  for (const way of ways) await way.measure(count);
  const all: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const times: number[] = [];
    for (const way of ways) times.push(await way.measure(count));
    all.push(times);
  }
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
