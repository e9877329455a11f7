import { movementOperators } from './movement-operators.js';
import { numberOperators } from './number-operators.js';
import type { Operator } from './operator.js';
import { productOperators } from './product-operators.js';
import { shapeOperators } from './shape-operators.js';
import { windowOperators } from './window-operators.js';

/** Operators of ONNX's own domain that are run, by name; RNN, GRU, LSTM and If are beside them. */
export const operators: Readonly<Record<string, Operator>> = {
  ...shapeOperators,
  ...movementOperators,
  ...numberOperators,
  ...productOperators,
  ...windowOperators,
};
