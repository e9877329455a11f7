import { showAnswer } from '../answer.js';
import { defineCommand, inferenceOptions, jsonOption } from '../options.js';
import { optionsOfTasks, requireOwnOptions } from '../task-options.js';
import { loadWithTask } from '../tasks.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo predict`: what comes next, which class it is, the tags of words, or a translation, of any model. */
export const predict = defineCommand({
  name: 'predict',
  summary:
    'Say what comes next (values after a table, tokens after a text), which class each text is of, the tags of ' +
    'words, or what texts become.',
  usage: 'MODEL [TEXT|FILE|-] [options]',
  examples: [
    'rondo predict sunspots.safetensors sunspots.csv',
    'rondo predict reviews.safetensors new.csv --text review',
    "rondo predict reviews.safetensors 'not as bad as they say'",
    "printf 'To be or not to' | rondo predict shakespeare.safetensors - --json",
    "echo 'Dogs bark .' | rondo predict upos.safetensors -",
    'rondo predict de-en.safetensors news.de',
  ],
  options: { ...optionsOfTasks('predict'), ...inferenceOptions, ...jsonOption },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1, 2);
    const [path, data = '-'] = positionals;
    const where = `rondo ${this.name}`;
    const { model, task } = await loadWithTask(where, path);
    requireOwnOptions(where, task, 'predict', options);
    const predictWith = await task.predict();
    showAnswer(await predictWith(model, data, { where, path, options: options as never }), options.json === true);
  },
});
