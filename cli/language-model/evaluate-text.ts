import type { LanguageModel } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { readTextInputs } from '../read-input.js';
import { shortNumber, textTable, withSeparators } from '../text-table.js';
import { unknownWarning } from '../unknown-tokens.js';
import { WrongUsage } from '../wrong-usage.js';
import type { textOptions } from './text-options.js';
import { baselineRows, textVerdict } from './text-verdict.js';

type Options = Given<typeof textOptions.evaluate>;

/** `rondo evaluate` of a language model. */
export async function evaluateText(
  languageModel: LanguageModel,
  files: readonly string[],
  { where, options }: TaskCall<Options>,
): Promise<Report> {
  const dynamic = dynamicOf(where, options);
  const score = await languageModel.evaluate(await readTextInputs(files, options.encoding), { dynamic });
  const { part, numTokens, numUnknown, loss, perplexity, bitsPerCharacter, baseline } = score;
  const unknown = `${withSeparators(numUnknown)} (${((100 * numUnknown) / numTokens).toFixed(1)} %)`;
  const table = textTable(
    ['measure', 'value'],
    [
      ['tokens, all but the first, which is only read', withSeparators(numTokens)],
      ['of them not in the vocabulary', unknown],
      ['loss (nats a token)', shortNumber(loss)],
      ['perplexity', shortNumber(perplexity)],
      ['bits a character', shortNumber(bitsPerCharacter)],
      ...(baseline === null ? [] : baselineRows(baseline)).map(([name, own]) => [
        `without a network, ${name} (nats a token)`,
        shortNumber(own),
      ]),
      ['every token as likely (nats a token)', shortNumber(Math.log(languageModel.codec.size))],
    ],
  );
  const isHeldOut = part === 'held out';
  const about = 'This is the text it was trained on: only the end that was held out is measured.\n';
  const warning = unknownWarning(numUnknown / numTokens);
  return {
    facts: score,
    sections: [`${isHeldOut ? about : ''}${table}`, ...(warning === undefined ? [] : [warning])],
    verdict: baseline === null ? trainedVerdict(languageModel) : textVerdict(baseline, loss),
  };
}

function dynamicOf(
  where: string,
  { dynamic, 'dynamic-rate': learningRate, 'dynamic-decay': decay }: Options,
): { learningRate?: number; decay?: number } | undefined {
  if (dynamic) return { ...(learningRate !== undefined && { learningRate }), ...(decay !== undefined && { decay }) };
  if ((learningRate ?? decay) === undefined) return undefined;
  throw new WrongUsage({
    where,
    what: 'these options belong to --dynamic.',
    expected: '--dynamic',
    received: learningRate === undefined ? '--dynamic-decay' : '--dynamic-rate',
    fix: 'add --dynamic.',
  });
}

/** What training found on its own held-out tokens, for texts whose like was not counted. */
function trainedVerdict({ text, outcome }: LanguageModel): string | undefined {
  const loss = outcome?.valLoss[outcome.bestEpoch];
  const verdict = loss === undefined ? undefined : textVerdict(text.baseline, loss);
  return verdict === undefined ? undefined : `On the tokens that chose its best epoch: ${verdict}`;
}
