import { currentBackend, GRU, ops, Random, setSeed, setThreads, type Tensor, tensor, valueAndGradients } from 'rondo';

/** What a page finds when it computes on two threads. */
export interface ThreadsFound {
  readonly numThreads: number;
  readonly reason: string;
  /** The loss and its gradients, with one thread and with two. */
  readonly alone: readonly number[];
  readonly together: readonly number[];
}

/** The gradients of a layer that is large enough to be shared; computed with one thread, then with as many as serve. */
export async function computeOnThreads(): Promise<ThreadsFound> {
  setSeed(5);
  const random = new Random(6);
  const layer = new GRU({ units: 70, returnSequences: true });
  layer.ensureBuilt([null, 11, 9]);
  const input = tensor(
    Float32Array.from({ length: 33 * 11 * 9 }, () => random.normal()),
    [33, 11, 9],
  );
  const compute = (): number[] => {
    const { value, gradients } = valueAndGradients(() => ops.mean(ops.square(layer.apply(input))), layer.weights);
    return [value, ...gradients].flatMap((result: Tensor) => [...result.dataSync()]);
  };
  const backend = currentBackend();
  const { supported, reason } = backend.supports('threads');
  const alone = compute();
  if (!supported) return { numThreads: backend.threads?.numServing ?? 1, reason, alone, together: compute() };
  setThreads(2);
  // Workers start once the page gives them time.
  while ((backend.threads?.numServing ?? 1) < 2 && backend.supports('threads').supported) {
    compute();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { numThreads: backend.threads?.numServing ?? 1, reason, alone, together: compute() };
}
