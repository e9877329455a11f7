import { euclideanLength, type Neighbour, nearestWords, wordAnalogy } from '../../src/index.js';
import { loadWordVectors } from '../../src/node.js';
import { defineCommand, jsonOption } from '../options.js';
import { print, printJson } from '../output.js';
import { printable } from '../terminal/printable.js';
import { textTable, withSeparators } from '../text-table.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** `rondo vectors`: what a file of word vectors knows. */
export const vectors = defineCommand({
  name: 'vectors',
  summary: 'Look into a file of word vectors: word2vec, GloVe or fastText.',
  usage: 'FILE [options]',
  examples: [
    'rondo vectors glove.6B.100d.txt --nearest river --limit 50000',
    "rondo vectors wiki.en.bin --analogy 'man king woman'",
  ],
  options: {
    nearest: { type: 'text', value: 'WORD', about: 'Show the words with the most similar vectors.' },
    analogy: { type: 'text', value: "'A B C'", about: 'Show what is to C as B is to A.' },
    word: { type: 'text', value: 'WORD', about: 'Show the vector of a word.' },
    count: { type: 'count', value: 'N', about: 'Words to show. Default 10.' },
    limit: { type: 'count', value: 'N', about: 'Read only the first N words of the file. All by default.' },
    encoding: { type: 'text', value: 'NAME', about: 'Encoding of the words, such as windows-1252. Default utf-8.' },
    'skip-faulty': { type: 'flag', about: 'Leave out words that come twice or are no text, instead of stopping.' },
    ...jsonOption,
  },
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    const { nearest, analogy, word, count = 10, limit, encoding, json } = options;
    if ([nearest, analogy, word].filter((given) => given !== undefined).length > 1)
      throw new WrongUsage({
        where,
        what: 'one question at a time.',
        expected: '--nearest, --analogy or --word',
        fix: 'ask one, then the next.',
      });
    const words = analogy?.trim().split(/\s+/) ?? [];
    if (analogy !== undefined && words.length !== 3)
      throw new WrongUsage({
        where,
        what: '--analogy needs three words.',
        expected: "--analogy 'man king woman'",
        received: analogy,
        fix: 'write three words, separated by spaces, in one argument.',
      });
    const found = await loadWordVectors(positionals[0], {
      limit,
      encoding,
      faultyWords: options['skip-faulty'] ? 'skip' : 'refuse',
    });
    if (nearest !== undefined) return show(nearestWords(found, nearest, count), json);
    if (analogy !== undefined) return show(wordAnalogy(found, [words[0], words[1], words[2]], count), json);
    if (word !== undefined) {
      // Asks for neighbours first, because its message for an unknown word helps.
      if (found.get(word) === undefined) nearestWords(found, word, 1);
      const vector = Array.from(found.get(word)!);
      if (json) printJson({ word, inFile: found.has(word), length: euclideanLength(vector), vector });
      else print(vector.map((value) => String(Number(value.toPrecision(6)))).join(' '));
      return;
    }
    const facts = {
      path: positionals[0],
      numWords: found.size,
      dimension: found.dimension,
      hasSubwords: found.subwords !== undefined,
      first: found.words.slice(0, count),
    };
    if (json) {
      printJson(facts);
      return;
    }
    print(
      `${withSeparators(found.size)} words of ${found.dimension} ` +
        `numbers${facts.hasSubwords ? ', with n-grams for unknown words' : ''}`,
    );
    print(`first: ${facts.first.map(printable).join(' ')}${found.size > count ? ' ...' : ''}`);
  },
});

function show(neighbours: readonly Neighbour[], json: boolean): void {
  if (json) printJson(neighbours);
  else
    print(
      textTable(
        ['word', 'cosine'],
        neighbours.map(({ word, similarity }) => [printable(word), similarity.toFixed(4)]),
      ),
    );
}
