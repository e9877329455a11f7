import { describe } from 'vitest';
import { kinds } from '../../../test/support/pointwise-check.js';
import { testUnaryOperations } from '../../../test/support/unary-operations.js';

describe.each(kinds)('unary operations with $name multiply-add', ({ kernels }) => testUnaryOperations(kernels));
