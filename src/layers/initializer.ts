import type { Random } from '../random.js';
import type { Shape } from '../shape.js';
import type { Configured } from './configured.js';

/** What an initializer may know about a weight besides its shape. */
export interface WeightRole {
  /** The cell's gates, whose columns lie side by side in the last axis. */
  readonly gates?: readonly string[] | undefined;
}

/** How a weight starts. Equal seeds give equal values. */
export interface Initializer extends Configured {
  values(shape: Shape, random: Random, role?: WeightRole): Float64Array;
}
