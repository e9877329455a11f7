import { simple } from '../cells/simple.js';
import type { Json } from './layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';
import { RNN } from './rnn.js';

/** The simple recurrent net along time, with Keras 3's options and defaults. See {@link RNN} for shapes and masks. */
export class SimpleRNN<ReturnState extends boolean = false> extends RNN<ReturnState> {
  override readonly className = 'SimpleRNN';

  constructor(options: RecurrentOptions & { units: number; returnState?: ReturnState | undefined }) {
    super(
      withCell('SimpleRNN', options, () => simple),
      'SimpleRNN',
    );
  }

  override getConfig(): Record<string, Json | undefined> {
    const { cell: _cell, ...config } = super.getConfig();
    return config;
  }
}
