import { lstm } from '../cells/lstm.js';
import type { Json } from './layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';
import { RNN } from './rnn.js';

/** Long short-term memory along time, with Keras 3's options and defaults. See {@link RNN} for shapes and masks. */
export class LSTM<ReturnState extends boolean = false> extends RNN<ReturnState> {
  override readonly className = 'LSTM';

  constructor(options: RecurrentOptions & { units: number; returnState?: ReturnState | undefined }) {
    super(
      withCell('LSTM', options, () => lstm),
      'LSTM',
    );
  }

  override getConfig(): Record<string, Json | undefined> {
    const { cell: _cell, ...config } = super.getConfig();
    return config;
  }
}
