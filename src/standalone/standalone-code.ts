import { counted } from '../counted.js';
import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../errors.js';
import { libraryVersion } from '../io/library-version.js';
import { sizeOf } from '../shape.js';
import { type ModuleCode, withoutModuleCode } from '../tasks/module-code.js';
import type { TaskModel } from '../tasks/task.js';
import { cHeader } from './c-header.js';
import { javascriptModule } from './javascript-module.js';
import { type AnyModel, noteSequence, noteStep } from './note-model.js';
import { type StandaloneWeights, standaloneWeights } from './packed-numbers.js';
import type { Port, Program } from './program.js';
import { programOfSequences, programOfStep } from './program-of-runs.js';
import { isTask, requireTaskCode } from './task-code.js';
import { webAssemblyModule } from './webassembly-module.js';

export const standaloneLanguages = ['js', 'wasm', 'c'] as const;
export type StandaloneLanguage = (typeof standaloneLanguages)[number];

export interface StandaloneOptions {
  /** `js`: one ES module of ES2020; `wasm`: one beside WebAssembly that was made beforehand, with SIMD; `c`: one C99 header. */
  language: StandaloneLanguage;
  /** In C, what every name begins with; in the example of a module the name of its file. Default `model`. */
  name?: string | undefined;
  /** In which form a `js` module has its weights; others have float32. Weights of 8 bits stay so in all. Default float32. */
  weights?: StandaloneWeights | undefined;
  /** Whether a `js` module is given the bytes of its weights instead of having them inside. Default false. */
  separateWeights?: boolean | undefined;
  /** In C, the longest sequence, of a model that cannot be run step by step. No default. */
  maxLength?: number | undefined;
}

/** A model as code. */
export interface StandaloneCode {
  readonly source: string;
  /** The bytes that `createModel` is given, of `wasm` those of the .wasm file; undefined where the weights are in the code. */
  readonly weights: Uint8Array | undefined;
  /** Whether it takes single steps, or whole sequences only. */
  readonly takes: 'steps' | 'sequences';
  /** What the code does not do that the model does, in sentences. */
  readonly notes: readonly string[];
}

const optionNames = ['language', 'name', 'weights', 'separateWeights', 'maxLength'];

/** Runs over sequences of these lengths show how sizes grow: odd and even, longer than any usual kernel. */
const notedLengths = [24, 25, 31, 44];

/**
 * A model as code that needs nothing: an ES module of plain loops for any engine and security policy, or a C99 header for a
 * micro-controller. It takes one step at a time and carries the states on, or whole sequences where a layer needs those. Masks and
 * dropout are no part of it: a sequence has no padding.
 *
 * @param given a model; of a classifier, a forecaster, a tagger (js) or a language model of characters or words, a module also has
 *   `predict` or `generate`.
 * @throws USAGE naming a layer that code cannot be written of, or a choice that the language has not; UNKNOWN_NAME, OUT_OF_RANGE
 *
 * @example
 * const { source } = standaloneCode(model, { language: 'js' });
 */
export function standaloneCode(given: AnyModel | TaskModel, options: StandaloneOptions): StandaloneCode {
  const where = 'standaloneCode';
  refuseUnknownOptions(where, options, optionNames);
  const { language, name = 'model', weights = 'float32', separateWeights = false, maxLength } = options;
  if (!standaloneLanguages.includes(language))
    throw unknownName(where, 'language', String(language), standaloneLanguages);
  if (!standaloneWeights.includes(weights)) throw unknownName(where, 'weights', String(weights), standaloneWeights);
  if (maxLength !== undefined) requireCount(where, 'maxLength', maxLength);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: '`name` cannot begin names of the code.',
      expected: 'letters, digits and _, not a digit first',
      received: name,
      fix: 'choose another name.',
    });
  if (language !== 'js') requireSingles(where, language, { weights, separateWeights });
  if (isTask(given)) requireTaskCode(given, where, language === 'c');
  const nets = isTask(given) ? given.moduleNets?.() : undefined;
  const model = nets?.main ?? (isTask(given) ? given.model : given);
  const program = programOf(model);
  const takes = program.kind === 'step' ? 'steps' : 'sequences';
  const notes = isTask(given) ? [] : notesOf(model);
  if (language !== 'c') {
    const task = isTask(given) ? given.moduleCode?.(takes) : undefined;
    const about = aboutModule(model, program, { name, language, separateWeights, task });
    if (language === 'js')
      return {
        ...javascriptModule(program, {
          ...{ about, weights, isSideFile: separateWeights, more: task?.source },
          nets: new Map([...(nets?.others ?? [])].map(([name, net]) => [name, partOf(net, weights)])),
        }),
        takes,
        notes,
      };
    if (nets !== undefined)
      throw withoutModuleCode(
        `models of the task ${(given as TaskModel).task} in WebAssembly`,
        "language: 'js'",
        language,
      );
    return { ...webAssemblyModule(program, { about, more: task?.source }), takes, notes };
  }
  if (program.kind === 'sequence' && maxLength === undefined)
    throw new RondoError('USAGE', {
      where,
      what: 'the model takes whole sequences, and C needs to know how long they may be.',
      expected: 'maxLength',
      fix: 'give maxLength: 100, or whatever the longest sequence is.',
    });
  const about = aboutHeader(model, program, name);
  return { source: cHeader(program, { about, name, maxLength: maxLength ?? 1 }), weights: undefined, takes, notes };
}

