import type { QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { transposed } from '../transposed.js';
import { base64 } from './base64.js';
import { JavaScript } from './javascript.js';
import { indented } from './language.js';
import { amountText, OperationText } from './operation-text.js';
import { packedNumbers } from './packed-numbers.js';
import type { Port, Program, Store } from './program.js';

export interface ModuleOptions {
  /** Lines that say what the module is, without comment signs. */
  readonly about: readonly string[];
  readonly weights: 'float32' | 'float16';
  /** Whether weights are given to `createModel` instead of being in the code. */
  readonly isSideFile: boolean;
  /** Modules of other nets by name, which become functions `NAMENet()`. */
  readonly nets?: ReadonlyMap<string, string> | undefined;
  /** Code that follows that of the net; WEIGHTS stands for what `createModel` is given. */
  readonly more: string | undefined;
}

export interface JavaScriptModule {
  readonly source: string;
  /** What `createModel` takes, where weights are not in the code. */
  readonly weights: Uint8Array | undefined;
}

/** A program as one ES module without dependencies. */
export function javascriptModule(program: Program, options: ModuleOptions): JavaScriptModule {
  const language = new JavaScript();
  const text = new OperationText(language);
  const operations = text.lines(program);
  const functions = text.functions;
  const constants = new Constants(program, text.matrices, options.weights);
  const { bytes } = constants;
  const isStep = program.kind === 'step';
  const body = isStep ? stepBody(program, operations) : sequenceBody(program, operations);
  const lines = [
    ...options.about.map((line) => `// ${line}`.trimEnd()),
    '',
    ...[...text.lists].map(([name, values]) => `const ${name} = Int32Array.of(${values.join(', ')});`),
    ...(options.isSideFile ? [] : ['// The weights, in base64.', `const weightsText = '${base64(bytes)}';`, '']),
    ...constantLines(options, bytes.length),
    ...language.library,
    ...functions,
    ...inputChecks(program),
    options.isSideFile
      ? '// A model with its own state. weightsGiven: an ArrayBuffer or Uint8Array with the bytes of the weights file.'
      : '// A model with its own state.',
    `export function createModel(${options.isSideFile ? 'weightsGiven' : ''}) {`,
    ...indented([...constants.lines(options.isSideFile ? 'bytesOf(weightsGiven)' : 'decoded(weightsText)'), ...body]),
    '}',
    '',
    ...[...(options.nets ?? [])].flatMap(([name, source]) => [
      `const ${name}Net = (() => {`,
      ...indented([
        ...source.replace('export function createModel', 'function createModel').trimEnd().split('\n'),
        'return createModel;',
      ]),
      '})();',
      '',
    ]),
    ...(options.more === undefined
      ? []
      : [options.more.replaceAll('WEIGHTS', options.isSideFile ? 'weightsGiven' : '')]),
  ];
  return { source: lines.join('\n'), weights: options.isSideFile ? bytes : undefined };
}

/** All numbers that are known, one behind the other, with lines that take them apart. */
class Constants {
  readonly bytes: Uint8Array;
  readonly #lines: string[] = [];

  constructor({ stores }: Program, matrices: ReadonlyMap<QuantizedMatrix, string>, form: 'float32' | 'float16') {
    const known = stores.filter(isKnown);
    const numbers = [
      ...known.map(({ name, numbers = [] }) => ({ name: constantName(name, stores), numbers })),
      ...[...matrices].map(([{ scales }, name]) => ({ name: `${name}Scales`, numbers: scales })),
    ];
    const parts = numbers.map((each) => packedNumbers(each.numbers, form));
    let place = 0;
    for (const { name, numbers: own } of numbers) {
      this.#lines.push(`const ${name} = weights.subarray(${place}, ${place + own.length});`);
      place += own.length;
    }
    const width = form === 'float32' ? 4 : 2;
    const wholes = [...matrices].map(([{ values, k, n }]) => transposed(values, k, n));
    let start = place * width;
    for (const [{ values }, name] of matrices) {
      this.#lines.push(
        `const ${name}Values = new Int8Array(bytes.buffer, bytes.byteOffset + ${start}, ${values.length});`,
      );
      start += values.length;
    }
    this.bytes = new Uint8Array(start);
    let at = 0;
    for (const part of [
      ...parts,
      ...wholes.map((values) => new Uint8Array(values.buffer, values.byteOffset, values.length)),
    ]) {
      this.bytes.set(part, at);
      at += part.length;
    }
    this.#lines.unshift(`const weights = numbersIn(bytes, ${place});`);
  }

  lines(bytes: string): string[] {
    return [`const bytes = ${bytes};`, ...this.#lines];
  }
}

/** What a state begins with is a constant beside it, where that is not 0. */
function isKnown({ role, numbers }: Store): boolean {
  return role === 'constant' || (role === 'state' && numbers!.some((value) => value !== 0));
}

function constantName(name: string, stores: readonly Store[]): string {
  return stores.find((store) => store.name === name)!.role === 'state' ? `${name}_start` : name;
}

/** Functions that make numbers of text or bytes. */
function constantLines({ weights, isSideFile }: ModuleOptions, numBytes: number): string[] {
  const half = `  // Floats of 16 bits (IEEE 754).
  for (let i = 0; i < count; i++) {
    const word = view.getUint16(2 * i, true);
    const exponent = (word >> 10) & 31;
    const fraction = word & 1023;
    const size = (exponent === 0 ? fraction : fraction + 1024) * Math.pow(2, Math.max(exponent, 1) - 25);
    numbers[i] = word & 32768 ? -size : size;
  }`;
  const single = '  for (let i = 0; i < count; i++) numbers[i] = view.getFloat32(4 * i, true);';
  const decode = `function decoded(text) {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const valueOf = new Uint8Array(128);
  for (let i = 0; i < 64; i++) valueOf[signs.charCodeAt(i)] = i;
  const bytes = new Uint8Array(${numBytes});
  for (let i = 0, to = 0; to < bytes.length; i += 4, to += 3) {
    const bits =
      (valueOf[text.charCodeAt(i)] << 18) |
      (valueOf[text.charCodeAt(i + 1)] << 12) |
      (valueOf[text.charCodeAt(i + 2)] << 6) |
      valueOf[text.charCodeAt(i + 3)];
    bytes[to] = bits >> 16;
    if (to + 1 < bytes.length) bytes[to + 1] = (bits >> 8) & 255;
    if (to + 2 < bytes.length) bytes[to + 2] = bits & 255;
  }
  return bytes;
}`;
  const given = `function bytesOf(given) {
  const bytes = given instanceof Uint8Array ? given : new Uint8Array(given);
  if (bytes.length !== ${numBytes}) throw new RangeError('the weights file has ' + bytes.length + ' bytes instead of ${numBytes}');
  return bytes;
}`;
  return [
    ...(isSideFile ? given : decode).split('\n'),
    '',
    'function numbersIn(bytes, count) {',
    '  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);',
    '  const numbers = new Float32Array(count);',
    ...(weights === 'float16' ? half : single).split('\n'),
    '  return numbers;',
    '}',
    '',
  ];
}

/** Input is checked before a state moves. */
export function inputChecks({ inputs }: Program): string[] {
  const wholes = inputs.some(({ numRows }) => numRows !== undefined);
  const floats = inputs.some(({ numRows }) => numRows === undefined);
  const writing = (name: string, test: string, error: string): string[] =>
    `function ${name}(target, values, size${name === 'writeIndices' ? ', numRows' : ''}) {
  const given = typeof values === 'number' ? [values] : values;
  if (given === undefined || given === null || given.length !== size) {
    throw new RangeError('the input has ' + (given ? given.length : 'no') + ' numbers instead of ' + size);
  }
  for (let i = 0; i < size; i++) if (${test}) throw new RangeError(${error});
  for (let i = 0; i < size; i++) target[i] = given[i];
}`.split('\n');
  return [
    ...`function requireArray(given) {
  if (Object(given) !== given || !(given.length >= 0)) throw new TypeError('run takes an array');
}
`.split('\n'),
    ...(floats
      ? [...writing('writeNumbers', '!Number.isFinite(Math.fround(given[i]))', "'the input is not finite at ' + i"), '']
      : []),
    ...(wholes
      ? [
          ...writing(
            'writeIndices',
            '!(given[i] >= 0 && given[i] < numRows && Math.floor(given[i]) === given[i])',
            "'the input at ' + i + ' is no whole number from 0 to ' + (numRows - 1)",
          ),
          '',
        ]
      : []),
  ];
}

function arrayLines(stores: readonly Store[]): string[] {
  return stores
    .filter(({ role }) => role !== 'constant')
    .map(
      ({ name, size, isWhole }) =>
        `const ${name} = new ${isWhole ? 'Int32Array' : 'Float32Array'}(${amountText(size)});`,
    );
}

function writeLine({ place, numRows, size }: Port, given: string): string {
  const name = numRows === undefined ? 'writeNumbers' : 'writeIndices';
  const rows = numRows === undefined ? '' : `, ${numRows}`;
  return `${name}(${place.store.name}, ${given}, ${amountText(size)}${rows});`;
}

/** What a port's numbers are, copied. */
function sliceText({ place: { store, offset }, size }: Port): string {
  const start = amountText(offset);
  const end =
    typeof offset === 'number' && typeof size === 'number' ? String(offset + size) : `${start} + ${amountText(size)}`;
  return `${store.name}.slice(${start}, ${end})`;
}

/** What is given back: the only output, or a list. */
export function outputsOf(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
}

function stepBody({ stores, inputs, outputs }: Program, operations: readonly string[]): string[] {
  const states = stores.filter(({ role }) => role === 'state');
  const names = inputs.map((_, i) => (inputs.length === 1 ? 'input' : `input${i + 1}`).concat('Values'));
  const parameters = names.join(', ');
  return [
    ...arrayLines(stores),
    '',
    '// Forgets what was before, so that another sequence can begin.',
    'function reset() {',
    ...indented(
      states.map((state) => (isKnown(state) ? `${state.name}.set(${state.name}_start);` : `${state.name}.fill(0);`)),
    ),
    '}',
    '',
    '// Takes one step of a sequence and gives the output of that step.',
    `function step(${parameters}) {`,
    ...indented([
      ...inputs.map((port, i) => writeLine(port, names[i])),
      ...operations,
      `return ${outputsOf(outputs.map(sliceText))};`,
    ]),
    '}',
    '',
    '// Runs a whole sequence, from the beginning: an array of steps. Gives the output of each step.',
    ...runLines(inputs.length),
  ];
}

/** `run` by `step`, and what `createModel` gives. */
export function runLines(numInputs: number): string[] {
  return [
    'function run(sequence) {',
    '  requireArray(sequence);',
    ...(numInputs === 1 ? [] : ['  for (let i = 0; i < sequence.length; i++) requireArray(sequence[i]);']),
    '  reset();',
    '  const outputs = [];',
    `  for (let i = 0; i < sequence.length; i++) outputs.push(step(${numInputs === 1 ? '' : '...'}sequence[i]));`,
    '  return outputs;',
    '}',
    '',
    'reset();',
    'return { step, run, reset };',
  ];
}

function sequenceBody({ stores, inputs, outputs }: Program, operations: readonly string[]): string[] {
  const names = inputs.map((_, i) => (inputs.length === 1 ? 'sequence' : `sequence${i + 1}`));
  const isGrowing = stores.some(({ size }) => typeof size !== 'number');
  const stepSize = inputs[0].shape.slice(1).reduce<number>((size, axis) => size * (axis ?? 1), 1);
  return [
    '// Runs a whole sequence: its numbers step by step in one flat array.',
    `function run(${names.join(', ')}) {`,
    ...indented([
      ...names.map((name) => `requireArray(${name});`),
      ...(isGrowing
        ? [
            `const length = Math.floor(${names[0]}.length / ${stepSize});`,
            "if (!(length > 0)) throw new RangeError('the sequence has no step');",
          ]
        : []),
      ...arrayLines(stores),
      ...inputs.map((port, i) => writeLine(port, names[i])),
      ...operations,
      `return ${outputsOf(outputs.map(sliceText))};`,
    ]),
    '}',
    '',
    'return { run };',
  ];
}
