/**
 * Stacked LSTM for sequence classification: three recurrent layers, the first two returning whole sequences, and a
 * softmax over ten classes. The data are random, as in the usual tutorial, so that only the shapes matter.
 */
import { Dense, LSTM, Random, Sequential } from 'rondo';

const timesteps = 8;
const features = 16;
const numClasses = 10;

const model = new Sequential([
  new LSTM({ units: 32, returnSequences: true, inputShape: [timesteps, features] }),
  new LSTM({ units: 32, returnSequences: true }),
  new LSTM({ units: 32 }),
  new Dense({ units: numClasses, activation: 'softmax' }),
]);
model.compile({ loss: 'categoricalCrossentropy', optimizer: 'rmsprop', metrics: ['accuracy'] });

const random = new Random(1);
const samples = (count: number): number[][][] =>
  Array.from({ length: count }, () =>
    Array.from({ length: timesteps }, () => Array.from({ length: features }, () => random.uniform())),
  );
const labels = (count: number): number[][] =>
  Array.from({ length: count }, () => {
    const label = random.integer(numClasses);
    return Array.from({ length: numClasses }, (_, c) => (c === label ? 1 : 0));
  });

const history = await model.fit(samples(320), labels(320), {
  batchSize: 64,
  epochs: 5,
  validationData: [samples(64), labels(64)],
});
console.log(model.summary());
console.log('loss by epoch', history.metrics.loss.map((loss) => loss.toFixed(3)).join(' '));
