/**
 * A two-layer bidirectional LSTM that is given its initial states and returns its final ones: every state has a name,
 * and each direction its own.
 */
import { Bidirectional, LSTM, Random, tensor } from 'rondo';

const [batch, timesteps, features, units] = [3, 5, 10, 20];
const random = new Random(3);
const normal = (shape: number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
    shape,
  );

const layer = () => new Bidirectional({ layer: new LSTM({ units, returnSequences: true, returnState: true }) });
const layers = [layer(), layer()];
const initial = () => ({ hidden: normal([batch, units]), cell: normal([batch, units]) });

let sequence = normal([batch, timesteps, features]);
layers.forEach((bidirectional, i) => {
  const { output, forward, backward } = bidirectional.apply(sequence, {
    initialState: { forward: initial(), backward: initial() },
  });
  sequence = output as typeof sequence;
  console.log(
    `layer ${i + 1}: output [${sequence.shape}], forward cell [${forward[0].cell.shape}], backward hidden ` +
      `[${backward[0].hidden.shape}]`,
  );
});
