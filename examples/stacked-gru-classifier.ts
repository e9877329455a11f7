/** Two stacked GRUs tell rising from falling sequences: the class is the sign of the slope under noise. */
import { Dense, Dropout, GRU, Random, Sequential } from 'rondo';

const timesteps = 20;
const random = new Random(2);

const x: number[][][] = [];
const y: number[] = [];
for (let i = 0; i < 400; i++) {
  const rising = i % 2;
  const slope = rising === 1 ? 0.1 : -0.1;
  x.push(Array.from({ length: timesteps }, (_, t) => [slope * t + random.normal()]));
  y.push(rising);
}

const model = new Sequential([
  new GRU({ units: 16, returnSequences: true, inputShape: [timesteps, 1] }),
  new Dropout({ rate: 0.1 }),
  new GRU({ units: 16 }),
  new Dense({ units: 1, activation: 'sigmoid' }),
]);
model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
await model.fit(
  x,
  y.map((label) => [label]),
  { epochs: 12, batchSize: 20, validationSplit: 0.2 },
);

const { accuracy } = await model.evaluate(
  x,
  y.map((label) => [label]),
);
console.log(`accuracy ${accuracy.toFixed(3)}`);
