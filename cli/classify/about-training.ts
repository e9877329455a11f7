import {
  type Classifier,
  type ClassifierReport,
  type ClassifierTraining,
  type TextOverlap,
  temperatureBounds,
} from '../../src/index.js';
import { counted, percent, withSeparators } from '../text-table.js';
import { isWithinChance } from '../within-chance.js';

/** From this share of unknown tokens on, another kind of token or vectors may help. */
const manyUnknown = 0.2;

/** Texts of the other parts that are learned from in some spelling. */
export function overlapLines(training: ClassifierTraining): string[] {
  const { validation, test } = training.overlap();
  return (
    [
      ['validation', validation],
      ['held-out', test],
    ] as const
  ).flatMap(([part, overlap]) => (overlap === undefined ? [] : overlapLine(part, overlap)));
}

function overlapLine(part: string, { numEqual, numNear }: TextOverlap): string[] {
  const counts = [
    ...(numEqual > 0 ? [`${withSeparators(numEqual)} read like texts that are learned from`] : []),
    ...(numNear > 0 ? [`${withSeparators(numNear)} differ from such texts in case, signs or white space alone`] : []),
  ];
  return counts.length === 0 ? [] : [`of the ${part} texts ${counts.join(', ')}: the figures are kinder for that`];
}

/** What could be done better. */
export function trainingHints({ classifier, unknownShare, beginning }: ClassifierTraining): string[] {
  const { options, data, calibration } = classifier;
  const hints: string[] = [];
  const remedies = [
    ...(options.tokens === 'characters' ? [] : ['--tokens characters']),
    ...(data.vectors === null ? ['--vectors FILE'] : []),
  ];
  // A model that was begun with another has that one's tokens.
  if (beginning === undefined && unknownShare > manyUnknown && remedies.length > 0) {
    hints.push(
      `${percent(unknownShare)} of the ${options.tokens} of the validation texts are not in the vocabulary: try ` +
        remedies.join(' or '),
    );
  }
  if (calibration !== undefined && calibration.temperature >= temperatureBounds[1]) {
    hints.push(
      'the probabilities of all classes are nearly equal: on the texts that chose the epoch the model says no ' +
        'more than guessing does',
    );
  }
  return hints;
}

/**
 * The model beside what is right without a network; `beaten` where the model is better. Naive Bayes is null where it is
 * not known of these texts.
 */
export function comparedWith(
  { majority, naiveBayes, numDistinct }: ClassifierReport['baseline'],
  accuracy: number,
  tokens: ClassifierTraining['classifier']['options']['tokens'],
): { readonly beaten: boolean; readonly line: string } {
  const figures =
    `always the commonest class ${percent(majority)}` +
    (naiveBayes === null ? '' : `, naive Bayes ${percent(naiveBayes)}`);
  const best = Math.max(majority, naiveBayes ?? 0);
  const chance =
    accuracy !== best && isWithinChance(accuracy, best, numDistinct)
      ? ` Of ${counted(numDistinct, 'different text')}, that difference is within chance.`
      : '';
  if (accuracy > best) return { beaten: true, line: `Right without a network: ${figures}.${chance}` };
  const counting =
    naiveBayes !== null && naiveBayes >= majority
      ? `counting ${tokens === 'segments' ? 'words' : tokens}`
      : 'always saying the commonest class';
  if (best === accuracy) {
    const line =
      `${counting[0].toUpperCase()}${counting.slice(1)} is as good, and cheaper: both are right in ` +
      `${percent(accuracy)} (${figures}).`;
    return { beaten: false, line };
  }
  return {
    beaten: false,
    line:
      `The model does not beat ${counting}: it is right in ${percent(accuracy)} (${figures}).${chance} More texts, ` +
      '--vectors FILE or other options (rondo tune classify) may help.',
  };
}

/**
 * What `evaluate` says of a classifier: of the texts that training measured what training said, of others how it
 * compares with the commonest class, and what training found where a baseline was not beaten there. `line` has the
 * figures where the model is better.
 */
export function measuredVerdict(
  { baseline: trained, options }: Classifier,
  { accuracy, baseline }: ClassifierReport,
): { readonly line: string | undefined; readonly verdict: string | undefined } {
  const own = comparedWith(baseline, accuracy, options.tokens);
  const before =
    baseline.naiveBayes === null && trained !== undefined
      ? comparedWith(trained, trained.accuracy, options.tokens)
      : { beaten: true, line: '' };
  const after = before.beaten ? [] : [`On the texts that training measured: ${before.line}`];
  const said = [...(own.beaten ? [] : [own.line]), ...after];
  return { line: own.beaten ? own.line : undefined, verdict: said.length === 0 ? undefined : said.join(' ') };
}
