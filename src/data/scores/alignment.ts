import { maximumOf } from '../../extremes.js';

/** What happened to one token: it is right, another stands in its place, it is missing, or it is one too many. */
export type Edit = 'equal' | 'substitution' | 'deletion' | 'insertion';

/** A token of the reference beside that of the hypothesis; null where one of them has none. */
export interface AlignedPair {
  readonly edit: Edit;
  readonly reference: string | null;
  readonly hypothesis: string | null;
}

/** Steps back through the table. */
const [DIAGONAL, DELETE, INSERT] = [0, 1, 2];

/**
 * Puts tokens of a hypothesis beside those of its reference, with as few substitutions, deletions and insertions as
 * there can be (Levenshtein 1966; Wagner and Fischer 1974). Of several such ways, from the end a substitution is
 * preferred to a deletion, and that to an insertion. Takes a byte for each pair of tokens.
 */
export function alignTokens(hypothesis: readonly string[], reference: readonly string[]): AlignedPair[] {
  const width = hypothesis.length + 1;
  const steps = new Uint8Array(width * (reference.length + 1)).fill(INSERT, 0, width);
  let above = Uint32Array.from({ length: width }, (_, j) => j);
  for (let i = 1; i <= reference.length; i++) {
    const row = new Uint32Array(width);
    row[0] = i;
    steps[i * width] = DELETE;
    for (let j = 1; j < width; j++) {
      const diagonal = above[j - 1] + (reference[i - 1] === hypothesis[j - 1] ? 0 : 1);
      const [deleted, inserted] = [above[j] + 1, row[j - 1] + 1];
      row[j] = Math.min(diagonal, deleted, inserted);
      steps[i * width + j] = row[j] === diagonal ? DIAGONAL : row[j] === deleted ? DELETE : INSERT;
    }
    above = row;
  }
  const pairs: AlignedPair[] = [];
  for (let i = reference.length, j = hypothesis.length; i > 0 || j > 0; ) {
    const step = steps[i * width + j];
    const right = step === INSERT ? null : reference[--i];
    const said = step === DELETE ? null : hypothesis[--j];
    const edit =
      step === DELETE ? 'deletion' : step === INSERT ? 'insertion' : right === said ? 'equal' : 'substitution';
    pairs.push({ edit, reference: right, hypothesis: said });
  }
  return pairs.reverse();
}

/** Letters of edits in {@link alignmentLines}. */
const letters: Readonly<Record<Edit, string>> = { equal: ' ', substitution: 'S', deletion: 'D', insertion: 'I' };

/** An alignment as three lines of the same columns: the reference, the hypothesis, and S, D or I below what is wrong. */
export function alignmentLines(pairs: readonly AlignedPair[]): [reference: string, hypothesis: string, edits: string] {
  const cells = pairs.map(({ edit, reference, hypothesis }) => {
    const column = [reference ?? '', hypothesis ?? '', letters[edit]];
    const width = maximumOf(column.map((text) => Array.from(text).length));
    return column.map(
      (text, line) => text + (line < 2 && text === '' ? '*' : ' ').repeat(width - Array.from(text).length),
    );
  });
  const line = (at: number): string =>
    cells
      .map((column) => column[at])
      .join(' ')
      .trimEnd();
  return [line(0), line(1), line(2)];
}
