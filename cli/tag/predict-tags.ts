import { columnLayoutOf, conlluColumns, linesOf, type Tagger, wordsOf } from '../../src/index.js';
import type { Answer } from '../answer.js';
import type { TaskCall } from '../command-line-task.js';
import { say } from '../output.js';
import { readTextInput } from '../read-input.js';
import { isTextArgument } from '../text-argument.js';
import { counted, withSeparators } from '../text-table.js';
import { WrongUsage } from '../wrong-usage.js';
import { looksLikeColumns } from './looks-like-columns.js';
import { isConllu, type WordFile, withTrainedColumn, wordFileOf } from './tagged-files.js';
import type { TaggedFileOptions, tagOutputs } from './tagged-options.js';

type Options = Omit<TaggedFileOptions, 'format'> & {
  readonly format: TaggedFileOptions['format'] | 'texts';
  readonly to: (typeof tagOutputs)[number] | undefined;
  readonly number: boolean;
};

/**
 * `rondo predict` of a tagger: the same text with tags. CoNLL-U keeps its comments and other columns; other files get a
 * column more; a plain text becomes a word and its tag a line.
 *
 * @throws DATA_FORMAT; WrongUsage for numbers of lines that are not written
 */
export async function predictTags(tagger: Tagger, data: string, call: TaskCall<Options>): Promise<Answer> {
  const { format, to, number, ...options } = call.options;
  if (number && to !== 'lines')
    throw new WrongUsage({
      where: call.where,
      what: '--number is for texts to classify, and for --to lines of a tagger.',
      received: '--number',
      fix: 'leave --number out.',
    });
  const isText = await isTextArgument(call.where, call.path, data);
  const text = isText ? data : await readTextInput(data, options.encoding);
  const where = isText ? 'the text' : data === '-' ? 'standard input' : data;
  const isPlain = format === 'texts' || (format === undefined && isText);
  const reading = isPlain ? undefined : dataOptions(tagger, text, where, { ...options, format });
  const file = reading && wordFileOf(text, where, reading);
  const sentences = file === undefined ? sentencesOf(text) : file.file.sentences.map(({ words }) => words);
  const tags = await tagger.predict(sentences);
  const facts = sentences.map((words, s) => ({ words, tags: tags[s], numUnknown: numUnknownOf(tagger, words) }));
  const answer =
    withTags(tagger, file, tags, to) ?? written(tagger, { sentences, tags }, to ?? file?.format ?? 'columns', number);
  return {
    facts,
    sections: { text: answer === '' || answer.endsWith('\n') ? answer : `${answer}\n` },
    notes: unknownNotes(facts),
  };
}

/** A file with its tags, where it is written as it was read. */
function withTags(
  tagger: Tagger,
  word: WordFile | undefined,
  tags: readonly (readonly string[])[],
  to: Options['to'],
): string | undefined {
  if (word === undefined || (to ?? word.format) !== word.format) return undefined;
  if (word.format === 'columns') return word.file.withNewColumn(tags);
  const column = conlluColumnOf(tagger);
  return word.file.withColumn(column, column === 'misc' ? tags.map((own) => own.map((tag) => `Tag=${tag}`)) : tags);
}

/** How a text that is data is read; undefined for a text whose words must be found. */
function dataOptions(
  tagger: Tagger,
  text: string,
  where: string,
  options: TaggedFileOptions,
): TaggedFileOptions | undefined {
  if (options.format !== undefined || isConllu(text, where)) return withTrainedColumn(tagger, text, where, options);
  if (!looksLikeColumns(tagger, text)) {
    const layout = columnLayoutOf(text);
    if (layout?.hasSentences && layout.numColumns > 1)
      say(
        `${where}: read as sentences, one a line; if its ${layout.numColumns} words a line are a word and what ` +
          'belongs to it, --format columns reads it so.',
      );
    return undefined;
  }
  const read = withTrainedColumn(tagger, text, where, { ...options, format: 'columns' });
  say(
    `${where}: read as columns, with the words in column ${read['word-column'] ?? 1}; --format texts reads it ` +
      'as sentences, one a line.',
  );
  return read;
}

/** Sentences of a text, one a line, of an empty line one without words; words and signs apart. */
export function sentencesOf(text: string): string[][] {
  return linesOf(text).map((line) => wordsOf(line, { lower: false }));
}

function numUnknownOf({ codec }: Tagger, words: readonly string[]): number {
  return words.filter((word) => codec.isUnknown(word)).length;
}

/** The letters of unknown words still count, so a tag may be right; but less often. */
function unknownNotes(tagged: readonly { readonly words: readonly string[]; readonly numUnknown: number }[]): string[] {
  const numWords = tagged.reduce((sum, { words }) => sum + words.length, 0);
  const numUnknown = tagged.reduce((sum, own) => sum + own.numUnknown, 0);
  if (numUnknown === 0) return [];
  return [
    `${withSeparators(numUnknown)} of ${counted(numWords, 'word')} ${numUnknown === 1 ? 'stands' : 'stand'} nowhere in the ` +
      'training sentences: of such words tags are less sure.',
  ];
}

function written(
  tagger: Tagger,
  { sentences, tags }: Readonly<Record<'sentences' | 'tags', readonly (readonly string[])[]>>,
  to: (typeof tagOutputs)[number],
  number: boolean,
): string {
  if (to === 'lines')
    return sentences
      .map((words, s) => `${number ? `${s + 1}\t` : ''}${words.map((word, i) => `${word}/${tags[s][i]}`).join(' ')}\n`)
      .join('');
  const column = conlluColumns.indexOf(conlluColumnOf(tagger));
  const line = (word: string, tag: string, i: number): string => {
    if (to === 'columns') return `${word}\t${tag}`;
    return conlluColumns
      .map((name, at) =>
        name === 'id'
          ? String(i + 1)
          : name === 'form'
            ? word
            : at === column
              ? name === 'misc'
                ? `Tag=${tag}`
                : tag
              : '_',
      )
      .join('\t');
  };
  return sentences
    .map((words, s) =>
      words.length === 0 ? '' : `${words.map((word, i) => line(word, tags[s][i], i)).join('\n')}\n\n`,
    )
    .join('');
}

/** Where CoNLL-U has no column of the model's kind, `misc` takes the tag. */
function conlluColumnOf(tagger: Tagger): (typeof conlluColumns)[number] {
  return conlluColumns.find((name) => name === tagger.sentences.column && name !== 'id' && name !== 'form') ?? 'misc';
}
