import { softmaxRows } from '../../exponential.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import type { HeldDecoder } from '../decoding/beam-search.js';
import { penalised, type RepetitionOptions } from './repetition.js';

/**
 * Goes on from a text, in rows side by side; is to be ended.
 *
 * @param start of which all but the last token are read at once. @param batchSize most rows.
 */
export async function textDecoder(
  model: Sequential,
  start: Int32Array,
  { batchSize, ...repetition }: RepetitionOptions & { readonly batchSize: number },
): Promise<HeldDecoder> {
  const stream = model.stream({ batchSize });
  const rows = new Int32Array(batchSize);
  try {
    for (const token of start.subarray(0, -1)) {
      if (hostIsWaiting()) await yieldToHost();
      await stream.stepAsync(rows.fill(token));
    }
  } catch (error) {
    stream.dispose();
    throw error;
  }
  let read = Array.from(rows, () => [...start.subarray(0, -1)]);
  return {
    async step(tokens) {
      // At first there is one row, and all have its state.
      rows.fill(tokens[0]).set(tokens);
      read = read.map((before, row) => [...before, rows[row]]);
      const logits = await stream.stepAsync(rows);
      const width = logits.length / batchSize;
      const all = read.flatMap((recent, row) =>
        Array.from(penalised(logits.subarray(row * width, (row + 1) * width), recent, repetition)),
      );
      return { next: softmaxRows(all, width).subarray(0, tokens.length * width) };
    },
    arrange(from) {
      stream.takeRows(from);
      read = Array.from(from, (row) => read[row]);
    },
    end: () => stream.dispose(),
  };
}
