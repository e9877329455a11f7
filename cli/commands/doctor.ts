import { examine } from '../doctor/examine.js';
import { examinationText } from '../doctor/show.js';
import { defineCommand, inferenceOptions, jsonOption } from '../options.js';
import { print, printJson } from '../output.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo doctor`: what this machine offers, what Rondo uses of it, and what would make it faster. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Show what this machine offers, what is used of it, and what would be faster.',
  usage: '[options]',
  examples: ['rondo doctor', 'rondo doctor --native off --json', 'RONDO_BLAS=/opt/blas/libopenblas.so rondo doctor'],
  options: { native: inferenceOptions.native, ...jsonOption },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 0);
    const examination = await examine();
    if (options.json) printJson(examination);
    else print(examinationText(examination));
  },
});
