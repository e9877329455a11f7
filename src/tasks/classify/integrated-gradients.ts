import * as ops from '../../tensor/index.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import type { Classifier } from './classifier.js';
import type { Contributions } from './contributions.js';

/** Steps to begin with; doubled while the contributions do not add up. */
const fewestSteps = 32;
const mostSteps = 1024;
/** How far the contributions may be from adding up, in probability. */
const tolerance = 0.002;
/** Numbers of vectors computed at once. */
const numbersPerBatch = 1 << 20;

/**
 * Integrated gradients of a class's probability: with token vectors `e_t`, the contribution of a token is
 * `e_t . integral over a from 0 to 1 of dp(a e) / de_t`, along the straight line from vectors of zeros to those of the
 * text. The contributions add up to `p(e) - p(0)` (completeness).
 *
 * The integral is the mean of the gradients in the middles of equal steps, with twice as many steps as long as the sum
 * is off by more than 0.002, up to 1,024.
 *
 * Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation 1 and section 3.
 */
export async function integratedGradients(
  classifier: Classifier,
  ids: Int32Array,
  classIndex: number,
): Promise<Contributions> {
  const [embedding] = classifier.model.layers;
  const table = embedding.weights[0];
  const width = table.shape[1];
  const all = await table.data();
  const vectors = Float64Array.from(
    { length: ids.length * width },
    (_, i) => all[ids[Math.floor(i / width)] * width + (i % width)],
  );
  const probabilityAt = async (share: number): Promise<number> => {
    const point = tensor(
      vectors.map((value) => share * value),
      [1, ids.length, width],
    );
    return (await scope(() => probabilitiesOf(classifier, point)).data())[classIndex];
  };
  const baseline = await probabilityAt(0);
  const wanted = (await probabilityAt(1)) - baseline;
  for (let numSteps = fewestSteps; ; numSteps *= 2) {
    const contributions = await alongTheLine(classifier, vectors, ids.length, classIndex, numSteps);
    const gap = wanted - contributions.reduce((sum, value) => sum + value, 0);
    if (Math.abs(gap) <= tolerance || numSteps >= mostSteps) return { contributions, baseline };
  }
}

async function alongTheLine(
  classifier: Classifier,
  vectors: Float64Array,
  time: number,
  classIndex: number,
  numSteps: number,
): Promise<Float64Array> {
  const width = vectors.length / time;
  const gradientSum = new Float64Array(vectors.length);
  const perBatch = Math.max(1, Math.min(numSteps, Math.floor(numbersPerBatch / vectors.length)));
  for (let start = 0; start < numSteps; start += perBatch) {
    const count = Math.min(perBatch, numSteps - start);
    const points = new Float32Array(count * vectors.length);
    for (let k = 0; k < count; k++) {
      const share = (start + k + 0.5) / numSteps;
      for (let i = 0; i < vectors.length; i++) points[k * vectors.length + i] = share * vectors[i];
    }
    const gradient = await gradientAt(classifier, tensor(points, [count, time, width]), classIndex);
    for (let k = 0; k < count; k++)
      for (let i = 0; i < vectors.length; i++) gradientSum[i] += gradient[k * vectors.length + i];
    if (hostIsWaiting()) await yieldToHost();
  }
  const contributions = new Float64Array(time);
  for (let i = 0; i < vectors.length; i++)
    contributions[Math.floor(i / width)] += (vectors[i] * gradientSum[i]) / numSteps;
  return contributions;
}

/** The derivative of the class's probability by each vector, `[points, time, width]`. */
async function gradientAt(classifier: Classifier, points: Tensor, classIndex: number): Promise<ArrayLike<number>> {
  const numClasses = classifier.labels.length;
  const chosen = tensor(
    Float32Array.from({ length: numClasses }, (_, k) => (k === classIndex ? 1 : 0)),
    [numClasses],
  );
  const { gradients } = valueAndGradients(
    () => ops.sum(ops.mul(probabilitiesOf(classifier, points), chosen)),
    [points],
  );
  return gradients[0].readNumbers();
}

/** Calibrated probabilities `[batch, classes]` of token vectors `[batch, time, width]`. */
function probabilitiesOf({ model, temperature }: Classifier, vectors: Tensor): Tensor {
  const layers = model.layers.slice(1);
  const features = layers.slice(0, -1).reduce((value, layer) => layer.apply(value), vectors);
  return ops.softmax(ops.div(layers[layers.length - 1].applyHead(features).logits(), temperature));
}
