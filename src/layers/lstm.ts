import { lstm } from '../cells/lstm.js';
import { lstmp } from '../cells/lstmp.js';
import { refuseUnknownOptions } from '../errors.js';
import type { Json } from './layer.js';
import { RecurrentLayer } from './recurrent-layer.js';
import { type RecurrentOptions, withCell } from './recurrent-options.js';

/** What only an LSTM has. */
export interface LSTMOptions extends RecurrentOptions<'hidden' | 'cell'> {
  units: number;
  /**
   * Width of a projection of the output, which gates then see in the next step, and so of the output and of the state
   * `hidden`: the cell `lstmp` (Sak et al. 2014; `proj_size` in PyTorch). By default there is none.
   */
  projectionUnits?: number | undefined;
}

/**
 * Long short-term memory along time, with Keras 3's options and defaults. See {@link RecurrentLayer} for shapes and
 * masks.
 */
export class LSTM<ReturnState extends boolean = false> extends RecurrentLayer<ReturnState, 'hidden' | 'cell'> {
  override readonly className = 'LSTM';

  constructor(options: LSTMOptions & { returnState?: ReturnState | undefined }) {
    const given = withCell('LSTM', options, ({ projectionUnits }) => (projectionUnits === undefined ? lstm : lstmp));
    const { projectionUnits } = options;
    // A copy is made of the options of a layer, which have both.
    if (projectionUnits !== undefined && (options.widths?.projection ?? projectionUnits) !== projectionUnits)
      refuseUnknownOptions('LSTM', { widths: options.widths }, ['projectionUnits']);
    super(projectionUnits === undefined ? given : { ...given, widths: { projection: projectionUnits } }, 'LSTM', [
      'cell',
      'projectionUnits',
    ]);
  }

  override getConfig(): Record<string, Json | undefined> {
    const { widths: _widths, ...config } = super.getConfig();
    return config;
  }
}
