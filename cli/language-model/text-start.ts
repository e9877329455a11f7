import type { TextStart, TokenCodec } from '../../src/index.js';

const beginLike: Readonly<Record<TextStart['kind'], string>> = {
  file: 'each file does',
  'blank-line': 'what stands after a blank line does',
  line: 'a line does',
  sentence: 'a sentence does',
  sign: 'what follows a sign does',
  token: 'what follows a frequent token does',
};

/** How the texts of a language model begin, as a person reads it. */
export function startLine({ kind, tokens }: TextStart, codec: TokenCodec): string {
  return `texts begin as ${beginLike[kind]}: after ${JSON.stringify(codec.decode(tokens))}`;
}
