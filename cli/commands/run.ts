import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  arrayEndings,
  type DecodedTensor,
  graphOf,
  type Model,
  modelFormatOf,
  OnnxModel,
  plainNumbers,
  RondoError,
  readArrays,
  Tensor,
  tensor,
  unknownName,
  writeArrays,
} from '../../src/index.js';
import { fileAccessError, type load, readBytes, writeFileAtomically } from '../../src/node.js';
import { showAnswer } from '../answer.js';
import { type ChainGiven, chainFiles, chainFlags, chainOptions, loadAsTold, notHere } from '../chain-options.js';
import { defineCommand, jsonOption } from '../options.js';
import { requireNewFile } from '../output-paths.js';
import { protectInputs } from '../protect-inputs.js';
import { printable } from '../terminal/printable.js';
import { textTable } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** An input of a model: null for an axis of any size, a name for one that others share. */
interface ModelInput {
  readonly name: string;
  readonly shape: readonly (number | string | null)[] | undefined;
  /** Whether it takes whole numbers alone. */
  readonly isWhole: boolean;
  /** Whether zeros take its place. */
  readonly isOptional: boolean;
}

/** An array that an input is given. */
interface GivenArray {
  readonly data: ReturnType<typeof plainNumbers>['data'];
  readonly shape: readonly number[];
  readonly path: string;
}

