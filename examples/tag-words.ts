/**
 * A tagger of words from text in CoNLL-U: it learns from endings and neighbours, and tags words that it has never seen.
 */
import { readConllu, setSeed, TaggerTraining, taggedSentences } from 'rondo';

const stems = ['jump', 'play', 'walk', 'laugh', 'cook', 'paint', 'climb', 'wait', 'shout', 'dream'];
const row = (id: number, form: string, upos: string): string =>
  [id, form, '_', upos, '_', '_', '_', '_', '_', '_'].join('\t');
const text = stems
  .flatMap((stem, i) => [
    [
      row(1, 'the', 'DET'),
      row(2, `${stem}er`, 'NOUN'),
      row(3, `${stems[(i + 3) % 10]}ed`, 'VERB'),
      row(4, '.', 'PUNCT'),
    ],
    [row(1, 'a', 'DET'), row(2, `${stem}ing`, 'ADJ'), row(3, `${stems[(i + 7) % 10]}er`, 'NOUN'), row(4, '.', 'PUNCT')],
  ])
  .map((rows) => `${rows.join('\n')}\n\n`)
  .join('');

setSeed(1);
const file = readConllu(text, { where: 'made here' });
const sentences = taggedSentences(
  file.sentences.map(({ words }) => words),
  file.column('upos'),
);
const training = new TaggerTraining(
  { train: sentences },
  { units: 16, wordUnits: 12, characterFeatures: 16, batchSize: 4, epochs: 20, learningRate: 0.02 },
);
await training.train();
const unseen = [
  ['the', 'dancer', 'zapped', '.'],
  ['a', 'zapping', 'dancer', '.'],
];
const tags = await training.tagger.predict(unseen);
unseen.forEach((words, s) => console.log(words.map((word, i) => `${word}/${tags[s][i]}`).join(' ')));
console.log(
  'words right',
  (await training.evaluate()).accuracy,
  'of them by the baseline',
  training.tagger.sentences.baseline[0].accuracy,
);
