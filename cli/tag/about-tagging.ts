import type { TaggerReport, TaggerTraining } from '../../src/index.js';
import { counted, withSeparators } from '../text-table.js';
import { isWithinChance } from '../within-chance.js';
import { percent } from './show-tagging.js';

/** From this share of unknown words on, vectors of words from elsewhere are worth a try. */
const manyUnknown = 0.1;

/** What could be done better. */
export function taggingHints({ tagger, beginning }: TaggerTraining, { numUnknown, numWords }: TaggerReport): string[] {
  // A model that was begun with another has that one's words.
  if (tagger.sentences.vectors !== null || beginning !== undefined || numUnknown <= manyUnknown * numWords) return [];
  return [
    `${percent(numUnknown / numWords)} % of the words stand nowhere in the training sentences: --vectors FILE ` +
      'gives the model words from elsewhere',
  ];
}

/**
 * Says so where the tagger is no better than what needs no network, or better by no more than chance: by whole spans
 * where tags mark spans, else by words. Words of one sentence are not independent, so chance reaches further than this.
 */
export function taggingVerdict(report: TaggerReport): string | undefined {
  const { accuracy, spans, baseline, commonest, numWords, numDistinctWords } = report;
  const what = spans === null ? 'right words' : 'F1 of spans';
  const own = spans === null ? accuracy : spans.f1;
  const others = [
    ...(baseline === null
      ? []
      : [{ name: 'the hidden Markov baseline', share: baseline.spans?.f1 ?? baseline.accuracy }]),
    spans !== null
      ? { name: 'tagging no span', share: 0 }
      : { name: `always saying ${commonest.tag}`, share: commonest.accuracy },
  ];
  const best = others.reduce((most, other) => (other.share > most.share ? other : most));
  const figures = `${what} ${percent(own)} % (${others.map(({ name, share }) => `${name}: ${percent(share)} %`).join(', ')})`;
  if (own === best.share) return `As good as the tagger, and cheaper, is ${best.name}: ${figures}.`;
  // Sentences that come again say nothing new, of their spans neither.
  const numMeasured = Math.round((spans?.numTrue ?? numWords) * (numDistinctWords / numWords));
  const isChance = isWithinChance(own, best.share, numMeasured);
  if (own > best.share && !isChance) return undefined;
  const chance = isChance
    ? ` Of ${counted(numMeasured, spans === null ? 'word' : 'span')} of different sentences, that difference is within chance.`
    : '';
  return (
    `The tagger ${own > best.share ? 'is hardly better than' : 'does not beat'} ${best.name}: ${figures}.${chance} ` +
    'More sentences, --vectors FILE or other options (rondo tune tag) may help.'
  );
}

/** How many of the sentences training has seen, where it is some of them. @param part what they are called. */
export function seenSentencesNote(
  { numSentences, numGiven, numTrained, numChosen, unseen }: TaggerReport,
  part?: string,
): string | undefined {
  if (numGiven > numSentences) {
    return (
      `This is the list it was trained on: of its ${withSeparators(numGiven)} sentences only the ` +
      `${withSeparators(numSentences)} that chose the best epoch are measured, which is a little kind.`
    );
  }
  // Validation sentences are those that chose the epoch.
  const numSeen = numTrained + (part === 'validation' ? 0 : numChosen);
  if (numSeen === 0) return undefined;
  const of = `of the ${withSeparators(numSentences)} ${part === undefined ? '' : `${part} `}sentences`;
  if (numTrained === 0 && numSeen === numSentences)
    return 'These sentences chose the best epoch: the figures are a little kind.';
  if (numSeen === numSentences) return `Training has seen all ${of}: the figures say nothing of others.`;
  const others =
    unseen === null
      ? ''
      : ` On the others ${percent(unseen.accuracy)} % of the words are ` +
        `right${unseen.spans === null ? '' : `, F1 of spans ${percent(unseen.spans.f1)} %`}.`;
  return `Training has seen ${withSeparators(numSeen)} ${of}, whatever their case and digits.${others}`;
}
