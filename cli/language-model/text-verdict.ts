import type { TextBaseline } from '../../src/index.js';
import { shortNumber } from '../text-table.js';

/** The baselines of a language model and their losses, in nats a token. */
export function baselineRows({ frequencies, ngram, order }: TextBaseline): [name: string, loss: number][] {
  return [
    ['the frequencies of the tokens', frequencies],
    [`${order}-grams`, ngram],
  ];
}

/** Says so where a language model foretells no better than counting does. @param loss of the model, nats a token. */
export function textVerdict(baseline: TextBaseline | null | undefined, loss: number): string | undefined {
  if (baseline === null || baseline === undefined) return undefined;
  const rows = baselineRows(baseline);
  const [best, least] = rows.reduce((lowest, own) => (own[1] < lowest[1] ? own : lowest));
  if (loss < least) return undefined;
  return (
    `The model does not beat counting: ${shortNumber(loss)} nats a token beside ${shortNumber(least)} of ${best} ` +
    `(${rows.map(([name, own]) => `${name}: ${shortNumber(own)}`).join(', ')}). More text, more epochs or other ` +
    'options (rondo tune language-model) may help.'
  );
}
