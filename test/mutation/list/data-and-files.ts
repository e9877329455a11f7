import { inFile, type Mutation } from '../mutation.js';

const [season, scaler, text] = ['src/data/season.test.ts', 'src/data/scaler.test.ts', 'src/data/text.test.ts'];
const vectors = ['src/io/word-vectors'];
const scores = ['src/data/scores'];

export const dataAndFileMutations: readonly Mutation[] = [
  ...inFile(
    'src/data/scaler.ts',
    [scaler],
    [
      [
        'the offset is taken after scaling',
        '(values[i] - offset[i % columns]) / scale[i % columns] + this.shift',
        'values[i] / scale[i % columns] - offset[i % columns] + this.shift',
      ],
      ['a constant column is divided by nothing', 'spread > 0 ? spread : 1', 'spread'],
      ['the range begins at zero on the way back', '(values[i] - this.shift) * scale', 'values[i] * scale'],
      [
        'selected columns come in their own order',
        'columns.map((column) => from[column])',
        '[...columns].sort((a, b) => a - b).map((column) => from[column])',
      ],
    ],
  ),
  ...inFile(
    'src/data/season.ts',
    [season],
    [
      [
        'twice a season is taken for the season',
        'const shortest = peaks.find((lag)',
        'const shortest = [...peaks].reverse().find((lag)',
      ],
      [
        'the trend is left in',
        'series[t] -= mean + (squares > 0 ? slope / squares : 0) * (t - middle)',
        'series[t] -= mean',
      ],
      [
        'long lags look weaker than they are',
        'result[lag] = sum / (series.length - lag);',
        'result[lag] = sum / series.length;',
      ],
    ],
  ),
  ...inFile(
    'src/data/windows.ts',
    ['src/data/windows.test.ts'],
    [
      [
        'the last window is lost',
        'Math.floor((numRows - timesteps - horizon) / stride) + 1',
        'Math.floor((numRows - timesteps - horizon) / stride)',
      ],
      [
        'targets begin one row late',
        'values[end + step * features + targetColumns[k]]',
        'values[Math.min(end + (step + 1) * features + targetColumns[k], values.length - 1)]',
      ],
      [
        'targets are the last rows of the window',
        'const end = start + timesteps * features;',
        'const end = start + (timesteps - 1) * features;',
      ],
    ],
  ),
  ...inFile(
    'src/data/split.ts',
    ['src/data/split.test.ts'],
    [
      [
        'the test part begins one row early',
        'all.slice(train + validation, train + validation + test)',
        'all.slice(train + validation - 1, train + validation + test)',
      ],
      [
        'a shuffled split is in order',
        'random.shuffle(Int32Array.from({ length }, (_, i) => i))',
        'Int32Array.from({ length }, (_, i) => i)',
      ],
    ],
  ),
  ...inFile(
    'src/data/streams.ts',
    ['src/data/streams.test.ts'],
    [
      [
        'a window begins where the last token of the one before was read',
        'b * this.#streamLength + index * timesteps',
        'b * this.#streamLength + index * (timesteps - 1)',
      ],
      [
        'the target is the input',
        'tokens.subarray(start + 1, start + timesteps + 1)',
        'tokens.subarray(start, start + timesteps)',
      ],
    ],
  ),
  ...inFile(
    'src/data/tokenizer.ts',
    ['src/data/tokenizer.test.ts'],
    [
      ['the rarest word has the first number', 'sort(([, a], [, b]) => b - a)', 'sort(([, a], [, b]) => a - b)'],
      ['the unknown word comes last', 'ordered.unshift(this.oovToken)', 'ordered.push(this.oovToken)'],
    ],
  ),
  ...inFile(
    'src/data/vocabulary.ts',
    ['src/data/vocabulary.test.ts'],
    [
      ['a token seen just often enough is left out', 'count >= minCount', 'count > minCount'],
      ['special tokens are not counted in the size', '.slice(0, maxTokens - reserved.length)', '.slice(0, maxTokens)'],
      ['equally frequent tokens come in any order', 'countB - countA || (a < b ? -1 : 1)', 'countB - countA'],
    ],
  ),
  ...inFile(
    'src/data/pad-sequences.ts',
    [text, 'src/data'],
    [
      [
        'long sequences lose the wrong end',
        "truncating === 'pre' ? sequence.length - kept : 0",
        "truncating === 'pre' ? 0 : sequence.length - kept",
      ],
      [
        'short sequences are filled at the wrong end',
        "padding === 'pre' ? maxlen - kept : 0",
        "padding === 'pre' ? 0 : maxlen - kept",
      ],
    ],
  ),
  ...inFile(
    'src/data/baselines.ts',
    ['src/data/baselines.test.ts'],
    [
      ['a season is counted from the start', 'values[values.length - season + (h % season)]', 'values[h % season]'],
      ['the drift starts at the last value', 'last + (h + 1) * slope', 'last + h * slope'],
      [
        'the slope divides by all values',
        '(last - values[0]) / (values.length - 1)',
        '(last - values[0]) / values.length',
      ],
    ],
  ),
  ...inFile(
    'src/data/tag-schemes.ts',
    ['src/data/tag-schemes.test.ts'],
    [
      [
        'S after an open span does not end it',
        "return after.part === 'B' || after.part === 'O' || after.part === 'S';",
        "return after.part === 'B' || after.part === 'O';",
      ],
      [
        'S after an open span begins nothing',
        "if (after.part === 'B' || after.part === 'S' || before.kind !== after.kind) return true;",
        "if (after.part === 'B' || before.kind !== after.kind) return true;",
      ],
      [
        'I after E goes on',
        "return before.part === 'O' || before.part === 'E' || before.part === 'S';",
        "return before.part === 'O' || before.part === 'S';",
      ],
      [
        'a change of kind does not end a span',
        "before.kind !== after.kind || before.part === 'E'",
        "before.part === 'E'",
      ],
      ['a sentence may end in an open span', ': !isOpen;', ': !isOpen || after === undefined;'],
      [
        'a span may go on as another kind',
        "return after?.part !== 'I' || (isOpen && isSame);",
        "return after?.part !== 'I' || isOpen;",
      ],
      ['U is read as the end of a span', "part === 'U' ? 'S' : part", "part === 'U' ? 'E' : part"],
    ],
  ),
  ...inFile(
    'src/data/byte-pairs/byte-pairs.ts',
    ['src/data/byte-pairs'],
    [
      [
        'byte pairs are merged in another order: the latest first',
        'let best = Infinity;\n      for (let i = 0; i + 1 < tokens.length; i++) best = Math.min(best, ' +
          'this.#ranks.get(tokens[i] * 2 ** 26 + tokens[i + 1]) ?? Infinity);',
        'let best = Infinity;\n      for (let i = 0; i + 1 < tokens.length; i++) { const rank = ' +
          'this.#ranks.get(tokens[i] * 2 ** 26 + tokens[i + 1]); if (rank !== undefined) best = best === Infinity ' +
          '? rank : Math.max(best, rank); }',
      ],
      [
        'byte pairs are merged in another order: the first in the text',
        'best = Math.min(best, this.#ranks.get(tokens[i] * 2 ** 26 + tokens[i + 1]) ?? Infinity);',
        'best = best === Infinity ? (this.#ranks.get(tokens[i] * 2 ** 26 + tokens[i + 1]) ?? Infinity) : best;',
      ],
    ],
  ),
  ...inFile(
    'src/data/byte-pairs/learn-merges.ts',
    ['src/data/byte-pairs'],
    [
      [
        'of equally frequent pairs the later wins',
        '(a.count === b.count && a.key < b.key)',
        '(a.count === b.count && a.key > b.key)',
      ],
      [
        'a pair that comes once is merged',
        'this.#counts.get(key)! > 1) this.#push',
        'this.#counts.get(key)! > 0) this.#push',
      ],
      ['pairs behind a merged pair keep their counts', 'change(right, tokens[i + 2], -1);', ''],
    ],
  ),
  ...inFile('src/io/word-vectors/subwords.ts', vectors, [
    ['the hash takes bytes as they are, without a sign', '((bytes[i] << 24) >> 24)', 'bytes[i]'],
    [
      'the hash multiplies first',
      'Math.imul(hash ^ ((bytes[i] << 24) >> 24), 0x01000193)',
      'Math.imul(hash, 0x01000193) ^ ((bytes[i] << 24) >> 24)',
    ],
    [
      'n-grams of one bracket count',
      'length === 1 && (first === 0 || first === starts.length - 1)',
      'length === 1 && first === 0',
    ],
    ['n-grams are cut inside characters', 'if ((byte & 0xc0) !== 0x80) starts.push(i);', 'starts.push(i);'],
    [
      "the word's own vector does not count in the mean",
      'Math.fround(1 / (count + buckets.length))',
      'Math.fround(1 / buckets.length)',
    ],
  ]),
  ...inFile('src/io/word-vectors/neighbours.ts', vectors, [
    [
      'analogies use vectors as long as they are',
      'map((word) => unit(vectorOrThrow',
      'map((word) => Float64Array.from(vectorOrThrow',
    ],
    ['the words of the question may be the answer', 'count, new Set([a, b, c]))', 'count, new Set([a]))'],
    ['an analogy is turned around', 'value - from[i] + like[i]', 'from[i] - value + like[i]'],
    [
      'similarity depends on length',
      'dot(vectors.at(index), query) / product',
      'dot(vectors.at(index), query) / length',
    ],
  ]),
  ...inFile(
    'src/io/files.ts',
    ['src/io/files-flushed.test.ts', 'src/io/files.test.ts'],
    [
      ['a file is renamed before it is flushed', 'await file.sync();\n', ''],
      ['the folder is not flushed after a rename', 'await flushFolder(dirname(target));', ''],
      ['the permissions of the old file are lost', 'if (old !== undefined) await chmod(temporary, old.mode);', ''],
      ['a temporary file stays where writing fails', 'if (created) await rm(temporary, { force: true });', ''],
      ['reading stops after the first piece', 'filled += bytesRead;\n', 'filled = size;\n'],
    ],
  ),
  ...inFile(
    'src/rounding.ts',
    ['src/io/safetensors.test.ts'],
    [
      ['small half numbers are normal ones', '(exponent === 0 ? fraction : fraction + 1024)', '(fraction + 1024)'],
      ['negative half numbers are positive', 'word & 0x8000 ? -magnitude : magnitude', 'magnitude'],
    ],
  ),
  ...inFile(
    'src/io/safetensors-decode.ts',
    ['src/io/safetensors.test.ts'],
    [
      ['gaps between tensors are accepted', 'if (begin !== covered) {', 'if (begin < covered) {'],
      ['a file may go on after its last tensor', 'if (covered !== dataSize) {', 'if (covered > dataSize) {'],
    ],
  ),
  ...inFile(
    'src/io/safetensors.ts',
    ['src/io/safetensors.test.ts'],
    [['the header is not filled up to eight bytes', 'Math.ceil(header.length / 8) * 8', 'header.length']],
  ),
  ...inFile(
    'src/io/utf8.ts',
    ['src/io/utf8.test.ts'],
    [
      ['surrogates are characters', 'if (lead === 0xed) high = 0x9f;', ''],
      ['overlong forms are characters', 'if (lead === 0xe0) low = 0xa0;', ''],
    ],
  ),
  ...inFile('src/data/scores/bleu.ts', scores, [
    ['long hypotheses are punished', 'hypothesisLength < referenceLength', 'hypothesisLength !== referenceLength'],
    ['the longer of two references that are as close counts', '|| a - b', '|| b - a'],
    ['every order without a right run counts as half of one', 'halved /= 2', 'halved = 0.5'],
    [
      'references add up what they have of a run',
      'Math.max(count, first[n].get(run) ?? 0)',
      'count + (first[n].get(run) ?? 0)',
    ],
    ['words are added to the first order too', "smoothMethod === 'add-k' && n > 0", "smoothMethod === 'add-k'"],
  ]),
  ...inFile('src/data/scores/chrf.ts', scores, [
    ['runs that no reference is long enough for count', 'right[n].total > 0 ? total : 0', 'total'],
    [
      'orders that one side lacks are averaged',
      'hypothesis === 0 || reference === 0',
      'hypothesis === 0 && reference === 0',
    ],
    ['recall counts as much as precision', 'const factor = beta ** 2', 'const factor = 1'],
  ]),
  ...inFile('src/data/scores/shifted-edits.ts', scores, [
    ['words that are right are moved', 'if (!isWrongWord.subarray(from, from + length).includes(1)) continue;', ''],
    ['words move to where all is right', 'if (!isWrongReference.subarray(at, at + length).includes(1)) continue;', ''],
    ['of equal moves the last counts', 'b.from - a.from', 'a.from - b.from'],
    ['of equal moves the shortest counts', 'a.length - b.length', 'b.length - a.length'],
    ['moves cost nothing', 'shifts++', ''],
    ['moves are sought without end', 'tried >= MOST_TRIED ||', ''],
  ]),
  ...inFile('src/data/scores/scored-sentences.ts', scores, [
    ['halves are rounded up', 'below % 2 === 0 ? below : below + 1', 'below + 1'],
  ]),
];
