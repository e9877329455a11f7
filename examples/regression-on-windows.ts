/**
 * SimpleRNN, LSTM and GRU learn to continue a sine wave from windows of ten values: input `[10, 1]`, output one number.
 */
import { Dense, GRU, type Layer, LSTM, Sequential, SimpleRNN } from 'rondo';

const wave = Array.from({ length: 600 }, (_, t) => Math.sin(t / 8));
const windows = wave.slice(0, -10).map((_, start) => wave.slice(start, start + 10).map((value) => [value]));
const next = windows.map((_, start) => [wave[start + 10]]);
const split = 480;

const layers: Record<string, () => Layer> = {
  SimpleRNN: () => new SimpleRNN({ units: 32, inputShape: [10, 1] }),
  LSTM: () => new LSTM({ units: 32, inputShape: [10, 1] }),
  GRU: () => new GRU({ units: 32, inputShape: [10, 1] }),
};
for (const [name, layer] of Object.entries(layers)) {
  const model = new Sequential([layer(), new Dense({ units: 1 })]);
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await model.fit(windows.slice(0, split), next.slice(0, split), { epochs: 15, batchSize: 16 });
  const { loss } = await model.evaluate(windows.slice(split), next.slice(split));
  console.log(`${name}: mean squared error ${loss.toExponential(2)}`);
}
