import { columnLayoutOf, type Tagger } from '../../src/index.js';

/** Of the column of the tags at least such a share are tags of the tagger, in a file of columns separated by spaces. */
const leastTags = 0.5;

/**
 * Whether what a tagger is given are columns and not prose: `-DOCSTART-` or tabs say so, else tags that the tagger
 * knows, or the shape of the file it was trained on.
 */
export function looksLikeColumns({ sentences, codec }: Tagger, text: string): boolean {
  const layout = columnLayoutOf(text);
  if (layout === undefined) return false;
  const { isTabbed, numColumns, rows, hasDocumentStart, hasSentences } = layout;
  if (hasDocumentStart) return true;
  const { reading, column } = sentences;
  const own = Number(column);
  const tagged = Number.isInteger(own) && own >= 1 && own <= numColumns ? own : numColumns;
  if (isTabbed) return rows.every((fields) => !fields[tagged - 1].trim().includes(' '));
  const tags = new Set(codec.tags);
  const numTags = rows.reduce((sum, fields) => sum + (tags.has(fields[tagged - 1]) ? 1 : 0), 0);
  if (numColumns > 1 && numTags >= leastTags * rows.length) return true;
  const usual = Number(reading?.numColumns ?? 0);
  // Words to tag have the columns of training, those of the tags perhaps left out.
  return (
    reading?.format === 'columns' &&
    hasSentences &&
    (numColumns === usual || numColumns === usual - 1 || numColumns === 1)
  );
}
