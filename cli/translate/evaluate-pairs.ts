import type { Translator } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import type { Given } from '../options.js';
import { unknownNote } from '../unknown-tokens.js';
import { readPairFiles } from './read-pair-files.js';
import { comparedWithBaseline, seenSourcesNote, translationScores } from './show-translations.js';
import type { evaluateOptions } from './translate-options.js';

/** `rondo evaluate` of a translator: BLEU, chrF, TER, error rates and exact matches, beside what needs no network. */
export async function evaluatePairs(
  translator: Translator,
  files: readonly string[],
  { options }: TaskCall<Given<typeof evaluateOptions>>,
): Promise<Report> {
  const { beams, tokenize } = options;
  const pairs = await readPairFiles(files, options, translator.pairs.reading);
  const report = await translator.evaluate(pairs, {
    beams,
    tokenize,
    lengthPenalty: options['length-penalty'],
    coveragePenalty: options['coverage-penalty'],
    replaceUnknown: options['replace-unknown'],
  });
  const { isBeaten, line } = comparedWithBaseline(report);
  const { source } = translator.codecs;
  const notes = [
    seenSourcesNote(report),
    unknownNote(report.numUnknown, report.numTokens, source.kind === 'characters' ? 'characters' : 'tokens'),
  ].filter((note) => note !== undefined);
  return {
    facts: report,
    sections: [translationScores(report), ...notes, ...(isBeaten ? [line] : [])],
    verdict: isBeaten ? undefined : line,
  };
}
