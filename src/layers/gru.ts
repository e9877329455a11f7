import { gru } from '../cells/gru.js';
import { gruResetBefore } from '../cells/gru-reset-before.js';
import { RecurrentLayer } from './recurrent-layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';

/** What only a GRU has. */
export interface GRUOptions extends RecurrentOptions<'hidden'> {
  units: number;
  /** Whether the reset gate acts after the recurrent product (as cuDNN and PyTorch) or before it. Default true. */
  resetAfter?: boolean | undefined;
}

/** Gated recurrent unit along time, with Keras 3's options and defaults. See {@link RecurrentLayer} for shapes and masks. */
export class GRU<ReturnState extends boolean = false> extends RecurrentLayer<ReturnState, 'hidden'> {
  override readonly className = 'GRU';

  constructor(options: GRUOptions & { returnState?: ReturnState | undefined }) {
    super(
      withCell('GRU', options, ({ resetAfter = true }) => (resetAfter ? gru : gruResetBefore)),
      'GRU',
      ['cell', 'resetAfter'],
    );
  }
}
