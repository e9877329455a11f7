import { type LoadedTask, RondoError } from '../../src/index.js';
import { readBytes, readTask, writeFileAtomically } from '../../src/node.js';
import { showReport } from '../answer.js';
import { formsReport } from '../compress/forms-report.js';
import { formMeasure, type MeasuredForm, stepTimes } from '../compress/measure.js';
import { type CompressionMethod, compressionMethods } from '../compress/methods.js';
import { bytesOfSize } from '../compress/size-text.js';
import { defineCommand, inferenceOptions, jsonOption, type OptionSpec } from '../options.js';
import { defaultOutput, requireNewFile } from '../output-paths.js';
import { optionsOfTasks, requireOwnOptions } from '../task-options.js';
import { loadWithTask } from '../tasks.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** `rondo compress`: a smaller file of a model, and what that costs. */
export const compress = defineCommand({
  name: 'compress',
  summary: 'Make a model smaller and faster, and say what that costs.',
  usage: 'MODEL [--int8 | ...] [--data FILE...] [options]',
  examples: [
    'rondo compress shakespeare.safetensors --data sonnets.txt',
    'rondo compress reviews.safetensors --int8 --data held-out.csv --out reviews-int8.safetensors',
    'rondo compress upos.safetensors --budget 200kB --data en-test.conllu',
  ],
  options: {
    ...(Object.fromEntries(
      compressionMethods.map(({ name, about }): [string, OptionSpec] => [name, { type: 'flag', about }]),
    ) as Record<(typeof compressionMethods)[number]['name'], { type: 'flag'; about: string }>),
    data: {
      type: 'texts',
      value: 'FILE',
      about: 'Data to measure the model on, as `rondo evaluate` reads them; again for each further file.',
    },
    budget: {
      type: 'text',
      value: 'SIZE',
      about: 'The largest that the file may be: 200kB, 1.5MB. Of the forms that fit, the best one is written.',
    },
    out: {
      type: 'text',
      value: 'FILE',
      about: 'Where the model goes. Default: the name of the model with that of the form, in this folder.',
    },
    force: { type: 'flag', about: 'Overwrite an existing model.' },
    ...optionsOfTasks('evaluate'),
    ...inferenceOptions,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const where = `rondo ${this.name}`;
    const methods = chosenMethods(where, options);
    const budget = options.budget === undefined ? undefined : bytesOfSize(where, options.budget);
    if (options.out !== undefined) await requireNewFile(where, '--out', options.out, options.force);
    const { model, task } = await loadWithTask(where, path);
    requireOwnOptions(where, task, 'evaluate', options);
    const fileBytes = await readBytes(path);
    refuseCheckpoint(where, await readTask(fileBytes, path));
    const measure = await formMeasure(task, options.data ?? [], { where, path, options });
    const original = await measure('as it is', fileBytes);
    const made: (MeasuredForm & { readonly bytes: Uint8Array })[] = [];
    for (const { name, bytesOf } of methods) {
      const bytes = await bytesOf((await readTask(fileBytes, path)).task);
      if (bytes !== undefined) made.push({ ...(await measure(name, bytes)), bytes });
    }
    if (made.length === 0) throw nothingToCompress(where, methods);
    const [originalUs, ...timesUs] = stepTimes([original, ...made].map((form) => form.model));
    const report = formsReport({
      path,
      original: { ...original, stepUs: originalUs },
      forms: made.map((form, i) => ({ ...form, stepUs: timesUs[i] })),
      isChosenHere: methods === compressionMethods,
      budget,
      quality: task.quality,
      numWeights: model.model.countParams(),
    });
    const out = options.out ?? defaultOutput(path, `-${report.chosen.name}.safetensors`);
    if (options.out === undefined) await requireNewFile(where, '--out', out, options.force);
    await writeFileAtomically(out, report.chosen.bytes);
    showReport(report.told(out), options.json === true);
  },
});

/** Those that are asked for; all where none is. */
function chosenMethods(where: string, options: Readonly<Record<string, unknown>>): readonly CompressionMethod[] {
  const asked = compressionMethods.filter(({ name }) => options[name] === true);
  if (asked.length > 0 && options.budget !== undefined)
    throw new WrongUsage({
      where,
      what: '--budget chooses the form itself.',
      expected: '--budget, or the name of a form',
      received: asked.map(({ name }) => `--${name}`).join(', '),
      fix: 'leave one of them out.',
    });
  return asked.length > 0 ? asked : compressionMethods;
}

function nothingToCompress(where: string, methods: readonly CompressionMethod[]): RondoError {
  const [{ name }] = methods;
  return new RondoError('USAGE', {
    where,
    what: name === 'blocks' ? 'no weight has blocks of zeros to leave out.' : 'the weights are compressed already.',
    expected: name === 'blocks' ? 'a model that was pruned in blocks while it was trained' : 'weights of 32 bits',
    fix: name === 'blocks' ? 'train one with --prune, or choose another form.' : 'give the model as it was trained.',
  });
}

/** @throws USAGE for an interrupted training, whose state a compressed file would lose */
function refuseCheckpoint(where: string, { training }: LoadedTask): void {
  if (training === undefined) return;
  throw new RondoError('USAGE', {
    where,
    what: 'the file is a checkpoint of a training that has not ended.',
    expected: 'a finished model',
    fix: 'end the training with --resume first.',
  });
}
