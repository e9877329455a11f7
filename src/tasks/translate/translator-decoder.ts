import { currentBackend } from '../../kernels/select.js';
import type { FlatArray, Tensor } from '../../tensor/tensor.js';
import type { Functional } from '../../training/graph/functional.js';
import type { GraphStream } from '../../training/graph/graph-stream.js';
import type { DecodedStep, HeldDecoder } from '../decoding/beam-search.js';
import { paddedIds } from './pair-batches.js';
import { specialIds } from './sentence-codec.js';
import type { NextAndShares } from './translator-network.js';

type Stream = GraphStream<Readonly<Record<keyof NextAndShares, Tensor>>>;

/** Streams of few rows are kept for sources of the same length: working out their steps takes longer than some steps. */
const [mostRows, mostStreams] = [16, 64];

/** Runs a translator step by step. Sources are read once each, however many hypotheses of them are followed. */
export class TranslatorDecoder {
  readonly #model: Functional<NextAndShares>;
  /** By rows and ids of a source, those that are not in use; the latest at the end. */
  readonly #kept = new Map<string, Stream>();

  /** @param model what `withShares` gives. */
  constructor(model: Functional<NextAndShares>) {
    this.#model = model;
  }

  /**
   * What decodes targets of sources, and is to be ended.
   *
   * @param sources ids, without special ones. @throws as {@link Functional.stream}
   */
  begin(sources: readonly ArrayLike<number>[]): HeldDecoder {
    const source = paddedIds(sources.map((ids) => [...Array.from(ids), specialIds.end]));
    const numSource = source.shape[1];
    let stream = this.#taken(sources.length, numSource);
    if (stream === undefined) stream = this.#model.stream({ fixed: { source } });
    else stream.reset({ fixed: { source } });
    let current: Stream = stream;
    let lengths = Int32Array.from(sources, ({ length }) => length);
    return {
      async step(ids): Promise<DecodedStep> {
        const isRead = currentBackend().readNow !== undefined;
        const { next, shares } = isRead ? current.step(ids) : await current.stepAsync(ids);
        return { next, attendedBy: (row) => attendedBy(shares, [row, ids.length], numSource, lengths[row]) };
      },
      arrange: (from, isOther) => {
        if (!isOther) return current.takeRows(from);
        const other = current.spread(from, this.#taken(from.length, numSource));
        this.#keep(current, numSource);
        current = other;
        lengths = from.map((row) => lengths[row]);
      },
      end: () => this.#keep(current, numSource),
    };
  }

  #taken(rows: number, numSource: number): Stream | undefined {
    const key = `${rows} ${numSource}`;
    const stream = this.#kept.get(key);
    this.#kept.delete(key);
    return stream;
  }

  #keep(stream: Stream, numSource: number): void {
    const key = `${stream.batchSize} ${numSource}`;
    if (stream.batchSize > mostRows) return stream.dispose();
    this.#kept.get(key)?.dispose();
    this.#kept.delete(key);
    this.#kept.set(key, stream);
    const [[oldest, unused]] = this.#kept;
    if (this.#kept.size <= mostStreams) return;
    unused.dispose();
    this.#kept.delete(oldest);
  }
}

/** How much a row attended to each token of its source, the end left out: the mean of all heads. */
function attendedBy(
  shares: FlatArray,
  [row, numRows]: readonly [row: number, numRows: number],
  numSource: number,
  length: number,
): Float32Array {
  const numHeads = shares.length / (numRows * numSource);
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let head = 0; head < numHeads; head++) sum += shares[(row * numHeads + head) * numSource + i];
    return sum / numHeads;
  });
}
