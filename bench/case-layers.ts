import { Bidirectional, Dense, type Layer, RNN } from '../src/index.js';
import { type BenchCase, isStreaming } from './cases.js';

/**
 * The layers of a case from the bottom to the top, without weights yet. The dense layer over words gives logits, or
 * probabilities with `softmax`.
 */
export function layersOf(benchCase: BenchCase, { softmax }: { readonly softmax: boolean }): Layer[] {
  const { cell, units, bidirectional, numWords } = benchCase;
  const recurrent = Array.from({ length: benchCase.layers }, (_, i): Layer => {
    const layer = new RNN({ name: `layer${i}`, cell, units, returnSequences: true, stateful: isStreaming(benchCase) });
    return bidirectional === true ? new Bidirectional({ name: `bidirectional${i}`, layer }) : layer;
  });
  if (numWords === undefined) return recurrent;
  return [...recurrent, new Dense({ name: 'words', units: numWords, ...(softmax ? { activation: 'softmax' } : {}) })];
}

/** Makes the weights of layers that stand on each other. */
export function buildLayers(layers: readonly Layer[], features: number): void {
  let shape: readonly (number | null)[] = [null, null, features];
  for (const layer of layers) {
    layer.ensureBuilt(shape);
    shape = layer.computeOutputShape(shape);
  }
}
