import type { TaggerReport, TaggerTraining } from '../../src/index.js';
import { withSeparators } from '../text-table.js';
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

/** Says so where the tagger is no better than its baseline: by whole spans where tags mark spans, else by words. */
export function taggingVerdict({ accuracy, spans, baseline }: TaggerReport): string | undefined {
  if (baseline === null) return undefined;
  const [what, own, other] =
    spans === null || baseline.spans === null
      ? ['right words', accuracy, baseline.accuracy]
      : ['F1 of spans', spans.f1, baseline.spans.f1];
  if (own > other) return undefined;
  if (own === other)
    return (
      `The hidden Markov baseline, which only counts, is as good, and cheaper: both have ${percent(own)} % ` +
      `(${what}).`
    );
  return (
    `The tagger does not beat the hidden Markov baseline: ${what} ${percent(own)} % beside ${percent(other)} %. ` +
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
