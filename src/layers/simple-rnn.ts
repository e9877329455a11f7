import { simple } from '../cells/simple.js';
import { RecurrentLayer } from './recurrent-layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';

/** The simple recurrent net along time, with Keras 3's options and defaults. See {@link RecurrentLayer} for shapes and masks. */
export class SimpleRNN<ReturnState extends boolean = false> extends RecurrentLayer<ReturnState, 'hidden'> {
  override readonly className = 'SimpleRNN';

  constructor(options: RecurrentOptions<'hidden'> & { units: number; returnState?: ReturnState | undefined }) {
    super(
      withCell('SimpleRNN', options, () => simple),
      'SimpleRNN',
    );
  }
}
