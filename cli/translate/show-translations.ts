import type { TranslationReport } from '../../src/index.js';
import { counted, percent, withSeparators } from '../text-table.js';

/** Scores of translations, as sacreBLEU writes them. */
export function translationScores({ numSources, numReferences, exactMatch, ...scores }: TranslationReport): string {
  const { bleu, chrF, ter, words, wordErrors, characterErrors } = scores;
  return [
    `${counted(numSources, 'source')}, ${counted(numReferences, 'reference')}: ${percent(exactMatch)} exactly right`,
    `${bleu.text}  ${bleu.signature}`,
    `${chrF.text}  ${chrF.signature}`,
    `${ter.text}  ${ter.signature}`,
    `${wordErrors.text}${words === 'between spaces' ? '' : `  words as of BLEU's tok:${words}, since the script has no spaces`}`,
    `${characterErrors.text}`,
  ].join('\n');
}

/** The translations beside what needs no network. `isBeaten` where the model is better. */
export function comparedWithBaseline({ baseline, chrF, exactMatch }: TranslationReport): {
  readonly isBeaten: boolean;
  readonly line: string;
} {
  const how = baseline.name === 'copy' ? 'copying the source' : 'translating word by word';
  const figures =
    `chrF ${baseline.chrF.toFixed(1)} and ${percent(baseline.exactMatch)} exactly right, the model ` +
    `${chrF.score.toFixed(1)} and ${percent(exactMatch)}`;
  if (chrF.score > baseline.chrF) return { isBeaten: true, line: `Without a network, ${how}: ${figures}.` };
  return {
    isBeaten: false,
    line: `The model does not beat ${how}: ${figures}. More pairs, more epochs or rondo tune translate may help.`,
  };
}

/** How many of the sources training has seen, and what that means for the figures; undefined where it has seen none. */
export function seenSourcesNote({ part, numTrained, numChosen, numGiven }: TranslationReport): string | undefined {
  if (numTrained + numChosen === 0) return undefined;
  return (
    `Training has seen ${withSeparators(numTrained + numChosen)} of ${counted(numGiven, 'source')}: it learned from ` +
    `${withSeparators(numTrained)}, and ${withSeparators(numChosen)} chose the best epoch. ` +
    (part === 'unseen'
      ? 'Only the others are measured.'
      : 'There are no others, so the figures say nothing of new texts.')
  );
}
