import { basename } from 'node:path';
import {
  type ActivationName,
  activationNamed,
  type DecodedTensor,
  decodeSafetensors,
  encodeSafetensors,
  type ModuleInChain,
  modelFromStateDict,
  readNpy,
  readNpz,
  readStateDict,
  serializeModel,
  stateDictOf,
  writeNpy,
  writeNpz,
} from '../../src/index.js';
import { loadModel, readBytes, writeFileAtomically } from '../../src/node.js';
import { type Answer, showAnswer } from '../answer.js';
import { defineCommand, jsonOption } from '../options.js';
import { requireNewFile } from '../output-paths.js';
import { protectInputs } from '../protect-inputs.js';
import { printable } from '../terminal/printable.js';
import { counted, textTable } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

type Tensors = ReadonlyMap<string, DecodedTensor>;

/** What is written, and what was made of what was read. */
interface Converted {
  readonly bytes: Uint8Array;
  readonly answer: Answer;
}

interface ConvertOptions {
  readonly layers?: string | undefined;
  readonly 'last-step'?: boolean | undefined;
  readonly key?: string | undefined;
}

/** `rondo convert`: models and arrays of other programs. */
export const convert = defineCommand({
  name: 'convert',
  summary: 'Turn a PyTorch file into a model, a model into one for PyTorch, or arrays from and to NumPy.',
  usage: 'IN OUT [options]',
  examples: [
    'rondo convert tagger.pt tagger.safetensors',
    'rondo convert net.pth net.safetensors --layers lstm,fc1=relu,fc2 --last-step',
    'rondo convert tagger.safetensors tagger-for-torch.safetensors',
    'rondo convert tagger.safetensors weights.npz',
  ],
  options: {
    layers: {
      type: 'text',
      value: 'NAME,NAME=ACTIVATION,...',
      about: 'The modules of a PyTorch file in the order in which they run. By default the one chain that is possible.',
    },
    'last-step': {
      type: 'flag',
      about: 'The last recurrent module of a PyTorch file gives its last states alone, as output[:, -1] does.',
    },
    key: { type: 'text', value: 'NAME', about: 'The entry of a PyTorch file that holds the weights.' },
    force: { type: 'flag', about: 'Overwrite an existing file.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 2);
    const [input, output] = positionals;
    const where = `rondo ${this.name}`;
    const to = endingOf(output);
    if (!['.safetensors', '.npz', '.npy'].includes(to))
      throw new WrongUsage({
        where,
        what: 'the ending of OUT says no format that is written.',
        expected: '.safetensors (a model, or for PyTorch), .npz or .npy (NumPy)',
        received: output,
        fix: 'name the output by what it is to be.',
      });
    // The second word names what is written.
    protectInputs({ positionals: [input], options }, this.options);
    await requireNewFile(where, 'OUT', output, options.force);
    const { bytes, answer } = await converted(where, input, to, options);
    await writeFileAtomically(output, bytes);
    const { facts, sections, notes } = answer;
    const all = 'text' in sections ? sections : [...sections, `wrote ${printable(output)}`];
    showAnswer({ facts: { input, output, ...facts }, sections: all, notes }, options.json);
  },
});

async function converted(where: string, input: string, to: string, options: ConvertOptions): Promise<Converted> {
  const from = endingOf(input);
  const bytes = await readBytes(input);
  const isModel = from === '.safetensors' && 'rondo' in decodeSafetensors(bytes, input).metadata;
  const isArrays = from === '.npz' || from === '.npy';
  const isFromTorch = !isModel && !isArrays;
  const given = (['layers', 'last-step'] as const).find((name) => options[name]);
  if (given !== undefined && !(isFromTorch && to === '.safetensors'))
    throw notHere(where, given, 'a model is made of a PyTorch file');
  if (options.key !== undefined && !isFromTorch) throw notHere(where, 'key', 'a PyTorch file is read');

  if (from === '.npz') return ofArrays(where, await readNpz(bytes, input), to);
  if (from === '.npy') return ofArrays(where, new Map([[basename(input, from), readNpy(bytes, input)]]), to);
  if (isModel) {
    if (to !== '.safetensors') return ofArrays(where, withoutTraining(decodeSafetensors(bytes, input).tensors), to);
    const { model, preprocessing } = await loadModel(input);
    const state = await stateDictOf(model);
    return {
      bytes: encodeSafetensors(state, { format: 'pt' }),
      answer: {
        facts: { kind: 'state dict', tensors: [...state.keys()] },
        sections: [
          `${counted(state.size, 'tensor')} for load_state_dict`,
          textTable(['tensor', 'shape'], shapesOf(state)),
        ],
        notes:
          preprocessing === null ? [] : ['what turns raw data into inputs is left out: PyTorch has no place for it'],
      },
    };
  }
  const state = await readStateDict(bytes, input, { key: options.key });
  return to === '.safetensors' ? modelOf(state, options) : ofArrays(where, state, to);
}

function modelOf(state: Tensors, { layers, 'last-step': isLastOnly = false }: ConvertOptions): Converted {
  const { model, matched, leftOver } = modelFromStateDict(state, {
    layers: layers?.split(',').map(moduleInChain),
    returnSequences: !isLastOnly,
  });
  const rows = matched.map(({ module, kind, layers: made, tensors }) => [
    printable(module),
    kind,
    made.map(printable).join(' '),
    String(tensors.length),
  ]);
  return {
    bytes: serializeModel(model),
    answer: {
      facts: { kind: 'model', parameters: model.countParams(), matched, leftOver },
      sections: [textTable(['module', 'kind', 'layers', 'tensors'], rows), model.summary()],
      notes: leftOver.length === 0 ? [] : [`left over: ${leftOver.map(printable).join(', ')}`],
    },
  };
}

/** `fc1` or `fc1=relu`. */
function moduleInChain(text: string): ModuleInChain {
  const at = text.lastIndexOf('=');
  if (at < 0) return { module: text };
  const activation: ActivationName = activationNamed(text.slice(at + 1));
  return { module: text.slice(0, at), activation };
}

async function ofArrays(where: string, arrays: Tensors, to: string): Promise<Converted> {
  const answer = {
    facts: {
      kind: 'arrays',
      arrays: Object.fromEntries(
        [...arrays].map(([name, { storedDtype, shape }]) => [name, { dtype: storedDtype, shape }]),
      ),
    },
    sections: [textTable(['array', 'shape'], shapesOf(arrays))],
  };
  if (to === '.safetensors') return { bytes: encodeSafetensors(asStored(arrays)), answer };
  if (to === '.npz') return { bytes: await writeNpz(asStored(arrays, ['BF16'])), answer };
  const [only] = asStored(arrays, ['BF16']).values();
  if (arrays.size !== 1)
    throw new WrongUsage({
      where,
      what: 'a .npy file holds one array.',
      expected: 'one array',
      received: `${arrays.size}: ${[...arrays.keys()].slice(0, 10).join(', ')}`,
      fix: 'write them to a .npz file.',
    });
  return { bytes: writeNpy(only), answer };
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

function endingOf(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? '';
}

function notHere(where: string, option: string, when: string): WrongUsage {
  return new WrongUsage({
    where,
    what: `--${option} has no effect here.`,
    expected: `it where ${when}`,
    fix: 'leave it out.',
  });
}
