import { exp, log, sub as minus, add as plus, rowMax, rowSum } from '../expression/build.js';
import { add, mul, sub } from './arithmetic.js';
import { gatherTensor } from './gather.js';
import { concatenate, reshape, slice } from './movement.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { type Tensor, tensor } from './tensor.js';

/** Legend: B batch, T time, N the most steps of a sequence that count, K labels. */
interface ChainOnDevice {
  /** `[B, T, K]` */
  readonly scores: Tensor;
  /** `[K, K]` */
  readonly transitions: Tensor;
  /** `[K]` */
  readonly start: Tensor;
  /** `[K]` */
  readonly end: Tensor;
  /** By sequence: the places in `[B * T]` of the steps that count. */
  readonly steps: readonly Int32Array[];
  /** By sequence: the label of each of these steps. */
  readonly labels: readonly Int32Array[];
}

/** `ln sum exp(a + b)` over the last axis. */
const logSumExp: PointwiseFunction = {
  name: 'logSumExpOfSums',
  build: ([a, b]) => {
    const x = plus(a, b);
    return plus(rowMax(x), log(rowSum(exp(minus(x, rowMax(x))))));
  },
  alongRows: true,
  perRow: true,
};

/**
 * The losses of `chainLoss` from operations of the device, which have derivatives already: where reading takes time the
 * recursion cannot run on the host. A step is one reduction over `[B, K, K]`.
 *
 * ```
 * later[N - 1] = end,  later[t, i] = ln sum over j of exp(transitions[i, j] + scores[t + 1, j] + later[t + 1, j])
 * loss[0] = ln sum over j of exp(first[j]) - first[y0],  first = start + scores[0] + later[0]
 * loss[t] = later[t - 1, y(t-1)] - (transitions[y(t-1), yt] + scores[t, yt] + later[t, yt])
 * ```
 */
export function chainLossOnDevice({ scores, transitions, start, end, steps, labels }: ChainOnDevice): Tensor {
  const [B, T, K] = scores.shape;
  const N = Math.max(1, ...steps.map(({ length }) => length));
  /** By sequence and counted step: a number that is worked out on the host. */
  const each = (of: (b: number, t: number) => number): number[] =>
    Array.from({ length: B * N }, (_, at) => of(Math.floor(at / N), at % N));
  const counts = (b: number, t: number): boolean => t < steps[b].length;
  const own = gatherTensor(scores, [B, N, K], K, Int32Array.from(each((b, t) => (counts(b, t) ? steps[b][t] : -1))));
  const at = (values: Tensor, t: number): Tensor => slice(values, 1, t, t + 1);
  /** `[B, 1]`: 1 where it holds of a sequence. */
  const where = (holds: (b: number) => boolean): Tensor =>
    tensor(
      Float32Array.from({ length: B }, (_, b) => Number(holds(b))),
      [B, 1],
    );

  const later: Tensor[] = [];
  for (let t = N - 1; t >= 0; t--) {
    const atEnd = mul(
      where((b) => t === steps[b].length - 1),
      end,
    );
    const next =
      later.length === 0
        ? undefined
        : mul(
            where((b) => t < steps[b].length - 1),
            applyPointwise(logSumExp, [add(at(own, t + 1), later[0]), transitions]),
          );
    later.unshift(reshape(next === undefined ? atEnd : add(atEnd, next), [B, 1, K]));
  }

  const laterOfAll = concatenate(later, 1);
  const label = (b: number, t: number): number => labels[b][t] ?? 0;
  /** `[B, N]`: the value `[B, N, K]` of each step's own label. */
  const ofLabels = (values: Tensor): Tensor =>
    gatherTensor(values, [B, N], 1, Int32Array.from(each((b, t) => (b * N + t) * K + label(b, t))));
  const before = concatenate(
    [applyPointwise(logSumExp, [add(at(own, 0), later[0]), start]), slice(ofLabels(laterOfAll), 1, 0, N - 1)],
    1,
  );
  const transition = concatenate(
    [
      gatherTensor(
        start,
        [B, 1],
        1,
        Int32Array.from(steps, (_, b) => label(b, 0)),
      ),
      gatherTensor(
        transitions,
        [B, N - 1],
        1,
        Int32Array.from(each((b, t) => label(b, t - 1) * K + label(b, t)).filter((_, place) => place % N > 0)),
      ),
    ],
    1,
  );
  const losses = sub(sub(before, transition), ofLabels(add(own, laterOfAll)));
  const place = new Int32Array(B * T).fill(-1);
  steps.forEach((counted, b) => counted.forEach((step, t) => (place[step] = b * N + t)));
  return gatherTensor(losses, [B, T], 1, place);
}
