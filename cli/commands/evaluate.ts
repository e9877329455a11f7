import { showReport } from '../answer.js';
import { defineCommand, inferenceOptions, jsonOption } from '../options.js';
import { optionsOfTasks, requireOwnOptions } from '../task-options.js';
import { loadWithTask } from '../tasks.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo evaluate`: how good a model is on data. */
export const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Measure a model on data; of the data it was trained on, on the part that was held out.',
  usage: 'MODEL FILE... [options]',
  examples: [
    'rondo evaluate sunspots.safetensors sunspots.csv',
    'rondo evaluate shakespeare.safetensors sonnets.txt --dynamic --json',
    'rondo evaluate reviews.safetensors reviews.csv',
    'rondo evaluate upos.safetensors en-test.conllu',
    'rondo evaluate de-en.safetensors test.de test.en',
  ],
  options: { ...optionsOfTasks('evaluate'), ...inferenceOptions, ...jsonOption },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 2, Infinity);
    const [path, ...files] = positionals;
    const where = `rondo ${this.name}`;
    const { model, task } = await loadWithTask(where, path);
    requireOwnOptions(where, task, 'evaluate', options);
    const evaluateModel = await task.evaluate();
    showReport(await evaluateModel(model, files, { where, path, options: options as never }), options.json === true);
  },
});
