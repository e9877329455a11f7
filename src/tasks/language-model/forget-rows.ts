import { currentBackend } from '../../kernels/select.js';
import { Variable } from '../../tensor/variable.js';
import type { Sequential } from '../../training/sequential.js';
import { layersBelow } from '../../training/snapshot.js';

/** Makes the carried states of some rows of a batch zeros, as `resetStates` does with all of them. */
export function forgetRows(model: Sequential, rows: readonly number[]): void {
  if (rows.length === 0) return;
  for (const [, layer] of layersBelow(model)) {
    for (const state of layer.carriedStates().values()) {
      if (!(state instanceof Variable)) continue;
      const width = state.size / state.shape[0];
      const backend = currentBackend();
      const { buffer, offset } = state.viewOn(backend);
      for (const row of rows) backend.fill({ buffer, offset: offset + row * width }, width, 0);
    }
  }
}
