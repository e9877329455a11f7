import { inputChecks, outputsOf, runLines } from './javascript-module.js';
import { indented } from './language.js';
import type { Extent } from './linear-memory.js';
import type { Port, Program } from './program.js';
import { type WebAssemblyProgram, webAssemblyProgram } from './webassembly.js';

export interface WebAssemblyModule {
  /** The module that makes a model of the other file. */
  readonly source: string;
  /** The other file: kernels and weights. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

export interface WebAssemblyModuleOptions {
  /** Lines that say what the module is, without comment signs. */
  readonly about: readonly string[];
  /** Code that follows that of the net; WEIGHTS stands for what `createModel` is given. */
  readonly more: string | undefined;
}

/** A program as WebAssembly made ahead of time, and one ES module that puts numbers in and takes them out. */
export function webAssemblyModule(program: Program, { about, more }: WebAssemblyModuleOptions): WebAssemblyModule {
  const compiled = webAssemblyProgram(program);
  const lines = [
    ...about.map((line) => `// ${line}`.trimEnd()),
    '',
    ...inputChecks(program),
    '// A model with its own state and memory. given: a WebAssembly.Module, or the bytes of the .wasm file.',
    'export function createModel(given) {',
    ...indented([
      "if (Object(given) !== given) throw new TypeError('createModel takes a WebAssembly.Module, or the bytes of the .wasm file');",
      'const compiled = given instanceof WebAssembly.Module ? given : new WebAssembly.Module(given);',
      `const memory = new WebAssembly.Memory({ initial: ${pages(compiled.memory.fixed)} });`,
      'const { run: compute, reset } = new WebAssembly.Instance(compiled, { env: { memory } }).exports;',
      ...(program.kind === 'step' ? stepLines(program, compiled) : sequenceLines(program, compiled)),
    ]),
    '}',
    '',
    '// The same of a URL or response that is being fetched: compiles while it loads.',
    'export async function loadModel(response) {',
    '  return createModel(await WebAssembly.compileStreaming(response));',
    '}',
    '',
    ...(more === undefined ? [] : [more.replaceAll('WEIGHTS', 'given')]),
  ];
  return { source: lines.join('\n'), weights: compiled.bytes };
}

function pages(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 65536);
}

function extentText({ fixed, perStep }: Extent): string {
  return perStep === 0 ? String(fixed) : `${fixed} + ${perStep} * length`;
}

/** A view of the memory at a port. */
function viewText({ place: { store, offset }, size }: Port, compiled: WebAssemblyProgram): string {
  const bytes = compiled.addressOf(store);
  const [at, count] = [offset, size].map((amount) =>
    typeof amount === 'number' ? { fixed: amount, perStep: 0 } : amount,
  );
  const address = { fixed: bytes.fixed + 4 * at.fixed, perStep: bytes.perStep + 4 * at.perStep };
  return `new ${store.isWhole ? 'Int32Array' : 'Float32Array'}(memory.buffer, ${extentText(address)}, ${extentText(count)})`;
}

function writeLine({ numRows }: Port, view: string, given: string): string {
  return numRows === undefined
    ? `writeNumbers(${view}, ${given}, ${view}.length);`
    : `writeIndices(${view}, ${given}, ${view}.length, ${numRows});`;
}

function stepLines({ inputs, outputs }: Program, compiled: WebAssemblyProgram): string[] {
  const values = inputs.map((_, i) => (inputs.length === 1 ? 'inputValues' : `input${i + 1}Values`));
  const views = inputs.map((_, i) => `input${i + 1}`);
  const results = outputs.map((_, i) => `output${i + 1}`);
  return [
    ...inputs.map((port, i) => `const ${views[i]} = ${viewText(port, compiled)};`),
    ...outputs.map((port, i) => `const ${results[i]} = ${viewText(port, compiled)};`),
    '',
    '// Takes one step of a sequence and gives the output of that step.',
    `function step(${values.join(', ')}) {`,
    ...indented([
      ...inputs.map((port, i) => writeLine(port, views[i], values[i])),
      'compute(1);',
      `return ${outputsOf(results.map((name) => `${name}.slice()`))};`,
    ]),
    '}',
    '',
    '// Runs a whole sequence, from the beginning: an array of steps. Gives the output of each step.',
    ...runLines(inputs.length),
  ];
}

function sequenceLines({ inputs, outputs }: Program, compiled: WebAssemblyProgram): string[] {
  const names = inputs.map((_, i) => (inputs.length === 1 ? 'sequence' : `sequence${i + 1}`));
  const stepSize = inputs[0].shape.slice(1).reduce<number>((size, axis) => size * (axis ?? 1), 1);
  return [
    '',
    '// Runs a whole sequence: its numbers step by step in one flat array.',
    `function run(${names.join(', ')}) {`,
    ...indented([
      ...names.map((name) => `requireArray(${name});`),
      `const length = Math.floor(${names[0]}.length / ${stepSize});`,
      "if (!(length > 0)) throw new RangeError('the sequence has no step');",
      `const pages = Math.ceil((${extentText(compiled.memory)}) / 65536) - memory.buffer.byteLength / 65536;`,
      'if (pages > 0) memory.grow(pages);',
      ...inputs.map((port, i) => `const view${i + 1} = ${viewText(port, compiled)};`),
      ...inputs.map((port, i) => writeLine(port, `view${i + 1}`, names[i])),
      'compute(length);',
      `return ${outputsOf(outputs.map((port) => `${viewText(port, compiled)}.slice()`))};`,
    ]),
    '}',
    '',
    'return { run };',
  ];
}
