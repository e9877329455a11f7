import type { LanguageModel, Tagger, TextEncoding } from '../../src/index.js';
import { loadTask } from '../../src/node.js';
import { predictClasses } from '../classify/predict-classes.js';
import { emptyOption, readingOptions } from '../classify/reading-options.js';
import { refuseReadingOptions } from '../classify/refuse-reading-options.js';
import { dataFormatOption, tagFormat, textFormat } from '../data-format.js';
import { decimalOption, refuseForecastOptions } from '../data-options.js';
import { predictValues } from '../forecast/predict-values.js';
import { givenTimes, timeOptions } from '../forecast/series-options.js';
import type { KnownTask } from '../known-task.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { print, printJson, say, writeText } from '../output.js';
import { readTextInput } from '../read-input.js';
import { type PredictTagsOptions, taggedWords, tagOutputs, withTags } from '../tag/predict-tags.js';
import { refuseTaggerOptions, taggedFileOptions } from '../tag/tagged-files.js';
import { isTextArgument } from '../text-argument.js';
import { shortNumber, textTable } from '../text-table.js';
import { unknownNote } from '../unknown-tokens.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** `rondo predict`: what comes next, which class it is, or the tags of words, of any model. */
export const predict = defineCommand({
  name: 'predict',
  summary:
    'Say what comes next (values after a table, tokens after a text), which class each text is of, or the tags ' +
    'of words.',
  usage: 'MODEL [TEXT|FILE|-] [options]',
  examples: [
    'rondo predict sunspots.safetensors sunspots.csv',
    'rondo predict reviews.safetensors new.csv --text review',
    "rondo predict reviews.safetensors 'not as bad as they say'",
    "printf 'To be or not to' | rondo predict shakespeare.safetensors - --json",
    "echo 'Dogs bark .' | rondo predict upos.safetensors -",
  ],
  options: {
    top: { type: 'count', value: 'N', about: 'For text: how many next tokens or classes to show. Default 10 tokens.' },
    ...readingOptions,
    ...emptyOption,
    ...dataFormatOption,
    'word-column': taggedFileOptions['word-column'],
    to: {
      type: 'text',
      value: 'FORMAT',
      choices: tagOutputs,
      about:
        'How tagged words are written. Default: as they came; plain text as columns. lines: one line out for ' +
        'each line in, word/TAG.',
    },
    number: { type: 'flag', about: 'Of texts to classify, and with --to lines: write its number before each line.' },
    ...timeOptions,
    ...decimalOption,
    backend: computeOptions.backend,
    threads: computeOptions.threads,
    blas: computeOptions.blas,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1, 2);
    const [path, data = '-'] = positionals;
    const task = (await loadTask(path)).task as KnownTask;
    const where = `rondo ${this.name}`;
    const isText = task.task !== 'forecast' && (await isTextArgument(this.name, path, data));
    if (options.number && task.task !== 'classify' && options.to !== 'lines')
      throw new WrongUsage({
        where,
        what: '--number is for texts to classify, and for --to lines of a tagger.',
        received: '--number',
        fix: 'leave --number out.',
      });
    refuseForecastOptions(where, task.task, options);
    if (task.task !== 'tag')
      refuseTaggerOptions(this.name, task.task, { to: options.to, 'word-column': options['word-column'] });
    if (task.task === 'classify')
      return predictClasses(task, isText ? { texts: [data], labels: undefined } : data, {
        ...options,
        format: textFormat(where, options.format),
      });
    // A text of sentences, one a line, has no columns; of a single argument neither.
    const isPlain = task.task === 'tag' && (options.format === undefined ? isText : options.format === 'texts');
    const format = task.task === 'tag' && !isPlain ? tagFormat(where, options.format) : undefined;
    refuseReadingOptions(where, task, {
      ...options,
      format: task.task === 'tag' ? undefined : textFormat(where, options.format),
    });
    if (task.task !== 'languageModel' && options.top !== undefined)
      throw new WrongUsage({
        where,
        what: '--top is for language models and classifiers.',
        expected: 'a model of another task',
        received: `a model of the task ${task.task}`,
        fix: 'leave --top out.',
      });
    if (task.task === 'forecast') await predictValues(task, data, givenTimes(options), options, options.json);
    else if (task.task === 'tag')
      await predictTags(
        task,
        isText ? { text: data, where: 'the text' } : await inputOf(data, options.encoding),
        { ...options, format, isPlain },
        options.json,
      );
    else
      await predictTokens(
        task,
        isText ? data : await readTextInput(data, options.encoding),
        options.top ?? 10,
        options.json,
      );
  },
});

async function inputOf(path: string, encoding: TextEncoding | undefined): Promise<{ text: string; where: string }> {
  return { text: await readTextInput(path, encoding), where: path === '-' ? 'standard input' : path };
}

async function predictTags(
  tagger: Tagger,
  { text, where }: { text: string; where: string },
  options: PredictTagsOptions,
  json: boolean,
): Promise<void> {
  if (json) printJson(await taggedWords(tagger, text, where, options));
  else {
    const written = await withTags(tagger, text, where, options);
    writeText(written === '' || written.endsWith('\n') ? written : `${written}\n`);
  }
}

async function predictTokens(languageModel: LanguageModel, text: string, count: number, json: boolean): Promise<void> {
  const next = await languageModel.predict(text, { count });
  const score = languageModel.codec.encode(text).length < 2 ? undefined : await languageModel.evaluate(text);
  const { level, unknownId } = languageModel.codec;
  const tokens = languageModel.codec.encode(text);
  const numUnknown = tokens.reduce((sum, token) => sum + (token === unknownId ? 1 : 0), 0);
  if (json) {
    printJson({ next, numTokens: tokens.length, numUnknown, score: score ?? null });
    return;
  }
  print(
    textTable(
      ['next', 'probability'],
      next.map(({ token, probability }) => [JSON.stringify(token), probability.toFixed(4)]),
    ),
  );
  if (score !== undefined)
    print(
      `\nthe text itself: log-likelihood ${shortNumber(score.logLikelihood)} nats, ${shortNumber(score.loss)} a ` +
        `token, perplexity ${shortNumber(score.perplexity)}`,
    );
  const note = unknownNote(numUnknown, tokens.length, level === 'characters' || level === 'words' ? level : 'tokens');
  if (note !== undefined) say(note);
}
