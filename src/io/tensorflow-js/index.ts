/** Layers models of TensorFlow.js. */

export { type ReadTensorFlowJsOptions, readTensorFlowJs, type TensorFlowJsModel } from './read-tensorflow-js.js';
export { writeTensorFlowJs } from './write-tensorflow-js.js';
