import type { Layer, OpenShape } from '../../layers/layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import type { SymbolicArrangement } from './symbolic-arrangement.js';

/** A model as nodes and edges: what files, tables, drawings and passes read. */
export interface ModelGraph {
  /** The applications of layers, each after those it reads. */
  readonly nodes: readonly GraphNode[];
  /** Every layer once, by its name in the model, in the order in which they run first. */
  readonly layers: ReadonlyMap<string, Layer<unknown>>;
  readonly inputs: SymbolicArrangement;
  readonly outputs: SymbolicArrangement;
  /** For inputs as they were stated. */
  readonly shapeOf: ReadonlyMap<SymbolicTensor, OpenShape>;
}
