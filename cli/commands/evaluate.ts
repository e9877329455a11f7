import type { DynamicOptions, LanguageModel, Tagger } from '../../src/index.js';
import { loadTask } from '../../src/node.js';
import { evaluateClasses } from '../classify/evaluate-classes.js';
import { emptyOption, readingOptions } from '../classify/reading-options.js';
import { refuseReadingOptions } from '../classify/refuse-reading-options.js';
import { dataFormatOption, tagFormat, textFormat } from '../data-format.js';
import { decimalOption, refuseForecastOptions } from '../data-options.js';
import { evaluateValues } from '../forecast/evaluate-values.js';
import { givenTimes, timeOptions } from '../forecast/series-options.js';
import type { KnownTask } from '../known-task.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { print, printJson } from '../output.js';
import { readTextInput, readTextInputs } from '../read-input.js';
import { seenSentencesNote, taggingVerdict } from '../tag/about-tagging.js';
import { agreementTable, percent, scoreTable } from '../tag/show-tagging.js';
import {
  refuseTaggerOptions,
  type TaggedFileOptions,
  taggedDataOf,
  taggedFileOptions,
  untaggedNote,
  withTrainedColumn,
  wordFileOf,
} from '../tag/tagged-files.js';
import { shortNumber, textTable, withSeparators } from '../text-table.js';
import { baselineRows, textVerdict } from '../text-verdict.js';
import { unknownWarning } from '../unknown-tokens.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

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
  ],
  options: {
    ...readingOptions,
    ...emptyOption,
    ...dataFormatOption,
    column: {
      ...taggedFileOptions.column,
      about: 'Where the true tags are. Default: the column of the training data.',
    },
    'word-column': taggedFileOptions['word-column'],
    dynamic: { type: 'flag', about: 'Let a language model learn from what it has read; the file stays as it is.' },
    'dynamic-rate': {
      type: 'number',
      sets: 'learningRate',
      value: 'RATE',
      about: 'Step size of --dynamic. Default 0.05.',
    },
    'dynamic-decay': {
      type: 'number',
      sets: 'decay',
      value: 'SHARE',
      about: 'Share of the way back to the trained weights after each step of --dynamic. Default 0.002.',
    },
    ...timeOptions,
    ...decimalOption,
    backend: computeOptions.backend,
    threads: computeOptions.threads,
    blas: computeOptions.blas,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 2, Infinity);
    const [path, ...files] = positionals;
    const task = (await loadTask(path)).task as KnownTask;
    const where = `rondo ${this.name}`;
    const { dynamic, 'dynamic-rate': learningRate, 'dynamic-decay': decay } = options;
    if (!dynamic && (learningRate ?? decay) !== undefined)
      throw new WrongUsage({
        where,
        what: 'these options belong to --dynamic.',
        expected: '--dynamic',
        received: learningRate === undefined ? '--dynamic-decay' : '--dynamic-rate',
        fix: 'add --dynamic.',
      });
    if (dynamic && task.task !== 'languageModel')
      throw new WrongUsage({
        where,
        what: '--dynamic is for language models.',
        received: task.task,
        fix: 'leave it out.',
      });
    refuseForecastOptions(where, task.task, options);
    if (task.task !== 'tag')
      refuseTaggerOptions(this.name, task.task, { column: options.column, 'word-column': options['word-column'] });
    if (task.task === 'classify')
      return evaluateClasses(task, files, { ...options, format: textFormat(where, options.format) });
    const format = task.task === 'tag' ? tagFormat(where, options.format) : undefined;
    refuseReadingOptions(where, task, {
      ...options,
      format: task.task === 'tag' ? undefined : textFormat(where, options.format),
    });
    if (task.task === 'languageModel')
      return evaluateText(
        task,
        await readTextInputs(files, options.encoding),
        options.json,
        dynamic
          ? { ...(learningRate !== undefined && { learningRate }), ...(decay !== undefined && { decay }) }
          : undefined,
      );
    if (files.length > 1)
      throw new WrongUsage({
        where: `rondo ${this.name}`,
        what:
          `a ${task.task === 'tag' ? 'tagger' : 'forecast'} is measured on one ` +
          `${task.task === 'tag' ? 'file' : 'table'}.`,
        expected: `rondo ${this.name} ${path} FILE`,
        received: files.join(' '),
        fix: 'give one file.',
      });
    if (task.task === 'tag') return evaluateTags(task, files[0], { ...options, format }, options.json);
    return evaluateValues(task, files[0], givenTimes(options), options, options.json);
  },
});

