import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forecastPart } from '../demo/forecast-part.js';
import { spellingPart } from '../demo/spelling-part.js';
import { computeOptions, defineCommand } from '../options.js';
import { print } from '../output.js';
import { formatDuration } from '../terminal/progress.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo demo`: a forecast and a language model, trained and used in about a minute. */
export const demo = defineCommand({
  name: 'demo',
  summary: 'Train and use a forecaster and a language model, in about a minute.',
  usage: '[options]',
  examples: ['rondo demo'],
  options: { ...computeOptions, quiet: { type: 'flag', about: 'Show no progress.' } },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 0);
    const startedMs = performance.now();
    const folder = await mkdtemp(join(tmpdir(), 'rondo-demo-'));
    const settings = { folder, isQuiet: options.quiet };
    if (!(await forecastPart(settings)) || !(await spellingPart(settings))) return;
    print(`${formatDuration(performance.now() - startedMs)} in all. The files stay in ${folder}; try`);
    print(`   rondo inspect ${join(folder, 'sunspots.safetensors')}`);
    print(`   rondo predict ${join(folder, 'sunspots.safetensors')} examples/data/sunspots.csv`);
    print(`   rondo generate ${join(folder, 'numbers.safetensors')} --prompt '42 ' --length 40`);
  },
});
