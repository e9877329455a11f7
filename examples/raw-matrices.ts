/**
 * A recurrent net written from raw matrices, with a training loop of one's own: h' = tanh(x W + h U + b), unrolled by
 * hand. It learns to add up its inputs: the target is the running mean of a sequence.
 */
import { ops, Random, type Tensor, tensor, Variable, valueAndGradients } from 'rondo';

const [batch, timesteps, units] = [32, 6, 12];
const random = new Random(4);
const weights = (shape: number[], scale: number, name: string) =>
  new Variable(
    shape,
    Float32Array.from({ length: shape[0] * (shape[1] ?? 1) }, () => scale * random.normal()),
    name,
  );

const W = weights([1, units], 0.5, 'W');
const U = weights([units, units], 0.3, 'U');
const b = weights([units], 0, 'b');
const V = weights([units, 1], 0.3, 'V');
const variables = [W, U, b, V];

function predict(steps: Tensor[]): Tensor {
  let h = ops.zeros([batch, units]);
  for (const x of steps) h = ops.tanh(ops.add(ops.add(ops.matmul(x, W), ops.matmul(h, U)), b));
  return ops.matmul(h, V);
}

const learningRate = 0.1;
let last = NaN;
for (let step = 0; step <= 300; step++) {
  const sequences = Array.from({ length: batch }, () => Array.from({ length: timesteps }, () => random.uniform()));
  const steps = Array.from({ length: timesteps }, (_, t) => tensor(sequences.map((sequence) => [sequence[t]])));
  const target = tensor(sequences.map((sequence) => [sequence.reduce((a, value) => a + value, 0) / timesteps]));

  const { value, gradients } = valueAndGradients(
    () => ops.mean(ops.square(ops.sub(predict(steps), target))),
    variables,
  );
  variables.forEach((variable, i) =>
    variable.assign(ops.sub(variable, ops.mul(gradients[i], learningRate)).dataSync()),
  );

  last = value.item();
  if (step % 100 === 0) console.log(`step ${step}: mean squared error ${last.toFixed(5)}`);
}
