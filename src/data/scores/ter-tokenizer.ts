import type { Resolved } from '../../resolved.js';
import { separateByDigits, separateSigns, unescaped } from './bleu-tokenizers.js';
import { wordsBetweenSpaces } from './scored-sentences.js';

/** How sentences are cut for `ter`. */
export interface TerOptions {
  /** Separates signs and possessives from words, and resolves the escapes of XML; false by default. */
  normalized?: boolean | undefined;
  /** Keeps the signs `. , ? : ; ! " ( )`; true by default. */
  punctuation?: boolean | undefined;
  /** Treats Chinese and Japanese signs as well: separates them with `normalized`, drops them without `punctuation`. */
  asianSupport?: boolean | undefined;
  /** Counts another case as another word; false by default. */
  caseSensitive?: boolean | undefined;
}

/** Chinese and Japanese punctuation, full-width forms among it. */
const asianSigns =
  /[\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09]/g;
/** Ideographs, radicals, strokes, enclosed letters and compatibility forms, all of the basic plane. */
const ideographs = /[\u2e80-\u2eff\u31c0-\u31ef\u3200-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f]/g;

/** The words that tercom compares (the rules of its normalizer, as in sacreBLEU's port). */
export function terWords(
  text: string,
  { normalized, punctuation, asianSupport, caseSensitive }: Resolved<TerOptions>,
): string[] {
  let line = caseSensitive ? text : text.toLowerCase();
  if (normalized) {
    line = separateSigns(` ${unescaped(line.replaceAll('\n-', '').replaceAll('\n', ' '))} `);
    line = separateByDigits(line.replaceAll("'s ", " 's "));
    if (asianSupport) line = line.replace(ideographs, ' $& ').replace(asianSigns, ' $& ');
  }
  if (!punctuation) {
    line = line.replace(/[.,?:;!"()]/g, '');
    if (asianSupport) line = line.replace(asianSigns, '');
  }
  return wordsBetweenSpaces(line);
}
