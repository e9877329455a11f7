import { type Forecaster, type LanguageModel } from '../../src/index.js';
import { loadTask } from '../../src/node.js';
import { computeOptions, defineCommand, jsonOption } from '../options.js';
import { readTableInput, readTextInput } from '../read-input.js';
import { shortNumber, textTable } from '../text-table.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo predict`: what comes next, of any model. */
export const predict = defineCommand({
  name: 'predict',
  summary: 'Say what comes next: values after a table, tokens after a text.',
  usage: 'MODEL [FILE|-] [options]',
  examples: ['rondo predict sunspots.safetensors sunspots.csv', "printf 'To be or not to' | rondo predict shakespeare.safetensors - --json"],
  options: {
    top: { type: 'count', value: 'N', about: 'For text: how many next tokens to show. Default 10.' },
    backend: computeOptions.backend,
    threads: computeOptions.threads,
    blas: computeOptions.blas,
    ...jsonOption,
  },
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1, 2);
    const [path, data = '-'] = positionals;
    const { task } = await loadTask(path);
    if (task.task === 'forecast') await predictValues(task, data, options.json);
    else await predictTokens(task, data, options.top ?? 10, options.json);
  },
});

async function predictValues(forecaster: Forecaster, data: string, json: boolean): Promise<void> {
  const columns = forecaster.columnsOf(await readTableInput(data));
  const values = [...(await forecaster.predictNext(columns))];
  const [target] = columns.names;
  if (json) {
    console.log(JSON.stringify({ target, firstRow: columns.numRows, values }));
    return;
  }
  console.log(textTable(['row', target], values.map((value, step) => [String(columns.numRows + step), shortNumber(value)])));
}

async function predictTokens(languageModel: LanguageModel, data: string, count: number, json: boolean): Promise<void> {
  const text = await readTextInput(data);
  const next = await languageModel.nextTokens(text, count);
  const score = languageModel.codec.encode(text).length < 2 ? undefined : await languageModel.evaluate(text);
  if (json) {
    console.log(JSON.stringify({ next, score: score ?? null }));
    return;
  }
  console.log(textTable(['next', 'probability'], next.map(({ token, probability }) => [JSON.stringify(token), probability.toFixed(4)])));
  if (score !== undefined) console.log(`\nthe text itself: log-likelihood ${shortNumber(score.logLikelihood)} nats, ${shortNumber(score.loss)} a token, perplexity ${shortNumber(score.perplexity)}`);
}
