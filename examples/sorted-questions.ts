/** Sorts questions by what they ask for, says how sure it is, and which words decided. */
import { ClassifierTraining, explain, setSeed } from 'rondo';

const starts = {
  person: ['who wrote', 'who found', 'which person built'],
  place: ['where is', 'in which country is', 'where did they build'],
  number: ['how many years has', 'how old is', 'how long is'],
};
const things = [
  'the bridge',
  'the old library',
  'the longest river',
  'that symphony',
  'the first ship',
  'the white tower',
  'the museum',
];
const ends = ['?', 'today?', 'in the north?', ', please?'];

const rows = Object.entries(starts).flatMap(([label, beginnings]) =>
  beginnings.flatMap((start) =>
    things.flatMap((thing) => ends.map((end) => ({ label, text: `${start} ${thing} ${end}` }))),
  ),
);

setSeed(1);
const training = new ClassifierTraining(
  { train: { texts: rows.map(({ text }) => text), labels: rows.map(({ label }) => label) } },
  { units: 16, embeddingUnits: 16, learningRate: 0.01, epochs: 6 },
);
await training.train();
const { accuracy, numTexts } = await training.evaluate();
console.log(`${numTexts} questions that were held out: accuracy ${accuracy.toFixed(3)}`);

const question = 'who painted the tower in the north?';
const [{ label, probability }] = await training.classifier.predict([question]);
console.log(`${question} asks for a ${label} (${probability.toFixed(2)})`);

const { tokens } = await explain(training.classifier, question);
console.log(tokens.map(({ token, contribution }) => `${token} ${contribution.toFixed(2)}`).join(', '));
