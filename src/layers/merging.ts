/** Layers that make one tensor of several. */
export { Add } from './add.js';
export { Average } from './average.js';
export { Concatenate, type ConcatenateOptions } from './concatenate.js';
export { Dot, type DotOptions } from './dot.js';
export { Maximum } from './maximum.js';
export { Merge } from './merge.js';
export { Minimum } from './minimum.js';
export { Multiply } from './multiply.js';
export { Subtract } from './subtract.js';
