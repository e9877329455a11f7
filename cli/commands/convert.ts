import { basename, dirname, join } from 'node:path';
import {
  type DecodedTensor,
  decodeSafetensors,
  encodeSafetensors,
  Model,
  type ModelFormatName,
  modelEndings,
  modelFormatOf,
  RondoError,
  readNpy,
  readNpz,
  readStateDict,
  serializeModelAsync,
  torchModuleSource,
  writeModel,
  writeNpy,
  writeNpz,
} from '../../src/index.js';
import { load, readBytes, writeFileAtomically } from '../../src/node.js';
import { type Answer, showAnswer } from '../answer.js';
import { type ChainGiven, chainFiles, chainFlags, chainOptions, loadAsTold, notHere } from '../chain-options.js';
import { defineCommand, jsonOption } from '../options.js';
import { requireNewFile } from '../output-paths.js';
import { protectInputs } from '../protect-inputs.js';
import { printable } from '../terminal/printable.js';
import { textTable } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

type Tensors = ReadonlyMap<string, DecodedTensor>;

/** Arrays as a file, and what is said of them. */
interface ArraysWritten {
  readonly content: Uint8Array;
  readonly answer: Answer;
}

interface ConvertOptions extends ChainGiven {
  readonly to?: string | undefined;
  readonly force: boolean;
  readonly module?: string | undefined;
  readonly 'dynamic-quantize-lstm'?: boolean | undefined;
}

