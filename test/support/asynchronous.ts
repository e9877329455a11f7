import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { useBackend } from '../../src/kernels/select.js';
import { setSeed } from '../../src/random.js';

/** A device whose memory the host cannot see, as a GPU's: it is read asynchronously only. */
export const asynchronousReference = createReferenceBackend({ readsNow: false });

/** The same device, whose numbers can be read at once. */
export const synchronousReference = createReferenceBackend();

/** What work gives on each of the two, in this order, with the same seed. The first is in use before and after. */
export async function onBothReferences<T>(work: () => Promise<T>): Promise<[asynchronous: T, synchronous: T]> {
  const on = async (backend: typeof synchronousReference): Promise<T> => {
    useBackend(backend);
    setSeed(3);
    try {
      return await work();
    } finally {
      useBackend(asynchronousReference);
    }
  };
  return [await on(asynchronousReference), await on(synchronousReference)];
}
