import type { Translator } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { withSeparators } from '../text-table.js';
import { readPairFiles } from './read-pair-files.js';
import { comparedWithBaseline, translationScores } from './show-translations.js';
import type { evaluateOptions } from './translate-options.js';

/** `rondo evaluate` of a translator: BLEU, chrF, TER, error rates and exact matches, beside what needs no network. */
export async function evaluatePairs(
  translator: Translator,
  files: readonly string[],
  { options }: TaskCall<Given<typeof evaluateOptions>>,
): Promise<Report> {
  const { beams, tokenize } = options;
  const pairs = await readPairFiles(files, options);
  const report = await translator.evaluate(pairs, {
    beams,
    tokenize,
    lengthPenalty: options['length-penalty'],
    coveragePenalty: options['coverage-penalty'],
    replaceUnknown: options['replace-unknown'],
  });
  const { isBeaten, line } = comparedWithBaseline(report);
  const { numTrained, numChosen, numSources } = report;
  const seen =
    numTrained + numChosen === 0
      ? []
      : [
          `Training has seen ${withSeparators(numTrained + numChosen)} of ${withSeparators(numSources)} sources: it ` +
            `learned from ${withSeparators(numTrained)}, and ${withSeparators(numChosen)} chose the best epoch. The ` +
            'figures are kinder for that.',
        ];
  return {
    facts: report,
    sections: [translationScores(report), ...seen, ...(isBeaten ? [line] : [])],
    verdict: isBeaten ? undefined : line,
  };
}
