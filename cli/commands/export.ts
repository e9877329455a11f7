import { basename, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Model, RondoError, type StandaloneLanguage, standaloneCode, standaloneLanguages } from '../../src/index.js';
import { load, loadTask, writeFileAtomically } from '../../src/node.js';
import { showAnswer } from '../answer.js';
import { defineCommand, jsonOption } from '../options.js';
import { defaultOutput, requireNewFile } from '../output-paths.js';
import { protectInputs } from '../protect-inputs.js';
import { printable } from '../terminal/printable.js';
import { fileSize } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

const endings: Readonly<Record<StandaloneLanguage, string>> = { js: '.mjs', wasm: '.mjs', c: '.h' };

/** `rondo export`: a model as code that needs no library. */
export const exportModel = defineCommand({
  name: 'export',
  summary:
    'Write a model as code without dependencies: a JavaScript module, WebAssembly made beforehand, or a C header.',
  usage: 'MODEL --standalone js|wasm|c [options]',
  examples: [
    'rondo export net.safetensors --standalone js',
    'rondo export net.safetensors --standalone js --weights float16 --weights-file net.bin',
    'rondo export net.safetensors --standalone wasm',
    'rondo export net.safetensors --standalone c --out net.h --name net',
    'rondo export reviews.safetensors --standalone js',
  ],
  options: {
    standalone: {
      type: 'text',
      value: 'LANGUAGE',
      choices: standaloneLanguages,
      about:
        'js: an ES module of plain loops, for any engine; wasm: a module and a .wasm file with SIMD, for edge workers and pages; ' +
        'c: a C99 header, for a micro-controller.',
    },
    weights: {
      type: 'text',
      value: 'FORM',
      choices: ['float32', 'float16'],
      about: 'How a module has its weights. Weights of 8 bits stay so (rondo compress --int8). Default float32.',
    },
    'weights-file': {
      type: 'text',
      value: 'FILE',
      sets: 'separateWeights',
      about:
        'Write the weights of a module to a file of their own, whose bytes createModel is given; of wasm, the name of the .wasm ' +
        'file (default that of OUT).',
    },
    name: { type: 'text', value: 'NAME', about: 'What names of a header begin with. Default: from the name of OUT.' },
    'max-length': {
      type: 'count',
      value: 'N',
      about: 'In C, the longest sequence of a model that takes whole sequences.',
    },
    out: { type: 'text', value: 'FILE', about: 'Where the code goes. Default: the name of the model with .mjs or .h.' },
    'network-only': {
      type: 'flag',
      about: 'The net alone, without what turns raw data into its inputs and outputs into answers.',
    },
    force: { type: 'flag', about: 'Overwrite existing files.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const where = `rondo ${this.name}`;
    const { standalone: language, weights, 'max-length': maxLength, force } = options;
    if (language === undefined)
      throw new WrongUsage({
        where,
        what: 'it is not said what to write.',
        expected: '--standalone js, --standalone wasm or --standalone c',
        fix: 'add --standalone js.',
      });
    // Both files are written, and neither in the place of the model.
    protectInputs({ positionals: [path], options: {} }, {});
    const out = options.out ?? defaultOutput(path, endings[language]);
    const weightsFile =
      options['weights-file'] ?? (language === 'wasm' ? out.replace(/(\.m?js)?$/, '.wasm') : undefined);
    if (weightsFile !== undefined && resolve(weightsFile) === resolve(out))
      throw new WrongUsage({
        where,
        what: '--out and --weights-file name one file.',
        expected: 'a file for the code, and one for the weights',
        received: weightsFile,
        fix: 'choose another --weights-file.',
      });
    await requireNewFile(where, '--out', out, force);
    if (weightsFile !== undefined) await requireNewFile(where, '--weights-file', weightsFile, force);
    const { model, preprocessing, notes } = await load(path);
    if (!(model instanceof Model))
      throw new RondoError('USAGE', {
        where: path,
        what: 'this graph has no layers that code could be written of.',
        expected: 'a model of layers',
        fix: `run it with rondo run ${path}, or export the model that it was made from.`,
      });
    const isTask = 'task' in Object(preprocessing) && !options['network-only'];
    const name = options.name ?? nameOf(out);
    const code = standaloneCode(isTask ? (await loadTask(path)).task : model, {
      ...{ language, weights, maxLength, name },
      separateWeights: weightsFile !== undefined && language !== 'wasm',
    });
    const files: { readonly path: string; readonly bytes: Uint8Array }[] = [
      { path: out, bytes: new TextEncoder().encode(code.source) },
    ];
    await writeFileAtomically(out, files[0].bytes);
    if (weightsFile !== undefined && code.weights !== undefined) {
      await writeFileAtomically(weightsFile, code.weights);
      files.push({ path: weightsFile, bytes: code.weights });
    }
    const sizes = files.map((file) => ({
      path: file.path,
      sizeBytes: file.bytes.length,
      gzippedBytes: gzipSync(file.bytes, { level: 9 }).length,
    }));
    showAnswer(
      {
        facts: { model: path, language, takes: code.takes, files: sizes, notes: [...notes, ...code.notes] },
        sections: sizes.map(
          ({ path: file, sizeBytes, gzippedBytes }) =>
            `wrote ${printable(file)}: ${fileSize(sizeBytes)}, ${fileSize(gzippedBytes)} gzipped`,
        ),
        notes: [...notes, ...code.notes],
      },
      options.json,
    );
  },
});

/** A name for code from that of its file. */
function nameOf(out: string): string {
  const name = basename(out).replace(/\.[^.]*$/, '');
  return name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)/, '_') || 'model';
}