async function evaluateText(
  languageModel: LanguageModel,
  text: string,
  json: boolean,
  dynamic: DynamicOptions | undefined,
): Promise<void> {
  const score = await languageModel.evaluate(text, { dynamic });
  const verdict = score.baseline === null ? trainedVerdict(languageModel) : textVerdict(score.baseline, score.loss);
  if (json) {
    printJson({ ...score, verdict: verdict ?? null });
    return;
  }
  if (score.part === 'held out')
    print('This is the text it was trained on: only the end that was held out is measured.');
  const { numTokens, numUnknown, loss, perplexity, bitsPerCharacter, baseline } = score;
  print(
    textTable(
      ['measure', 'value'],
      [
        ['tokens', withSeparators(numTokens)],
        [
          'of them not in the vocabulary',
          `${withSeparators(numUnknown)} (${((100 * numUnknown) / numTokens).toFixed(1)} %)`,
        ],
        ['loss (nats a token)', shortNumber(loss)],
        ['perplexity', shortNumber(perplexity)],
        ['bits a character', shortNumber(bitsPerCharacter)],
        ...(baseline === null ? [] : baselineRows(baseline)).map(([name, own]) => [
          `without a network, ${name} (nats a token)`,
          shortNumber(own),
        ]),
        ['every token as likely (nats a token)', shortNumber(Math.log(languageModel.codec.size))],
      ],
    ),
  );
  for (const line of [unknownWarning(numUnknown / numTokens), verdict]) if (line !== undefined) print(`\n${line}`);
}

/** What training found on its own held-out tokens, for texts whose like was not counted. */
function trainedVerdict({ text, outcome }: LanguageModel): string | undefined {
  const loss = outcome?.valLoss[outcome.bestEpoch];
  const verdict = loss === undefined ? undefined : textVerdict(text.baseline, loss);
  return verdict === undefined ? undefined : `On the tokens that chose its best epoch: ${verdict}`;
}

async function evaluateTags(tagger: Tagger, file: string, options: TaggedFileOptions, json: boolean): Promise<void> {
  const text = await readTextInput(file, options.encoding);
  const name = file === '-' ? 'standard input' : file;
  const data = wordFileOf(text, name, withTrainedColumn(tagger, text, name, options));
  const { column } = tagger.sentences;
  const isName = column === null || !/^\d+$/.test(column);
  const tagged = taggedDataOf(
    data,
    options.column ?? (data.format === 'columns' && isName ? 'last' : (column ?? 'upos')),
  );
  const report = await tagger.evaluate(tagged.sentences);
  const verdict = taggingVerdict(report);
  if (json) {
    printJson({ numUntagged: tagged.numUntagged, ...report, verdict: verdict ?? null });
    return;
  }
  for (const note of [untaggedNote(file, tagged), seenSentencesNote(report)]) if (note !== undefined) print(note);
  print(`${scoreTable(report)}\n`);
  if (report.baseline === null)
    print(
      'On other sentences the HMM baseline of the same training was right in ' +
        `${tagger.sentences.baseline.map((score) => `${percent(score.accuracy)} % (${score.part})`).join(', ')} ` +
        'of the words.\n',
    );
  print(agreementTable(report));
  if (verdict !== undefined) print(`\n${verdict}`);
}