/** `rondo convert`: models and arrays of other programs. */
export const convert = defineCommand({
  name: 'convert',
  summary:
    'Turn a model of another program into one of this, one of this into that of another, or arrays from and to NumPy.',
  usage: 'IN OUT [options]',
  examples: [
    'rondo convert tagger.pt tagger.safetensors',
    'rondo convert net.pth net.safetensors --layers lstm,fc1=relu,fc2 --last-step',
    'rondo convert net.pth net.safetensors --layers net.json',
    'rondo convert tagger.safetensors tagger-for-torch.safetensors --to pytorch',
    'rondo convert tagger.safetensors for-torch.safetensors --to pytorch --module tagger.py',
    'rondo convert tagger.safetensors weights.npz',
    'rondo convert tagger-int8.safetensors tagger.onnx --dynamic-quantize-lstm',
  ],
  options: {
    to: {
      type: 'text',
      value: 'FORMAT',
      about:
        'The format of OUT where its ending has two: a .safetensors file is for rondo or for pytorch. By default rondo, and ' +
        "pytorch where IN is Rondo's own.",
    },
    ...chainOptions,
    module: {
      type: 'text',
      value: 'OUT.py',
      about: 'Also write a torch.nn.Module whose load_state_dict takes OUT, where that is for PyTorch.',
    },
    'dynamic-quantize-lstm': {
      type: 'flag',
      sets: 'dynamicQuantizeLSTM',
      about:
        "Of an ONNX file: LSTMs with weights of 8 bits become ONNX Runtime's DynamicQuantizeLSTM, which multiplies whole " +
        'numbers; no other program but this one reads it, and results are near those of here.',
    },
    force: { type: 'flag', about: 'Overwrite existing files.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 2);
    const [input, output] = positionals;
    const where = `rondo ${this.name}`;
    const to = endingOf(output);
    const written = modelEndings('write');
    if (![...written.keys()].some((ending) => output.toLowerCase().endsWith(ending)) && !isArrays(to))
      throw new WrongUsage({
        where,
        what: 'the ending of OUT says no format that is written.',
        expected: [...written, ['.safetensors with --to pytorch', 'PyTorch'], ['.npz', 'NumPy'], ['.npy', 'NumPy']]
          .map(([ending, title]) => `${ending} (${title})`)
          .join(', '),
        received: output,
        fix: 'name the output by what it is to be.',
      });
    // The second word names what is written.
    protectInputs({ positionals: [input, ...chainFiles(options)], options }, this.options);
    await requireNewFile(where, 'OUT', output, options.force);
    if (options.module !== undefined) await requireNewFile(where, '--module', options.module, options.force);
    const { facts, sections, notes } = await converted(where, input, output, options);
    const all = 'text' in sections ? sections : [...sections, `wrote ${printable(output)}`];
    showAnswer({ facts: { input, output, ...facts }, sections: all, notes }, options.json);
  },
});

/** Reads, writes, and says what became of what. */
async function converted(where: string, input: string, output: string, options: ConvertOptions): Promise<Answer> {
  const [from, to] = [input, output].map(endingOf);
  const bytes = await readBytes(input);
  const format = isArrays(from) ? undefined : modelFormatOf(bytes, input);
  const dynamicQuantizeLSTM = options['dynamic-quantize-lstm'];
  if (dynamicQuantizeLSTM && to !== '.onnx') throw notHere(where, 'dynamic-quantize-lstm', 'an ONNX file is written');
  const given = chainFlags(options);
  if (format !== 'pytorch' && given.length > 0) throw notHere(where, given[0], 'a PyTorch file is read');
  const [chain] = given.filter((name) => name !== 'key');
  if (isArrays(to) && chain !== undefined) throw notHere(where, chain, 'a model is made of a PyTorch file');
  if (format === undefined && !isArrays(to) && to !== '.safetensors')
    throw new WrongUsage({
      where,
      what: 'arrays alone are no model.',
      expected: 'OUT as .safetensors, .npz or .npy',
      received: output,
      fix: 'convert the model that they are from, or make one in code and save it.',
    });
  if (format === undefined || isArrays(to)) {
    if (options.to !== undefined) throw notHere(where, 'to', 'a model is written');
    if (options.module !== undefined) throw notHere(where, 'module', 'a model is written for PyTorch');
    const arrays = await arraysOf(bytes, input, format, options.key);
    const { content, answer } = await ofArrays(where, arrays, to);
    await writeFileAtomically(output, content);
    return answer;
  }

  const read = await loadAsTold(input, format, options);
  if (!(read.model instanceof Model))
    throw new RondoError('USAGE', {
      where: input,
      what: 'this graph runs as it is, and is not made another model.',
      expected: 'a model of layers',
      fix: `run it on arrays with rondo run ${input}, or convert the model that it was exported from.`,
    });
  const wanted = (options.to ?? (to === '.safetensors' && format === 'rondo' ? 'pytorch' : undefined)) as
    | ModelFormatName
    | undefined;
  if (options.module !== undefined && wanted !== 'pytorch')
    throw notHere(where, 'module', 'a model is written for PyTorch (--to pytorch)');
  // What PyTorch cannot compute is found before anything is written.
  const source = options.module === undefined ? undefined : await torchModuleSource(read.model as Model);
  const { preprocessing } = read;
  const { notes, files } = await writeModel(read.model, basename(output), {
    ...{ format: wanted, preprocessing },
    ...(dynamicQuantizeLSTM && { dynamicQuantizeLSTM }),
  }).catch((error: unknown) => {
    if (!(error instanceof RondoError) || error.facts.option !== 'dynamicQuantizeLSTM') throw error;
    const fix = `compress a model with an LSTM first (rondo compress ${input} --int8), or leave --dynamic-quantize-lstm out.`;
    throw new RondoError(error.code, { ...error.facts, fix });
  });
  const paths = [...files.keys()].map((name) => join(dirname(output), name));
  // Files beside OUT, whose names follow from it.
  for (const path of paths.slice(1)) await requireNewFile(where, 'OUT', path, options.force);
  // What others name is there before they are.
  for (const [i, bytes] of [...[...files.values()].entries()].reverse()) await writeFileAtomically(paths[i], bytes);
  if (source !== undefined) await writeFileAtomically(options.module!, source);
  const { matched, leftOver } = read;
  const rows = matched.map(({ source, kind, layers, tensors }) => [
    printable(source),
    kind,
    layers.map(printable).join(' '),
    String(tensors.length),
  ]);
  return {
    facts: { kind: 'model', from: format, parameters: read.model.countParams(), matched, leftOver, paths },
    sections: [
      ...(rows.length === 0 ? [] : [textTable(['from', 'kind', 'layers', 'tensors'], rows)]),
      read.model.summary(),
    ],
    notes: [
      ...read.notes,
      ...(leftOver.length === 0 ? [] : [`left over: ${leftOver.map(printable).join(', ')}`]),
      ...notes,
    ],
  };
}

/** What a file of arrays holds, or the weights of a model by the names of its file. */
async function arraysOf(
  bytes: Uint8Array,
  input: string,
  format: ModelFormatName | undefined,
  key: string | undefined,
): Promise<Tensors> {
  if (format === 'pytorch') return readStateDict(bytes, input, key === undefined ? {} : { key });
  if (format === 'rondo') return withoutTraining(decodeSafetensors(bytes, input).tensors);
  if (endingOf(input) === '.npz') return readNpz(bytes, input);
  if (format === undefined) return new Map([[basename(input, endingOf(input)), readNpy(bytes, input)]]);
  const { model } = await load(input, { format });
  if (model instanceof Model) {
    const own = decodeSafetensors(await serializeModelAsync(model), input);
    return withoutTraining(own.tensors);
  }
  throw new RondoError('USAGE', {
    where: input,
    what: 'this graph has no layers whose weights could be named.',
    expected: 'a model of layers',
    fix: 'convert the model that it was exported from.',
  });
}

async function ofArrays(where: string, arrays: Tensors, to: string): Promise<ArraysWritten> {
  const answer = {
    facts: {
      kind: 'arrays',
      arrays: Object.fromEntries(
        [...arrays].map(([name, { storedDtype, shape }]) => [name, { dtype: storedDtype, shape }]),
      ),
    },
    sections: [textTable(['array', 'shape'], shapesOf(arrays))],
  };
  if (to === '.safetensors') return { content: encodeSafetensors(asStored(arrays)), answer };
  if (to === '.npz') return { content: await writeNpz(asStored(arrays, ['BF16'])), answer };
  const [only] = asStored(arrays, ['BF16']).values();
  if (arrays.size !== 1)
    throw new WrongUsage({
      where,
      what: 'a .npy file holds one array.',
      expected: 'one array',
      received: `${arrays.size}: ${[...arrays.keys()].slice(0, 10).join(', ')}`,
      fix: 'write them to a .npz file.',
    });
  return { content: writeNpy(only), answer };
}

/** Floats of 16 bits stay what they were, but for types that the format has not. */
function asStored(arrays: Tensors, unknown: readonly string[] = []): Map<string, DecodedTensor> {
  return new Map(
    [...arrays].map(([name, array]) => [
      name,
      unknown.includes(array.storedDtype) ? array : { ...array, dtype: array.storedDtype },
    ]),
  );
}

/** The weights of a model file, without what its training keeps. */
function withoutTraining(tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([name]) => !name.startsWith('@')));
}

function shapesOf(tensors: Tensors): string[][] {
  return [...tensors].map(([name, { shape }]) => [printable(name), `[${shape.join(', ')}]`]);
}

function isArrays(ending: string): boolean {
  return ending === '.npz' || ending === '.npy';
}

function endingOf(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? '';
}
