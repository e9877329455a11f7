/** Numbers in words and digits, dates as people write them and as ISO 8601 does: one model for all four directions. */
import { Random, type SentencePair, setSeed, TranslatorTraining } from 'rondo';
import { inWords } from './spelled-numbers.js';

const months = 'January February March April May June July August September October November December'.split(' ');

/** Most years of the dates, and the first of them. */
const [firstYear, numDays] = [1990, 18_000];

function datePairs(day: number, random: Random): SentencePair[] {
  const date = new Date(Date.UTC(firstYear, 0, 1 + day));
  const iso = date.toISOString().slice(0, 10);
  const [year, number, d] = iso.split('-');
  const [m, month] = [Number(number), months[date.getUTCMonth()]];
  const long = `${Number(d)} ${month} ${year}`;
  const forms = [
    long,
    `${month} ${Number(d)}, ${year}`,
    `${Number(d)} ${month.slice(0, 3)} ${year}`,
    `${d}/${number}/${year}`,
    `${Number(d)}.${m}.${year}`,
  ];
  return [
    { source: forms[random.integer(forms.length)], target: iso },
    { source: iso, target: long },
  ];
}

function numberPairs(number: number): SentencePair[] {
  return [
    { source: inWords(number), target: String(number) },
    { source: String(number), target: inWords(number) },
  ];
}

const random = new Random(3, 'numbers and dates');
const shuffled = (from: number, to: number): number[] => [
  ...random.shuffle(Array.from({ length: to - from }, (_, i) => from + i)),
];
// Numbers below a hundred are the vocabulary; of those above, 200 are held out, and so are 400 dates.
const numbers = shuffled(100, 1000);
const days = shuffled(0, numDays).slice(0, 1900);
const test = [
  ...numbers.slice(0, 200).flatMap(numberPairs),
  ...days.slice(0, 400).flatMap((day) => datePairs(day, random)),
];
const train = [
  ...[...shuffled(0, 100), ...numbers.slice(200)].flatMap(numberPairs),
  ...days.slice(400).flatMap((day) => datePairs(day, random)),
];

setSeed(1);
const training = new TranslatorTraining(
  { train, test },
  {
    sourceTokens: 'characters',
    targetTokens: 'characters',
    units: 96,
    embeddingUnits: 64,
    layers: 1,
    dropout: 0,
    batchTokens: 1000,
    learningRate: 0.008,
    epochs: 14,
  },
);
await training.train();
const { exactMatch, numSources } = await training.evaluate();
console.log(`${numSources} numbers and dates that were held out: ${(100 * exactMatch).toFixed(2)} % without a fault`);

const asked = ['six hundred and forty-seven', '365', 'March 14, 2015', '2019-07-20'];
const answers = await training.translator.predict(asked);
asked.forEach((text, i) => void console.log(`${text}: ${answers[i][0].text}`));
