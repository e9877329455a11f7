import { describeValue, RondoError, refuseUnknownOptions, requireCount, requireKind } from '../../errors.js';
import type { Sequential } from '../../training/sequential.js';
import { damagedFile } from '../file-fault.js';
import { countAt, type JsonRecord, recordAt } from './brain-json.js';

/** Longer than any text that such a net was trained on. */
const longestRun = 100_000;

/** What a net's data formatter knows. */
interface Vocabulary {
  readonly indices: ReadonlyMap<string, number>;
  /** By index: undefined for what is never written. */
  readonly characters: readonly (string | undefined)[];
  readonly numSpecial: number;
  readonly maxPredictionLength: number;
}

export interface BrainRunOptions {
  /** How many characters may follow the input, as brain.js counts them. Default: that of the net, which is 100 where nothing was said. */
  maxPredictionLength?: number | undefined;
}

/**
 * The characters of a text net of brain.js, and its `run`. The model reads and gives tokens: 0 begins and ends a text, and
 * character i of the vocabulary is token i + 1.
 */
export class BrainText {
  /** By index the character, or undefined for signs between input and output, and for what the net does not know. */
  readonly characters: readonly (string | undefined)[];
  readonly #vocabulary: Vocabulary;
  readonly #model: Sequential;

  /** @internal */
  constructor(model: Sequential, vocabulary: Vocabulary) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.characters = vocabulary.characters;
  }

  /**
   * The tokens of a text, without the 0 that begins it. A net that was trained on pairs adds the two signs that end the input.
   *
   * @param text cut as brain.js cuts it, into UTF-16 units; or a list of the values that the net was trained on
   * @throws DATA_FORMAT for a character that the net neither knows nor has a token of unknown ones for
   */
  encode(text: string | readonly string[]): number[] {
    requireKind(typeof text === 'string' || Array.isArray(text), text, {
      where: 'BrainText.encode',
      what: 'this is no text.',
      fix: "write net.text.encode('hello').",
    });
    const { indices } = this.#vocabulary;
    const given = typeof text === 'string' ? text.split('') : text.map(String);
    const signs = indices.has('stop-input') ? ['stop-input', 'start-output'] : [];
    const unknown = indices.get('unrecognized');
    return [...given, ...signs].map((character) => {
      const index = indices.get(character) ?? unknown;
      if (index !== undefined) return index + 1;
      throw new RondoError('DATA_FORMAT', {
        where: 'BrainText.encode',
        what: 'the net does not know a character.',
        expected: 'characters of the texts that it was trained on',
        received: JSON.stringify(character),
        fix: 'leave it out, or train the net on texts with it.',
      });
    });
  }

  /**
   * What `net.run(text)` of brain.js gives: after each token the likeliest next one (the last of equal ones) until a text ends. As
   * brain.js, it reads the input but for its last token, in whose place stands what the net wrote there, and ends where the net
   * ends the text within the input.
   *
   * @throws DATA_FORMAT as {@link BrainText.encode}; OUT_OF_RANGE for an impossible length
   */
  async run(text: string | readonly string[] = '', options: BrainRunOptions = {}): Promise<string> {
    const where = 'BrainText.run';
    refuseUnknownOptions(where, options, ['maxPredictionLength']);
    const { maxPredictionLength = this.#vocabulary.maxPredictionLength } = options;
    requireCount(where, 'maxPredictionLength', maxPredictionLength, 0);
    const input = text.length === 0 ? [] : this.encode(text);
    const most = maxPredictionLength + text.length + this.#vocabulary.numSpecial;
    const written: number[] = [];
    const stream = this.#model.stream();
    try {
      let previous = 0;
      for (let i = 0; ; ) {
        const next = likeliest(await stream.stepAsync(previous));
        if (next === 0 || ++i >= most) break;
        written.push(next);
        previous = i < input.length ? input[i - 1] : next;
      }
    } finally {
      stream.dispose();
    }
    return written
      .slice(input.length)
      .map((token) => this.characters[token - 1] ?? '')
      .join('');
  }
}

/** The vocabulary of a file. @param tokens how many tokens the net reads. @throws FILE_FORMAT */
export function vocabularyOf(options: JsonRecord, tokens: number, where: string): Vocabulary {
  const formatter = recordAt(options.dataFormatter, 'options.dataFormatter', where);
  const path = 'options.dataFormatter';
  const table = recordAt(formatter.indexTable, `${path}.indexTable`, where);
  const indices = new Map(
    Object.entries(table).map(([character, index]) => [
      character,
      countAt(index, `${path}.indexTable[${JSON.stringify(character.slice(0, 40))}]`, where, 0, tokens - 2),
    ]),
  );
  const characters = new Array<string | undefined>(tokens - 1).fill(undefined);
  for (const [key, character] of Object.entries(recordAt(formatter.characterTable, `${path}.characterTable`, where))) {
    const index = /^\d+$/.test(key) ? Number(key) : -1;
    if (!(index >= 0 && index < tokens - 1) || !['string', 'number', 'boolean'].includes(typeof (character ?? '')))
      throw damagedFile({
        where,
        what: 'the table of characters does not fit the net.',
        expected: `texts by indices below ${tokens - 1}`,
        received: `${key}: ${describeValue(character)}`,
      });
    characters[index] = character === null ? undefined : String(character);
  }
  const special = formatter.specialIndexes;
  if (!Array.isArray(special))
    throw damagedFile({
      where,
      what: `the net's \`${path}.specialIndexes\` is not what brain.js writes.`,
      expected: 'a list',
      received: describeValue(special),
    });
  return {
    indices,
    characters,
    numSpecial: special.length,
    maxPredictionLength: countAt(options.maxPredictionLength, 'options.maxPredictionLength', where, 0, longestRun),
  };
}

function likeliest(probabilities: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if (!(probabilities[i] < probabilities[best])) best = i;
  return best;
}
