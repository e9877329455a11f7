import { generate as generateText } from '../../src/index.js';
import { loadTask } from '../../src/node.js';
import { requireTask } from '../require-task.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo generate`: text from a language model, as it is written. */
export const generate = defineCommand({
  name: 'generate',
  summary: 'Write text with a language model.',
  usage: 'MODEL [options]',
  examples: ["rondo generate shakespeare.safetensors --prompt 'ROMEO:' --temperature 0.8", 'rondo generate shakespeare.safetensors --length 2000 --top-p 0.9 --seed 7'],
  options: {
    prompt: { type: 'text', value: 'TEXT', about: 'What the text begins with. Default a line end.' },
    length: { type: 'count', value: 'N', about: 'Most tokens to write. Default 500.' },
    temperature: { type: 'number', value: 'T', about: 'Below 1 plays safe, above 1 dares more, 0 always takes the likeliest. Default 1.' },
    'top-k': { type: 'count', value: 'K', about: 'Draw only from the K likeliest tokens.' },
    'top-p': { type: 'number', value: 'P', about: 'Draw only from the fewest tokens whose probabilities sum to P.' },
    stop: { type: 'text', value: 'TEXT', about: 'End before this text is written.' },
    ...computeOptions,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const languageModel = requireTask(`rondo ${this.name}`, path, (await loadTask(path)).task, 'languageModel');
    const { prompt = '', length, temperature, seed, stop, json } = options;
    const pieces = generateText(languageModel, { prompt, length, temperature, topK: options['top-k'], topP: options['top-p'], seed, stop });
    if (json) {
      let text = '';
      for await (const piece of pieces) text += piece;
      console.log(JSON.stringify({ prompt, text }));
      return;
    }
    process.stdout.write(prompt);
    for await (const piece of pieces) process.stdout.write(piece);
    process.stdout.write('\n');
  },
});
