import type { Tagger } from '../../src/index.js';
import type { Report } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import { onlyFile } from '../only-file.js';
import { readTextInput } from '../read-input.js';
import { seenSentencesNote, taggingVerdict } from './about-tagging.js';
import { agreementTable, percent, scoreTable } from './show-tagging.js';
import { taggedDataOf, untaggedNote, withTrainedColumn, wordFileOf } from './tagged-files.js';
import type { TaggedFileOptions } from './tagged-options.js';

/** `rondo evaluate` of a tagger. */
export async function evaluateTags(
  tagger: Tagger,
  files: readonly string[],
  { where, path, options }: TaskCall<TaggedFileOptions>,
): Promise<Report> {
  const file = onlyFile({ where, path }, files, 'a tagger is measured on one file.');
  const text = await readTextInput(file, options.encoding);
  const name = file === '-' ? 'standard input' : file;
  const data = wordFileOf(text, name, withTrainedColumn(tagger, text, name, options));
  const { column, baseline } = tagger.sentences;
  const isName = column === null || !/^\d+$/.test(column);
  const trained = data.format === 'columns' && isName ? 'last' : (column ?? 'upos');
  const tagged = taggedDataOf(data, options.column ?? trained);
  const report = await tagger.evaluate(tagged.sentences);
  const notes = [untaggedNote(file, tagged), seenSentencesNote(report)].filter((note) => note !== undefined);
  const elsewhere = baseline.map(({ accuracy, part }) => `${percent(accuracy)} % (${part})`).join(', ');
  return {
    facts: { numUntagged: tagged.numUntagged, ...report },
    sections: [
      [...notes, scoreTable(report)].join('\n'),
      ...(report.baseline === null
        ? [`On other sentences the HMM baseline of the same training was right in ${elsewhere} of the words.`]
        : []),
      agreementTable(report),
    ],
    verdict: taggingVerdict(report),
  };
}