/** A net inside of a module, with its weights. */
function partOf(net: AnyModel, weights: StandaloneWeights): string {
  return javascriptModule(programOf(net), { about: [], weights, isSideFile: false, more: undefined }).source;
}

/** Of a task's net the code around it leaves padding out; here whoever calls it has to. */
function notesOf(model: AnyModel): string[] {
  const masking = [...model.sublayers.values()].filter((layer) => layer.getConfig().maskZero === true);
  return masking.map(
    ({ name }) => `masks are no part of the code: give sequences without the padding, index 0, that ${name} leaves out`,
  );
}

/** Step by step where every layer can be run so. @throws USAGE */
function programOf(model: AnyModel): Program {
  try {
    return programOfStep(noteStep(model));
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== 'USAGE' || model.inputSampleShapes === undefined) throw error;
  }
  return programOfSequences(notedLengths.map((length) => ({ length, run: noteSequence(model, length) })));
}

function requireSingles(
  where: string,
  language: 'c' | 'wasm',
  { weights, separateWeights }: { weights: string; separateWeights: boolean },
): void {
  const refused = (what: string, fix: string): RondoError => new RondoError('USAGE', { where, what, fix });
  const title = { c: 'a C header', wasm: 'a .wasm file' }[language];
  if (weights === 'float16')
    throw refused(
      `${language === 'c' ? 'C99' : title} has no floats of 16 bits.`,
      'leave `weights` out, or quantize(model) first.',
    );
  if (separateWeights) throw refused(`${title} has its weights inside.`, 'leave `separateWeights` out.');
}

function aboutModel(model: AnyModel): string[] {
  const layers = [...model.sublayers.values()].map(({ name, className }) => `${name} (${className})`);
  const count = [...model.namedWeights()].reduce((sum, [, { variable }]) => sum + sizeOf(variable.shape), 0);
  return [
    `A model as code without dependencies, written by Rondo ${libraryVersion}.`,
    comment(`${model.className}: ${layers.join(', ')}; ${counted(count, 'weight')}.`),
    '',
  ];
}

/** Names may come from a file: a comment must not end in one. */
function comment(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').replaceAll('*/', '* /');
}

function portText({ name, shape, numRows }: Port): string {
  const size = shape.map((axis) => axis ?? 'length').join(' x ');
  if (numRows !== undefined) return `${comment(name)}: ${size} whole numbers from 0 to ${numRows - 1}`;
  return `${comment(name)}: ${size} numbers`;
}

function portLines({ kind, inputs, outputs }: Program): string[] {
  const of = kind === 'step' ? 'Of each step' : 'Of a sequence, step by step';
  return [`${of}: ${inputs.map(portText).join('; ')}. Out: ${outputs.map(portText).join('; ')}.`];
}

function aboutModule(
  model: AnyModel,
  program: Program,
  {
    name,
    language,
    separateWeights,
    task,
  }: { name: string; language: 'js' | 'wasm'; separateWeights: boolean; task: ModuleCode | undefined },
): string[] {
  const { kind, inputs } = program;
  const given = inputs.length === 1 ? 'values' : inputs.map((_, i) => `values${i + 1}`).join(', ');
  return [
    ...aboutModel(model),
    ...(task?.about.map((line) => line.replace('NAME', name)) ?? []),
    `  import { createModel } from "./${name}.mjs";`,
    ...(language === 'wasm'
      ? [`  import compiled from "./${name}.wasm"; // on edge workers; elsewhere give its bytes`]
      : []),
    `  const model = createModel(${language === 'wasm' ? 'compiled' : separateWeights ? 'bytesOfTheWeightsFile' : ''});`,
    ...(kind === 'step'
      ? [
          `  const output = model.step(${given}); // the state goes on to the next step`,
          '  const outputs = model.run(listOfSteps); // a whole sequence, from the beginning',
          '  model.reset(); // forgets what was before',
        ]
      : [`  const output = model.run(${given}); // a whole sequence`]),
    '',
    ...portLines(program),
  ];
}

function aboutHeader(model: AnyModel, program: Program, name: string): string[] {
  const given = program.inputs.map((_, i) => (program.inputs.length === 1 ? 'input' : `input${i + 1}`)).join(', ');
  const taken = program.outputs.map(({ name: output }) => output).join(', ');
  return [
    ...aboutModel(model),
    `  static ${name}_state state;`,
    ...(program.kind === 'step'
      ? [`  ${name}_reset(&state);`, `  ${name}_step(&state, ${given}, ${taken});`]
      : [`  ${name}_run(&state, ${given}, length, ${taken});`]),
    '',
    ...portLines(program),
    ...(program.inputs.some(({ numRows }) => numRows !== undefined) ? ['An index out of range looks up zeros.'] : []),
  ];
}
