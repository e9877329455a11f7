import type { TranslationReport } from '../../src/index.js';
import { counted, withSeparators } from '../text-table.js';

/** A share in per cent. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Scores of translations, as sacreBLEU writes them. */
export function translationScores({ numSources, numReferences, exactMatch, ...scores }: TranslationReport): string {
  const { bleu, chrF, ter, wordErrors, characterErrors } = scores;
  return [
    `${counted(numSources, 'source')}, ${counted(numReferences, 'reference')}: ${percent(exactMatch)} exactly right`,
    `${bleu.text}  ${bleu.signature}`,
    `${chrF.text}  ${chrF.signature}`,
    `${ter.text}  ${ter.signature}`,
    `${wordErrors.text}`,
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

/** How many pairs there are, for lines. */
export const pairs = (count: number): string => `${withSeparators(count)} ${count === 1 ? 'pair' : 'pairs'}`;
