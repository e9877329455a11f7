import { TextCodec, type TokenCodec } from '../src/index.js';
import { counted, percent, withSeparators } from './text-table.js';

/** From this share on, figures of a language model say little. */
const manyUnknown = 0.03;

/** How much of what is measured the vocabulary does not hold. */
export function unknownPart(numUnknown: number, numTokens: number): string {
  return (
    `${withSeparators(numUnknown)} of ${withSeparators(numTokens)} tokens ` +
    `(${percent(numUnknown / Math.max(1, numTokens))}) are not in the vocabulary`
  );
}

/** How many of what a model is asked about it reads as its one unknown token; undefined where it knows all. */
export function unknownNote(numUnknown: number, numTokens: number, tokens: string): string | undefined {
  if (numUnknown === 0) return undefined;
  return (
    `${withSeparators(numUnknown)} of ${counted(numTokens, tokens.replace(/s$/, ''))} ${numUnknown === 1 ? 'is' : 'are'} not in the ` +
    'vocabulary: the model sees all such as one.'
  );
}

/**
 * What becomes of `<unk>` that a text has already, as the Penn Treebank has it for rare words; undefined where words are not
 * read, or there is none.
 */
export function writtenUnknownLine(texts: readonly string[], codec: TokenCodec): string | undefined {
  if (!(codec instanceof TextCodec) || codec.level !== 'words') return undefined;
  const count = texts.reduce((sum, text) => sum + text.split('<unk>').length - 1, 0);
  if (count === 0) return undefined;
  const times = count === 1 ? 'once' : `${withSeparators(count)} times`;
  return codec.punctuation === 'attach'
    ? `<unk> stands ${times} in the text: it is read as the one unknown token, which is never written`
    : `<unk> stands ${times} in the text and is cut into three tokens: with --punctuation attach it is the one unknown token`;
}

/** The warning that figures are kind; undefined where the vocabulary holds nearly all. */
export function unknownWarning(share: number): string | undefined {
  if (!(share > manyUnknown)) return undefined;
  return (
    `Warning: ${percent(share)} of the tokens are read as the one unknown token, which is easy to ` +
    'foretell: loss and perplexity are kinder for that, and say little of the text.'
  );
}
