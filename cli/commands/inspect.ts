import { stat } from 'node:fs/promises';
import { decodeSafetensors, deserializeModel, drawModel, RondoError } from '../../src/index.js';
import { readBytes, writeFileAtomically } from '../../src/node.js';
import { showAnswer } from '../answer.js';
import { foreignFormatOf, inspectForeign } from '../inspect-foreign.js';
import { defineCommand, jsonOption } from '../options.js';
import { print, printJson, printLines } from '../output.js';
import { requireNewFile } from '../output-paths.js';
import { loadWithTask } from '../tasks.js';
import { printable } from '../terminal/printable.js';
import { counted, fileSize } from '../text-table.js';
import { weightForms, weightFormsLine } from '../weight-forms.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo inspect`: what is in a model file. */
export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what a model file of any format holds.',
  usage: 'MODEL [options]',
  examples: [
    'rondo inspect shakespeare.safetensors',
    'rondo inspect translator.safetensors --svg translator.svg',
    'rondo inspect tagger.onnx --svg tagger.svg',
    'rondo inspect shakespeare.safetensors --json',
  ],
  options: {
    svg: { type: 'text', value: 'OUT.svg', about: 'Draw the layers and what each reads as an SVG file.' },
    force: { type: 'flag', about: 'Overwrite an existing drawing.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    if (options.svg !== undefined) await requireNewFile(`rondo ${this.name}`, '--svg', options.svg, options.force);
    const bytes = await readBytes(path);
    const format = foreignFormatOf(bytes, path);
    if (format !== undefined) {
      const { drawing, answer } = await inspectForeign(bytes, path, format, options.svg !== undefined);
      if (options.svg !== undefined && drawing !== undefined) await writeFileAtomically(options.svg, drawing);
      const drawn = drawing === undefined ? [] : [`wrote ${printable(options.svg!)}`];
      showAnswer({ ...answer, sections: [...answer.sections, ...drawn] }, options.json);
      return;
    }
    const { model, preprocessing, training } = deserializeModel(bytes, path);
    if (options.svg !== undefined) await writeFileAtomically(options.svg, drawModel(model));
    const loaded = await loadWithTask(`rondo ${this.name}`, path).catch(withoutTask);
    const sizeBytes = (await stat(path)).size;
    const weights = weightForms(model, decodeSafetensors(bytes, path, { copy: false }).tensors);
    if (options.json) {
      const architecture = { className: model.className, config: model.getConfig() };
      printJson({
        path,
        sizeBytes,
        parameters: model.countParams(),
        weights,
        task: loaded?.task.name ?? null,
        isCheckpoint: training !== undefined,
        architecture,
        preprocessing,
      });
      return;
    }
    print(
      `${path}: ${fileSize(sizeBytes)}` +
        (training === undefined
          ? ''
          : `, a checkpoint after ${counted(training.values.epoch, 'epoch')} and ` +
            counted(training.values.batch, 'step')) +
        '\n',
    );
    print(model.summary());
    const line = weightFormsLine(weights);
    if (line !== undefined) print(line);
    if (loaded === undefined) print('\nNo task: a model to be used from code.');
    else printLines(['', ...(await loaded.task.inspect())(loaded.model)]);
    if (options.svg !== undefined) print(`\nwrote ${options.svg}`);
  },
});

/** A model that no task made can be inspected as well. */
function withoutTask(error: unknown): undefined {
  if (error instanceof RondoError && error.code === 'FILE_FORMAT') return undefined;
  throw error;
}
