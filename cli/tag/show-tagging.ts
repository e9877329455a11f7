import type { Agreement, TaggerReport, TaggingScore } from '../../src/index.js';
import { counted, textTable, withSeparators } from '../text-table.js';

/** Most rows of the table by tag. */
const mostTags = 40;

/** Figures of the tagger and, where there are any, of the baselines beside it. */
export function scoreTable(report: TaggerReport): string {
  const { baseline, commonest } = report;
  const rows: [string, (score: TaggingScore) => string, string?][] = [
    [`words (${withSeparators(report.numWords)})`, ({ accuracy }) => percent(accuracy), percent(commonest.accuracy)],
    [`unknown words (${withSeparators(report.numUnknown)})`, ({ unknownAccuracy }) => percent(unknownAccuracy)],
    [`whole sentences (${withSeparators(report.numSentences)})`, ({ sentenceAccuracy }) => percent(sentenceAccuracy)],
    ...(report.spans === null
      ? []
      : ([
          [`spans (${withSeparators(report.spans.numTrue)}): precision`, ({ spans }) => percent(spans?.precision)],
          ['spans: recall', ({ spans }) => percent(spans?.recall)],
          ['spans: F1', ({ spans }) => percent(spans?.f1)],
        ] as [string, (score: TaggingScore) => string][])),
  ];
  const columns = [report, ...(baseline === null ? [] : [baseline])];
  return textTable(
    ['right, in %', 'tagger', ...(baseline === null ? [] : ['HMM baseline']), `always ${commonest.tag}`],
    rows.map(([name, figure, always = '-']) => [name, ...columns.map(figure), always]),
  );
}

/** Precision, recall and F1 by tag, or by kind of span where the tags mark spans. */
export function agreementTable({ byTag, byKind, numUnseenTags }: TaggerReport): string {
  const all = Object.entries(byKind ?? byTag);
  const row = ([name, { precision, recall, f1, numTrue }]: [string, Agreement]): string[] => [
    name,
    percent(precision),
    percent(recall),
    percent(f1),
    withSeparators(numTrue),
  ];
  const lines = [
    textTable(
      [byKind === null ? 'tag' : 'spans', 'precision', 'recall', 'F1', 'in the data'],
      all.slice(0, mostTags).map(row),
    ),
  ];
  if (all.length > mostTags) lines.push(`... and ${all.length - mostTags} rarer ones; --json gives all.`);
  if (numUnseenTags > 0)
    lines.push(
      `${counted(numUnseenTags, 'word')} ${numUnseenTags === 1 ? 'has' : 'have'} a tag that training never showed.`,
    );
  return lines.join('\n');
}

/** `93.12`; `-` where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '-' : (100 * share).toFixed(2);
}
