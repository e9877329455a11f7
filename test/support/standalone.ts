import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StandaloneCode } from '../../src/standalone/standalone-code.js';

/** What a module of `standaloneCode` exports. */
export interface StandaloneModule {
  createModel(weights?: Uint8Array | WebAssembly.Module): StandaloneModel;
}

export interface StandaloneModel {
  step(...inputs: readonly (ArrayLike<number> | number)[]): Float32Array;
  run(...sequences: readonly unknown[]): Float32Array & Float32Array[];
  reset(): void;
}

const folder = mkdtempSync(join(tmpdir(), 'rondo-standalone-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let numFiles = 0;

/** The module of a source text, loaded as a file of its own. */
export async function standaloneModule(source: string): Promise<StandaloneModule> {
  const path = join(folder, `module${numFiles++}.mjs`);
  writeFileSync(path, source);
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as StandaloneModule;
}

/** The languages whose code runs here. */
export const moduleLanguages = ['js', 'wasm'] as const;

/** A model of the code that was written for it. */
export async function standaloneModel({ source, weights }: StandaloneCode): Promise<StandaloneModel> {
  return (await standaloneModule(source)).createModel(weights);
}

/** A C compiler, where there is one. */
export const compiler = [process.env.CC, 'gcc', 'cc', 'clang'].find(
  (name) => name !== undefined && spawnSync(name, ['--version']).status === 0,
);

/** Why tests of headers are not run. */
export const withoutCompiler = compiler === undefined ? ' (not run: no C compiler found; set CC)' : '';

/** Compiles a program around a header and gives the numbers that it prints. */
export function printedInC(
  header: string,
  main: string,
  { flags = [] as readonly string[], language = 'c' } = {},
): number[] {
  const name = `program${numFiles++}`;
  const source = join(folder, `${name}.${language}`);
  writeFileSync(join(folder, `${name}.h`), header);
  writeFileSync(source, `#include "${name}.h"\n#include <stdio.h>\n${main}`);
  const standard = language === 'c' ? '-std=c99' : '-std=c++11';
  const strict = [standard, '-Wall', '-Wextra', '-Werror', '-pedantic', ...flags];
  execFileSync(compiler!, [
    ...strict,
    '-o',
    join(folder, name),
    source,
    '-lm',
    ...(language === 'c' ? [] : ['-lstdc++']),
  ]);
  return execFileSync(join(folder, name), { encoding: 'utf8' }).trim().split(/\s+/).map(Number);
}

/** A model of one input, whose header is there, and what it is given. */
export interface StepsInC {
  readonly name: string;
  readonly steps: readonly ArrayLike<number>[];
  readonly outputSize: number;
}

/** A program that takes steps of models and prints all outputs. */
export function mainOfSteps(...models: readonly StepsInC[]): string {
  return `int main(void) {\n${models.map(stepsInC).join('')}  return 0;\n}\n`;
}

function stepsInC({ name, steps, outputSize }: StepsInC): string {
  const rows = steps.map((step) => `{ ${Array.from(step, (value) => literal(value)).join(', ')} }`);
  return `  {
    static const float steps[${steps.length}][${steps[0].length}] = { ${rows.join(', ')} };
    static ${name}_state state;
    float output[${outputSize}];
    ${name}_reset(&state);
    for (int t = 0; t < ${steps.length}; t++) {
      ${name}_step(&state, steps[t], output);
      for (int i = 0; i < ${outputSize}; i++) printf("%.9g ", output[i]);
    }
  }
`;
}

function literal(value: number): string {
  const text = String(Math.fround(value));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
