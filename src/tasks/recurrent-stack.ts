import type { CellName } from '../cells/registry.js';
import { Dropout } from '../layers/dropout.js';
import type { Layer } from '../layers/layer.js';
import { RNN } from '../layers/rnn.js';

/** Recurrent layers of one width, each followed by dropout where there is any. */
export function recurrentStack(
  { cell, units, layers, dropout }: { cell: CellName; units: number; layers: number; dropout: number },
  { stateful, returnSequences }: { stateful: boolean; returnSequences: boolean },
): Layer[] {
  return Array.from({ length: layers }, (_, i) => {
    const recurrent = new RNN({ cell, units, stateful, returnSequences: returnSequences || i < layers - 1 });
    return dropout > 0 ? [recurrent, new Dropout({ rate: dropout })] : [recurrent];
  }).flat();
}
