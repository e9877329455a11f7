import { Dense, LSTM, Random, Sequential, setSeed } from 'rondo';

/** Ten steps of a small LSTM on seeded data; the losses. */
export async function trainTenSteps(): Promise<number[]> {
  setSeed(7);
  const random = new Random(8);
  const x = Array.from({ length: 24 }, () => Array.from({ length: 9 }, () => [random.uniform(), random.normal()]));
  const y = x.map((sequence) => [sequence.reduce((sum, [value]) => sum + value, 0) / sequence.length]);
  const model = new Sequential([new LSTM({ units: 13, inputShape: [9, 2] }), new Dense({ units: 1 })]);
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) losses.push((await model.trainOnBatch(x, y)).loss);
  return losses;
}
