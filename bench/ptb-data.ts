import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, Vocabulary, wordsOf } from '../src/index.js';
import { readText } from '../src/node.js';
import { dataFolder } from './data-folder.js';

/** The Penn Treebank as Mikolov prepared it: 10,000 words, each line ended by `<eos>`. */
export interface PennTreebank {
  readonly vocabularySize: number;
  readonly train: Int32Array;
  readonly valid: Int32Array;
  readonly test: Int32Array;
}

/** Why the text cannot be read; undefined where it can. */
export function missingData(): string | undefined {
  const missing = ['train', 'valid', 'test'].map(pathOf).find((path) => !existsSync(path));
  return missing && `${missing} does not exist; set RONDO_DATA to the folder that holds lm/ptb`;
}

/** Every word of the three parts as its number in the training part's vocabulary. */
export async function readPennTreebank(): Promise<PennTreebank> {
  const [train, valid, test] = await Promise.all(
    ['train', 'valid', 'test'].map(async (part) => tokensOf(await readText(pathOf(part)))),
  );
  const vocabulary = Vocabulary.fromTokens(train);
  const numbered = (tokens: readonly string[]): Int32Array => Int32Array.from(vocabulary.encode(tokens));
  return { vocabularySize: vocabulary.size, train: numbered(train), valid: numbered(valid), test: numbered(test) };
}

function tokensOf(text: string): string[] {
  return linesOf(text).flatMap((line) => [...wordsOf(line, { lower: false, punctuation: 'attach' }), '<eos>']);
}

function pathOf(part: string): string {
  return join(dataFolder, 'lm', 'ptb', `ptb.${part}.txt`);
}
