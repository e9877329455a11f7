import { type BleuScore, bleu } from '../../data/scores/bleu.js';
import { type BleuTokenizer, bleuTokenizers } from '../../data/scores/bleu-tokenizers.js';
import { type ChrFScore, chrF } from '../../data/scores/chrf.js';
import { characterErrorRate, type ErrorRate, wordErrorRate } from '../../data/scores/error-rates.js';
import { type TerScore, ter } from '../../data/scores/ter.js';
import { minimumOf } from '../../extremes.js';
import type { SeenItems } from '../seen-items.js';

/** A source with what was written and what would be right. */
export interface JudgedTranslation {
  readonly source: string;
  readonly output: string;
  readonly references: readonly string[];
  /** The source as a copy of it would be written. */
  readonly copied: string;
  /** What word by word makes of it, see `WordByWord`. */
  readonly wordByWord: string;
}

/** What needs no network. */
export interface TranslationBaseline {
  /** `copy` leaves the source as it is; `word by word` puts for each token what most likely comes of it. */
  readonly name: 'copy' | 'word by word';
  readonly chrF: number;
  readonly exactMatch: number;
}

/** How right translations are; plain JSON. */
export interface TranslationReport {
  /** Different sources that are measured; one with several references is right where its translation is one of them. */
  readonly numSources: number;
  /** Different sources that were given. */
  readonly numGiven: number;
  /** `unseen`: by training; `seen`: all that was given was. */
  readonly part: 'unseen' | 'seen';
  readonly numReferences: number;
  /** Share of the translations that are equal to a reference. */
  readonly exactMatch: number;
  readonly bleu: BleuScore;
  readonly chrF: ChrFScore;
  readonly ter: TerScore;
  /**
   * What TER and word errors count: words between spaces, or tokens of BLEU's `zh` or `char` where references are of a script
   * without spaces.
   */
  readonly words: 'between spaces' | 'zh' | 'char';
  /** Against the nearest reference. */
  readonly wordErrors: ErrorRate;
  /** Of characters, against the nearest reference. */
  readonly characterErrors: ErrorRate;
  /** Tokens of the sources that are measured, and how many of them the model does not know. */
  readonly numTokens: number;
  readonly numUnknown: number;
  /** Given sources that training learned from, and that chose its best epoch. */
  readonly numTrained: number;
  readonly numChosen: number;
  /** The better of the two, by chrF. */
  readonly baseline: TranslationBaseline;
}

/**
 * Measures translations against their references.
 *
 * @param training the sources that were given, those that training has seen, and what is unknown of those that are measured.
 * @param tokenize of BLEU; by default `zh` where most signs of the references are Han, `char` where they are of another
 *   script without spaces, else `13a`. @throws UNKNOWN_NAME
 */
export function translationReport(
  judged: readonly JudgedTranslation[],
  training: Pick<TranslationReport, 'numTokens' | 'numUnknown'> & {
    readonly given: readonly string[];
    readonly seen: SeenItems;
  },
  tokenize?: BleuTokenizer,
): TranslationReport {
  const { given, seen, numTokens, numUnknown } = training;
  const numIn = (part: 'train' | 'validation'): number => given.filter((source) => seen.partOf(source) === part).length;
  const outputs = judged.map(({ output }) => output);
  const references = judged.map((one) => one.references);
  const script = tokenizerFor(references.flat());
  const words = script === '13a' ? 'between spaces' : script;
  // In a script without spaces, words between them would be whole sentences.
  const apart = (text: string): string => (script === '13a' ? text : bleuTokenizers[script](text).join(' '));
  const outputWords = outputs.map(apart);
  const referenceWords = references.map((all) => all.map(apart));
  const nearest = outputWords.map((output, i) => nearestTo(output, referenceWords[i]));
  const edits = ter(outputWords, referenceWords);
  const baselines = [
    baselineOf('copy', judged, ({ copied }) => copied),
    baselineOf('word by word', judged, ({ wordByWord }) => wordByWord),
  ];
  return {
    numSources: judged.length,
    numGiven: given.length,
    part: seen.partOf(judged[0].source) === undefined ? 'unseen' : 'seen',
    numReferences: references.reduce((sum, { length }) => sum + length, 0),
    exactMatch: exactMatchOf(judged, ({ output }) => output),
    bleu: bleu(outputs, references, { tokenize: tokenize ?? script }),
    chrF: chrF(outputs, references),
    ter: script === '13a' ? edits : { ...edits, signature: edits.signature.replace('tok:', `tok:${script}+`) },
    words,
    wordErrors: wordErrorRate(
      outputWords,
      nearest.map((at, i) => referenceWords[i][at]),
    ),
    characterErrors: characterErrorRate(
      outputs,
      nearest.map((at, i) => references[i][at]),
    ),
    ...{ numTokens, numUnknown },
    numTrained: numIn('train'),
    numChosen: numIn('validation'),
    baseline: baselines.reduce((best, own) => (own.chrF > best.chrF ? own : best)),
  };
}

type TextOf = (judged: JudgedTranslation) => string;

function baselineOf(
  name: TranslationBaseline['name'],
  judged: readonly JudgedTranslation[],
  textOf: TextOf,
): TranslationBaseline {
  const { score } = chrF(
    judged.map(textOf),
    judged.map(({ references }) => references),
  );
  return { name, chrF: score, exactMatch: exactMatchOf(judged, textOf) };
}

function exactMatchOf(judged: readonly JudgedTranslation[], textOf: TextOf): number {
  return judged.filter((one) => one.references.includes(textOf(one))).length / judged.length;
}

/** Which reference takes the fewest changes of words. */
function nearestTo(output: string, references: readonly string[]): number {
  if (references.length === 1 || references.includes(output)) return Math.max(0, references.indexOf(output));
  const errors = references.map((reference) => {
    const { numSubstitutions, numDeletions, numInsertions } = wordErrorRate([output], [reference]);
    return numSubstitutions + numDeletions + numInsertions;
  });
  return errors.indexOf(minimumOf(errors));
}

function tokenizerFor(references: readonly string[]): '13a' | 'zh' | 'char' {
  const text = references.join('');
  const shareOf = (signs: RegExp): number => (text.match(signs)?.length ?? 0) / Math.max(1, text.length);
  if (shareOf(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/gu) > 0.2)
    return 'char';
  return shareOf(/\p{Script=Han}/gu) > 0.5 ? 'zh' : '13a';
}
