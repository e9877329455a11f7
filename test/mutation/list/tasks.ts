import { inFile, type Mutation } from '../mutation.js';

const [classify, generate, tag, language] = [
  'src/tasks/classify',
  'src/tasks/generate',
  'src/tasks/tag/tagging-report.test.ts',
  'src/tasks/language-model/language-model.test.ts',
];

export const taskMutations: readonly Mutation[] = [
  ...inFile(
    'src/tasks/decoding/sample-token.ts',
    ['src/tasks/decoding/sample-token.test.ts'],
    [
      [
        'the nucleus is taken before the temperature',
        'nucleus(kept, kept.map(weight), topP)',
        'nucleus(kept, kept.map((i) => exponential(logits[i] - logits[best])), topP)',
      ],
      [
        'the least probability is asked before the temperature',
        'candidates.filter((i) => weight(i) >= minP)',
        'candidates.filter((i) => exponential(logits[i] - logits[best]) >= minP)',
      ],
      [
        'the nucleus lacks its last token',
        'sum += weights[count++];\n  return sorted.slice(0, count);',
        'sum += weights[count++];\n  return sorted.slice(0, Math.max(1, count - 1));',
      ],
      [
        'the temperature multiplies',
        '(logits[i] - logits[best]) / temperature',
        '(logits[i] - logits[best]) * temperature',
      ],
      ['one token more is kept', '.slice(0, topK);', '.slice(0, topK + 1);'],
      ['forbidden tokens are drawn', '!never.has(i) && ', ''],
      [
        'without temperature no number is drawn',
        'const draw = random.uniform();',
        'const draw = options.temperature === 0 ? 0 : random.uniform();',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/decoding/beam-search.ts',
    ['src/tasks/decoding/beam-search.test.ts'],
    [
      ['one beam goes on behind the end', 'if (beams === 1 && found.length > 0) search.alive = [];\n  else if', 'if'],
      ['the end is not counted', '/ lengthPenalty(tokens.length)', '/ lengthPenalty(tokens.length - 1)'],
      ['what is unlikely is not written though it is told', 'Math.log(Math.max(share, least))', 'Math.log(share)'],
      ['a search ends with the first complete texts', 'lengthPenalty(limit) < least', 'lengthPenalty(limit) < 0'],
      ['what may not be written is drawn', '=> never.has(token) || constraint?.allows(token) === false', '=> false'],
      ['what is not finite is followed', '!Number.isFinite(share)', 'share === Infinity'],
      ['a text that leads nowhere is no text', 'followed.length === 0 && found.length === 0', 'false as boolean'],
      ['texts that are done stay', '(4 * numDone >= rows.length', '(numDone > rows.length'],
      [
        'the rows of a text are those of its neighbour',
        'const start = (first + from) * numIds;\n    // What',
        'const start = from * numIds;\n    // What',
      ],
      [
        'what is covered twice makes up for what is not',
        'Math.min(Math.max(covered, Number.MIN_VALUE), 1)',
        'Math.max(covered, Number.MIN_VALUE)',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/generate/text-decoder.ts',
    ['src/tasks/generate/text-decoder.test.ts'],
    [
      ['beams go on from the state of another', 'stream.takeRows(from);', ''],
      ['the prompt is not read', 'await stream.stepAsync(rows.fill(token));', ''],
    ],
  ),
  ...inFile(
    'src/tasks/generate/repetition.ts',
    [`${generate}/generate.test.ts`],
    [
      [
        'negative logits rise where they should fall',
        'logits[token] * repetitionPenalty',
        'logits[token] / repetitionPenalty',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/tag/hmm-tagger.ts',
    [tag],
    [
      [
        'smoothing leaves as much for the unseen as there are words',
        '(count + different * fallback[j]) / (total + different)',
        '(count + total * fallback[j]) / (2 * total)',
      ],
      ['smoothing counts tags that were not seen', '(count > 0 ? 1 : 0), 0))', '1, 0))'],
      ['smoothing does not divide by what it adds', '/ (total + different));', '/ total);'],
      [
        'the end of a sentence is not smoothed',
        'withOneMore(this.#prior.map((p) => p * 0.95), 0.05)',
        'withOneMore(this.#prior.map((p) => p * 0.5), 0.5)',
      ],
      ['frequent words teach what suffixes say', 'if (count > rareCount) continue;', ''],
      [
        'a word in lower case says more than the word itself',
        '[this.#lowerWords.get(word.toLowerCase()), this.#words.get(word)]',
        '[this.#words.get(word), this.#lowerWords.get(word.toLowerCase())]',
      ],
      [
        'the score of a word is not divided by how frequent the tag is',
        'Math.log(given[j]) - Math.log(this.#prior[j])',
        'Math.log(given[j])',
      ],
      ['suffixes of capitals and others are one', "/^\\p{Lu}/u.test(word) ? 'A' :", "/^\\p{Lu}/u.test(word) ? 'a' :"],
    ],
  ),
  ...inFile(
    'src/tasks/forecast/trained-series.ts',
    ['src/tasks/forecast/leaks.test.ts'],
    [
      [
        'the scaler is taken from validation rows too',
        'series.values.subarray(0, train * width), target.subarray(0, train)',
        'series.values.subarray(0, seen * width), target.subarray(0, seen)',
      ],
      [
        "MASE's scale is taken from validation rows too",
        'seasonalScale(target.subarray(0, train), season',
        'seasonalScale(target, season',
      ],
      [
        "the corrections' scale is taken from validation rows too",
        'scaleOf(base, space, rows, train, horizon)',
        'scaleOf(base, space, rows, seen, horizon)',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/forecast/forecast-training.ts',
    ['src/tasks/forecast/leaks.test.ts'],
    [
      [
        'windows of training reach one row into validation',
        '({ train }: RowsOfParts) => [0, train] as const',
        '({ train }: RowsOfParts) => [0, train + 1] as const',
      ],
      [
        'base and season are chosen on held-out rows too',
        'this.#choose(one, split[i].seen, given)',
        'this.#choose(one, one.numRows, given)',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/language-model/language-model-training.ts',
    ['src/tasks/language-model/held-out.test.ts', language],
    [
      [
        'a language model is trained on its held-out end',
        'const learned = tokens.slice(0, tokens.length - held)',
        'const learned = tokens.slice(0)',
      ],
      [
        'the held-out end is the beginning',
        'const heldOut = tokens.slice(tokens.length - held)',
        'const heldOut = tokens.slice(0, held + 1)',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/language-model/language-model.ts',
    [language],
    [
      ['of the training text all is scored', 'isHeldOut ? all.subarray(this.text.numTrainingTokens) : all', 'all'],
      [
        'a token is scored by what follows it',
        'const token = tokens[start + i + 1];',
        'const token = tokens[start + i];',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/language-model/dynamic-evaluation.ts',
    ['src/tasks/language-model/dynamic-evaluation.test.ts'],
    [
      ['weights stay as the text left them', 'variables.forEach((variable, i) => variable.assign(trained[i]));', ''],
      ['weights drift away from those trained', 'sub(trained, weight)', 'sub(weight, trained)'],
    ],
  ),
  ...inFile(
    'src/tasks/classify/calibration.ts',
    [`${classify}/calibration.test.ts`],
    [
      [
        'the bin of a probability is the one above',
        'Math.ceil(confidence * numBins) - 1',
        'Math.ceil(confidence * numBins)',
      ],
      [
        'the target of calibration is not smoothed',
        '(1 - spread) * logits[start + truth[row]]',
        'logits[start + truth[row]]',
      ],
      ['surplus and shortage of bins cancel', 'sum + Math.abs(value)', 'sum + value'],
    ],
  ),
  ...inFile(
    'src/tasks/classify/classification-report.ts',
    [`${classify}/classification-report.test.ts`],
    [
      [
        'the confusion is transposed',
        'confusion[truth[row]][likeliest(probabilities, row, numClasses)]++',
        'confusion[likeliest(probabilities, row, numClasses)][truth[row]]++',
      ],
      [
        'classes that never occur count in the mean',
        'const seen = classes.filter((_, k) => isSeen(k));',
        'const seen = classes;',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/classify/integrated-gradients.ts',
    [`${classify}/explanation.test.ts`],
    [
      ['gradients are taken at the text alone', 'const share = (start + k + 0.5) / numSteps;', 'const share = 1;'],
      [
        'contributions are not multiplied by the way',
        '(vectors[i] * gradientSum[i]) / numSteps',
        'gradientSum[i] / numSteps',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/classify/occlusion.ts',
    [`${classify}/explanation.test.ts`],
    [
      [
        "a word's contribution is that of the next word",
        'of(0) - of(i + 2)',
        'of(0) - of(Math.min(i + 3, ids.length + 1))',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/classify/text-noise.ts',
    [`${classify}/text-noise.test.ts`],
    [
      ['the last word is dropped too', 'if (numLeft === 1) continue;', ''],
      ['a swapped word moves on', '// A swapped word does not move again.\n      i++;', ''],
    ],
  ),
  ...inFile(
    'src/tasks/classify/token-encoder.ts',
    [`${classify}/token-encoder.test.ts`],
    [
      [
        'long texts lose the wrong side',
        "truncating === 'pre' ? spans.slice(-timesteps) : spans.slice(0, timesteps)",
        "truncating === 'pre' ? spans.slice(0, timesteps) : spans.slice(-timesteps)",
      ],
      [
        'the letters of the padding token are padding',
        'token === PADDING ? unknownId : vocabulary.idOf(token)',
        'vocabulary.idOf(token)',
      ],
    ],
  ),
  ...inFile(
    'src/tasks/tag/tag-codec.ts',
    ['src/tasks/tag/tag-codec.test.ts'],
    [
      [
        'long words lose their end',
        'points.slice(points.length - (maxCharacters - head))',
        'points.slice(head, maxCharacters)',
      ],
    ],
  ),
];
