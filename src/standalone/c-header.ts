import type { QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { transposed } from '../transposed.js';
import { CLanguage, cFloat } from './c-language.js';
import { indented } from './language.js';
import { amountText, OperationText } from './operation-text.js';
import type { Amount, Port, Program, Store } from './program.js';
import { workMemory } from './work-memory.js';

export interface HeaderOptions {
  /** Lines that say what the header is, without comment signs. */
  readonly about: readonly string[];
  /** What every name begins with. */
  readonly name: string;
  /** The longest sequence that a program of whole sequences is to take. */
  readonly maxLength: number;
}

/** A program as one C99 header, without allocation, and without dependencies but math.h. */
export function cHeader(program: Program, { about, name, maxLength }: HeaderOptions): string {
  const sizeOf = (amount: Amount): number =>
    typeof amount === 'number' ? amount : amount.fixed + amount.perStep * maxLength;
  const isStep = program.kind === 'step';
  const floats = workMemory(program, false, sizeOf);
  const wholes = workMemory(program, true, sizeOf);
  const memory = isStep ? '' : 'state->';
  const language = new CLanguage(name, (store) => {
    if (store.role === 'constant') return `${name}_${store.name}`;
    if (store.role === 'state') return `state->${store.name}`;
    if (store.role === 'input') return store.name;
    const offset = (store.isWhole ? wholes : floats).offsets.get(store) ?? 0;
    const array = `${memory}${store.isWhole ? 'whole' : 'work'}`;
    return offset === 0 ? array : `${array} + ${offset}`;
  });
  const text = new OperationText(language);
  const operations = text.lines(program);
  const ends = program.outputs.map((port) => endLine(port, language));
  const functions = text.functions;
  const states = program.stores.filter(({ role }) => role === 'state');
  const work = [
    ...(floats.size > 0 ? [`float work[${floats.size}];`] : []),
    ...(wholes.size > 0 ? [`int32_t whole[${wholes.size}];`] : []),
  ];
  const members = [...states.map((store) => `float ${store.name}[${sizeOf(store.size)}];`), ...(isStep ? [] : work)];
  const upper = name.toUpperCase();
  const parameters = [
    `${name}_state *state`,
    ...program.inputs.map((port) => `const float ${port.place.store.name}[]`),
    ...(isStep ? [] : ['int32_t length']),
    ...program.outputs.map((port) => `float ${port.name}[]`),
  ];
  const isStateUsed = isStep ? states.length > 0 : work.length > 0;
  const mostInputs = Math.max(0, ...[...text.matrices.keys()].map(({ k }) => k));
  const lines = [
    '/*',
    ...about.map((line) => ` * ${line}`.trimEnd()),
    ' */',
    `#ifndef ${upper}_H`,
    `#define ${upper}_H`,
    '',
    '#include <math.h>',
    '#include <stdint.h>',
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    `#define ${name}_RESTRICT`,
    '#else',
    `#define ${name}_RESTRICT restrict`,
    '#endif',
    '',
    ...program.inputs.map((port) => defineSize(upper, port, isStep)),
    ...program.outputs.map((port) => defineSize(upper, port, isStep)),
    ...(isStep ? [] : [`#define ${upper}_MAX_LENGTH ${maxLength}`]),
    ...(mostInputs > 0 ? [`#define ${name}_MOST_INPUTS ${mostInputs}`] : []),
    '',
    isStep ? '/* What is carried from one step to the next. */' : '/* Memory to work in. */',
    'typedef struct {',
    ...indented(members.length > 0 ? members : ['char unused;']),
    `} ${name}_state;`,
    '',
    ...program.stores.filter(({ role }) => role === 'constant').flatMap((store) => floatArray(name, store)),
    ...[...text.matrices].flatMap(([matrix, own]) => matrixArrays(`${name}_${own}`, matrix)),
    ...[...text.lists].map(
      ([own, values]) => `static const int32_t ${own}[${values.length}] = { ${values.join(', ')} };`,
    ),
    ...language.library,
    ...functions,
    ...(isStep ? resetLines(name, states) : []),
    isStep ? '/* Takes one step of a sequence and writes the output of that step. */' : '/* Runs a whole sequence. */',
    `static inline void ${name}_${isStep ? 'step' : 'run'}(${parameters.join(', ')}) {`,
    ...indented([...(isStep ? work : []), ...(isStateUsed ? [] : ['(void)state;']), ...operations, ...ends]),
    '}',
    '',
    '#ifdef __cplusplus',
    '}',
    '#endif',
    '#endif',
    '',
  ];
  return lines.join('\n');
}

/** Sizes are of a step, or of a sequence of the greatest length. */
function defineSize(upper: string, { name, size }: Port, isStep: boolean): string {
  const own = `${upper}_${name.toUpperCase()}_SIZE`;
  if (typeof size === 'number') return `#define ${own} ${size}`;
  return `#define ${own}(length) ${amountText(size)}${isStep ? '' : ' /* numbers */'}`;
}

function endLine({ name, place: { store, offset }, size }: Port, language: CLanguage): string {
  const from = language.place(store, amountText(offset));
  return `${language.use('copy')}(${name}, ${from}, ${amountText(size)});`;
}

function resetLines(name: string, states: readonly Store[]): string[] {
  const lines = states.flatMap((state) => {
    const numbers = state.numbers!;
    if (numbers.some((value) => value !== 0))
      return [...numbers].map((value, i) => `state->${state.name}[${i}] = ${cFloat(value)};`);
    return [`for (int32_t i = 0; i < ${numbers.length}; i++) state->${state.name}[i] = 0.0f;`];
  });
  return [
    '/* Forgets what was before, so that another sequence can begin; also before the first one. */',
    `static inline void ${name}_reset(${name}_state *state) {`,
    ...indented(lines.length > 0 ? lines : ['state->unused = 0;']),
    '}',
    '',
  ];
}

function floatArray(name: string, store: Store): string[] {
  const numbers = store.numbers!;
  return [
    `static const float ${name}_${store.name}[${numbers.length}] = {`,
    ...indented(rowsOf([...numbers].map(cFloat), 8)),
    '};',
    '',
  ];
}

/** Whole numbers column by column, and the scales of columns. */
function matrixArrays(name: string, { values, scales, k, n }: QuantizedMatrix): string[] {
  return [
    `static const signed char ${name}_values[${values.length}] = {`,
    ...indented(rowsOf([...transposed(values, k, n)].map(String), 24)),
    '};',
    `static const float ${name}_scales[${scales.length}] = {`,
    ...indented(rowsOf([...scales].map(cFloat), 8)),
    '};',
    '',
  ];
}

function rowsOf(texts: readonly string[], count: number): string[] {
  const rows: string[] = [];
  for (let i = 0; i < texts.length; i += count) rows.push(`${texts.slice(i, i + count).join(', ')},`);
  return rows;
}
