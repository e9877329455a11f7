import { robustness as measureRobustness } from '../../src/index.js';
import { loadModelOf } from '../load-model-of.js';
import { defineCommand, inferenceOptions, jsonOption } from '../options.js';
import { print, printJson } from '../output.js';
import { counted, percent, textTable, withSeparators } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';
import { partNote } from './evaluate-classes.js';
import { classifyNames } from './names.js';
import { readLabelled, withReading } from './read-texts.js';
import { emptyOption, readingOptions } from './reading-options.js';

/** `rondo robustness`: how a classifier does on texts with slips. */
export const robustness = defineCommand({
  name: 'robustness',
  summary: 'Measure a classifier on texts with typos, dropped words and swapped words.',
  usage: 'MODEL FILE... [options]',
  examples: [
    'rondo robustness reviews.safetensors reviews.csv',
    'rondo robustness reviews.safetensors new.csv --rates 0.1,0.3 --seed 7 --json',
  ],
  options: {
    rates: {
      type: 'text',
      value: 'RATES',
      about: 'Shares of the words with a slip, separated by commas. Default 0.05,0.1,0.2,0.4.',
    },
    ...readingOptions,
    ...emptyOption,
    ...inferenceOptions,
    seed: { type: 'whole', value: 'N', about: 'Decides which words, and how. Default 0.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 2, Infinity);
    const [path, ...files] = positionals;
    const classifier = await loadModelOf(where, path, classifyNames);
    const data = await readLabelled(files, withReading(options, classifier.data.reading));
    const report = await measureRobustness(classifier, data, {
      rates: ratesOf(where, options.rates),
      seed: options.seed,
      empty: options.empty,
    });
    if (options.json) {
      printJson(report);
      return;
    }
    const note = partNote(report.part);
    if (note !== undefined) print(note);
    const { numTexts, numSeen, part, clean } = report;
    if (part === 'all' && numSeen > 0)
      print(`Training has seen ${withSeparators(numSeen)} of these texts: the figures are kinder for that.`);
    const rows = report.rows.map(({ noise, rate, numChanged, numFlipped, accuracy, macroF1 }) => [
      noise,
      percent(rate),
      percent(accuracy),
      percent(macroF1),
      points(accuracy - clean.accuracy),
      withSeparators(numChanged),
      withSeparators(numFlipped),
    ]);
    print(`${counted(numTexts, 'text')}; the rate is the share of words with a slip\n`);
    print(
      textTable(
        ['slip', 'rate', 'accuracy', 'macro F1', 'points', 'texts changed', 'of another class'],
        [['none', '', percent(clean.accuracy), percent(clean.macroF1), '', '', ''], ...rows],
      ),
    );
  },
});

function ratesOf(where: string, text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  const rates = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (rates.every((rate) => rate > 0 && rate <= 1)) return rates;
  throw new WrongUsage({
    where,
    what: '--rates cannot be understood.',
    expected: 'numbers above 0, at most 1, separated by commas',
    received: text,
    fix: 'write for example --rates 0.1,0.3.',
  });
}

/** `-4.0`: a difference of shares in percentage points. */
function points(difference: number): string {
  return `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(1)}`;
}
