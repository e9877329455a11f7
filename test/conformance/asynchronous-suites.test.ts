import { asynchronousReference } from '../support/asynchronous.js';
import { conformOn } from '../support/conformance-backends.js';

/** The suites of every backend once more, on a device that is read asynchronously only. */
conformOn({
  title: 'the reference, read asynchronously only',
  name: 'reference',
  make: () => asynchronousReference,
});
await import('./cells.test.js');
await import('./layers.test.js');
await import('./merging.test.js');
await import('./laws.test.js');
await import('./training.test.js');
await import('./own-operations.test.js');
await import('./attention.test.js');
await import('./onnx.test.js');
