/**
 * A cell defined by its equations. Two gates, one state; the library works out derivative, storage and fused kernels,
 * and the cell runs like a built-in one.
 */
import { Dense, defineCell, expressions, Random, RNN, Sequential } from 'rondo';

const { add, mul, sub } = expressions;

/** A leaky integrator whose leak is a gate: h' = (1 - a) * h + a * tanh(W x + U h + b). */
const gatedLeak = defineCell({
  name: 'gatedLeak',
  gates: ['leak', 'candidate'],
  states: ['hidden'],
  step({ gates, states, activation, recurrentActivation }) {
    const leak = recurrentActivation(gates.leak);
    return { hidden: add(mul(sub(1, leak), states.hidden), mul(leak, activation(gates.candidate))) };
  },
});

const random = new Random(5);
const x = Array.from({ length: 200 }, () => Array.from({ length: 12 }, () => [random.uniform()]));
const y = x.map((sequence) => [Math.max(...sequence.map(([value]) => value))]);

const model = new Sequential([new RNN({ cell: gatedLeak, units: 24, inputShape: [12, 1] }), new Dense({ units: 1 })]);
model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
const history = await model.fit(x, y, { epochs: 40, batchSize: 20 });
console.log(`mean squared error ${history.metrics.loss[0].toFixed(4)} -> ${history.metrics.loss.at(-1)!.toFixed(4)}`);
