import { withSeparators } from './text-table.js';

/** From this share on, figures of a language model say little. */
const manyUnknown = 0.03;

/** How much of what is measured the vocabulary does not hold. */
export function unknownPart(numUnknown: number, numTokens: number): string {
  return (
    `${withSeparators(numUnknown)} of ${withSeparators(numTokens)} tokens ` +
    `(${((100 * numUnknown) / Math.max(1, numTokens)).toFixed(1)} %) are not in the vocabulary`
  );
}

/** The warning that figures are kind; undefined where the vocabulary holds nearly all. */
export function unknownWarning(share: number): string | undefined {
  if (!(share > manyUnknown)) return undefined;
  return (
    `Warning: ${(100 * share).toFixed(1)} % of the tokens are read as the one unknown token, which is easy to ` +
    'foretell: loss and perplexity are kinder for that, and say little of the text.'
  );
}