/** `rondo run`: any model on arrays. */
export const run = defineCommand({
  name: 'run',
  summary: 'Run a model of any format on arrays of NumPy or JSON.',
  usage: 'MODEL INPUT... [options]',
  examples: [
    'rondo run tagger.onnx x.npy --out y.npy',
    'rondo run translator.onnx source=text.npy lengths=lengths.npy --out answers.npz',
    'rondo run model.safetensors inputs.json',
  ],
  options: {
    out: {
      type: 'text',
      value: 'OUT',
      about: 'Where outputs go: a .npy file for one, .npz or .json for any number, or a folder (with / at its end).',
    },
    ...chainOptions,
    force: { type: 'flag', about: 'Overwrite existing files.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    if (positionals.length < 2) requirePositionals(this, positionals, 2);
    const where = `rondo ${this.name}`;
    const [path, ...words] = positionals;
    const named = words.map(namedFile);
    const files = [path, ...named.map((each) => each.path), ...chainFiles(options)];
    protectInputs({ positionals: files, options }, this.options);
    const isFolder = options.out !== undefined && (await isFolderName(options.out));
    if (options.out !== undefined && !isFolder) await requireNewFile(where, '--out', options.out, options.force);

    const begun = performance.now();
    const { model, format, notes, leftOver } = await loaded(where, path, options);
    const loadMs = performance.now() - begun;
    const inputs = inputsOf(model);
    const given = await arraysOf(where, named, inputs);
    requireFit(path, inputs, given);
    const started = performance.now();
    const outputs = await computed(model, given);
    const runMs = performance.now() - started;

    const writtenTo = await written(where, outputs, options.out, isFolder, options.force);
    const inRows = [...given].map(([name, { shape, path: file }]) => [printable(name), shown(shape), printable(file)]);
    const outRows = Object.entries(outputs).map(([name, { shape }], i) => [
      printable(name),
      shown(shape),
      rangeOf(outputs[name]),
      printable(writtenTo[i] ?? ''),
    ]);
    showAnswer(
      {
        facts: {
          model: path,
          format,
          inputs: [...given].map(([name, { shape, path: file }]) => ({ name, shape, file })),
          outputs: Object.entries(outputs).map(([name, { shape, dtype }], i) => ({
            name,
            shape,
            dtype,
            file: writtenTo[i] ?? null,
          })),
          loadMs,
          runMs,
        },
        sections: [
          textTable(['input', 'shape', 'file'], inRows),
          textTable(['output', 'shape', 'range', 'file'], outRows),
          `loaded in ${loadMs.toFixed(0)} ms, ran in ${runMs.toFixed(1)} ms`,
        ],
        notes: leftOver.length === 0 ? notes : [...notes, `left over: ${leftOver.map(printable).join(', ')}`],
      },
      options.json,
    );
  },
});

/** The model, whose file is looked at first where the command line says something of PyTorch's. */
async function loaded(where: string, path: string, options: ChainGiven): ReturnType<typeof load> {
  const [first] = chainFlags(options);
  if (first === undefined) return loadAsTold(path, undefined, options);
  const format = modelFormatOf(await readBytes(path), path);
  if (format !== 'pytorch') throw notHere(where, first, 'a PyTorch file is read');
  return loadAsTold(path, format, options);
}

/** `name=FILE` or `FILE`. */
function namedFile(word: string): { name: string | undefined; path: string } {
  const at = word.indexOf('=');
  return at <= 0 || existsSync(word)
    ? { name: undefined, path: word }
    : { name: word.slice(0, at), path: word.slice(at + 1) };
}

async function isFolderName(out: string): Promise<boolean> {
  return /[/\\]$/.test(out) || (await stat(out).catch(() => undefined))?.isDirectory() === true;
}

function inputsOf(model: Awaited<ReturnType<typeof load>>['model']): ModelInput[] {
  if (model instanceof OnnxModel)
    return model.inputs.map(({ name, type, shape }) => ({
      name,
      shape,
      isWhole: !/float/.test(type),
      isOptional: model.initialStates.has(name),
    }));
  const { inputs } = graphOf(model);
  return inputs.tensors.map(({ shape }, i) => ({
    name: model.inputNames?.[i] ?? 'input',
    shape,
    isWhole: false,
    isOptional: false,
  }));
}

/** Arrays by the names of inputs. @throws WrongUsage, UNKNOWN_NAME, USAGE where one is missing */
async function arraysOf(
  where: string,
  named: readonly { name: string | undefined; path: string }[],
  inputs: readonly ModelInput[],
): Promise<Map<string, GivenArray>> {
  const given = new Map<string, GivenArray>();
  const names = inputs.map(({ name }) => name);
  const take = (name: string, array: DecodedTensor, path: string): void => {
    if (!names.includes(name)) throw new WrongUsage(unknownName(where, 'input', name, names).facts);
    if (given.has(name))
      throw new WrongUsage({
        where,
        what: `the input \`${name}\` is given twice.`,
        received: `${given.get(name)!.path} and ${path}`,
        fix: 'name each input once: NAME=FILE.',
      });
    const { data, shape } = plainNumbers(array);
    given.set(name, { data, shape, path });
  };
  const unnamed: [DecodedTensor, string][] = [];
  for (const { name, path } of named) {
    const read = await readArrays(await readBytes(path), path);
    const byName = 'shape' in read ? new Map([['', read]]) : read;
    const [only] = byName.size === 1 ? byName.values() : [];
    if (name !== undefined && only === undefined)
      throw new WrongUsage({
        where,
        what: `the file for \`${name}\` holds ${byName.size} arrays.`,
        received: path,
        fix: 'name the file alone, and its arrays as the inputs are called.',
      });
    if (name !== undefined) take(name, only, path);
    else if (only !== undefined && !names.includes([...byName.keys()][0])) unnamed.push([only, path]);
    else for (const [key, array] of byName) take(key, array, path);
  }
  // One file without a name is the one input that is open.
  const open = inputs.filter(({ name, isOptional }) => !given.has(name) && !isOptional);
  if (unnamed.length > 0 && (unnamed.length > 1 || open.length !== 1))
    throw new WrongUsage({
      where,
      what: `the model has ${inputs.length === 1 ? 'one input' : `${inputs.length} inputs`}.`,
      expected: inputs.map(({ name, isOptional }) => `${name}=FILE${isOptional ? ' (or zeros)' : ''}`).join(' '),
      received: named.map(({ path }) => path).join(' '),
      fix: 'name the input of each file: NAME=FILE.',
    });
  for (const [array, path] of unnamed) take(open[0].name, array, path);
  return given;
}

/** @throws USAGE where an input is missing; SHAPE_MISMATCH, OUT_OF_RANGE where an array does not fit */
function requireFit(path: string, inputs: readonly ModelInput[], given: ReadonlyMap<string, GivenArray>): void {
  const missing = inputs.filter(({ name, isOptional }) => !given.has(name) && !isOptional).map(({ name }) => name);
  if (missing.length > 0)
    throw new RondoError('USAGE', {
      where: path,
      what: 'inputs are missing.',
      expected: inputs.map(({ name }) => name).join(', '),
      received: [...given.keys()].join(', ') || 'none',
      fix: `give ${missing.map((name) => `${name}=FILE`).join(' ')} too.`,
    });
  for (const { name, shape, isWhole } of inputs) {
    const array = given.get(name);
    if (array === undefined) continue;
    const sizes = array.shape;
    const fits =
      shape === undefined ||
      (shape.length === sizes.length && shape.every((axis, i) => typeof axis !== 'number' || axis === sizes[i]));
    if (!fits)
      throw new RondoError('SHAPE_MISMATCH', {
        where: array.path,
        what: `the array does not fit the input \`${name}\`.`,
        expected: shown(shape!),
        received: shown(sizes),
        fix:
          shape!.length === sizes.length + 1
            ? 'add the axis of the batch in front: array[None].'
            : 'give an array of the shape that the model reads.',
      });
    const wrong = isWhole ? Array.from(array.data).findIndex((value) => !Number.isInteger(value)) : -1;
    if (wrong >= 0)
      throw new RondoError('OUT_OF_RANGE', {
        where: array.path,
        what: `the input \`${name}\` takes whole numbers.`,
        received: `${array.data[wrong]} at place ${wrong}`,
        fix: 'save the array as int64.',
      });
  }
}

async function computed(
  model: Awaited<ReturnType<typeof load>>['model'],
  given: ReadonlyMap<string, GivenArray>,
): Promise<Record<string, Tensor>> {
  if (model instanceof OnnxModel) {
    const tensors = Object.fromEntries([...given].map(([name, { data, shape }]) => [name, tensor(data, shape)]));
    return model.predict(model.withZeroStates(tensors));
  }
  const [only] = given.values();
  const x = model.inputNames === undefined ? only : Object.fromEntries(given);
  const result = await (model as Model).predict(x as Parameters<Model['predict']>[0] & object);
  const value: unknown = result;
  if (value instanceof Tensor) return { output: value };
  if (Array.isArray(value)) {
    const names = outputNamesOf(model as Model);
    return Object.fromEntries(value.map((each, i) => [names[i], each as Tensor]));
  }
  return { ...(value as Record<string, Tensor>) };
}

/** Of a list of outputs: the layers that give them, numbered where one gives several. */
function outputNamesOf(model: Model): string[] {
  const { outputs, layers } = graphOf(model);
  const nameOf = new Map([...layers].map(([name, layer]) => [layer, name]));
  const names = outputs.tensors.map(({ node }) => nameOf.get(node.layer)!);
  const isTaken = (name: string, i: number): boolean => names.indexOf(name) !== i || names.includes(name, i + 1);
  const apart = names.map((name, i) => (isTaken(name, i) ? `${name}_${i}` : name));
  return new Set(apart).size === apart.length ? apart : names.map((_, i) => `output${i}`);
}

/** @returns the file of each output */
async function written(
  where: string,
  outputs: Readonly<Record<string, Tensor>>,
  out: string | undefined,
  isFolder: boolean,
  force: boolean,
): Promise<string[]> {
  if (out === undefined) return [];
  const names = Object.keys(outputs);
  if (!isFolder) {
    await writeFileAtomically(out, await writeArrays(outputs, out));
    return names.map(() => out);
  }
  const files = names.map((name) => join(out, `${name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_')}.npy`));
  if (new Set(files).size < files.length)
    throw new WrongUsage({
      where,
      what: 'outputs have names that are one as names of files.',
      received: names.join(', '),
      fix: `write them to one file: --out outputs.npz (or ${arrayEndings.at(-1)}).`,
    });
  try {
    await mkdir(out, { recursive: true });
  } catch (cause) {
    throw await fileAccessError('write', out, cause);
  }
  for (const file of files) await requireNewFile(where, '--out', file, force);
  for (const [i, name] of names.entries())
    await writeFileAtomically(files[i], await writeArrays({ [name]: outputs[name] }, files[i]));
  return files;
}

function shown(shape: readonly (number | string | null)[]): string {
  return `[${shape.map((axis) => axis ?? 'any').join(', ')}]`;
}

/** The smallest and the largest number, and how many are none. */
function rangeOf(values: Tensor): string {
  const data = values.dataSync();
  let [least, most, odd] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) odd += 1;
    else {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  const range = least > most ? '' : `${Number(least.toPrecision(4))} to ${Number(most.toPrecision(4))}`;
  return odd === 0 ? range : `${range}${range && ', '}${odd} not finite`;
}
