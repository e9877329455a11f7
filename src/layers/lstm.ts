import { lstm } from '../cells/lstm.js';
import { RecurrentLayer } from './recurrent-layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';

/** Long short-term memory along time, with Keras 3's options and defaults. See {@link RecurrentLayer} for shapes and masks. */
export class LSTM<ReturnState extends boolean = false> extends RecurrentLayer<ReturnState> {
  override readonly className = 'LSTM';

  constructor(options: RecurrentOptions & { units: number; returnState?: ReturnState | undefined }) {
    super(
      withCell('LSTM', options, () => lstm),
      'LSTM',
    );
  }
}
