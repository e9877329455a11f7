import { attentionOperators } from './attention-operator.js';
import { einsumOperators } from './einsum-operator.js';
import { functionOperators } from './function-operators.js';
import { movementOperators } from './movement-operators.js';
import { normalizationOperators } from './normalization-operators.js';
import { numberOperators } from './number-operators.js';
import type { Operator } from './operator.js';
import { placeOperators } from './place-operators.js';
import { poolingOperators } from './pooling-operators.js';
import { productOperators } from './product-operators.js';
import { quantizedOperators } from './quantized-operators.js';
import { resizeOperators } from './resize-operator.js';
import { sequenceOperators } from './sequence-operators.js';
import { shapeOperators } from './shape-operators.js';
import { windowOperators } from './window-operators.js';

/**
 * Operators that are run, by name; those of other domains than ONNX's own with theirs before it. RNN, GRU, LSTM, and
 * operators with graphs inside of them, are beside them.
 */
export const operators: Readonly<Record<string, Operator>> = {
  ...shapeOperators,
  ...movementOperators,
  ...numberOperators,
  ...functionOperators,
  ...productOperators,
  ...normalizationOperators,
  ...windowOperators,
  ...poolingOperators,
  ...resizeOperators,
  ...placeOperators,
  ...einsumOperators,
  ...sequenceOperators,
  ...attentionOperators,
  ...quantizedOperators,
};
