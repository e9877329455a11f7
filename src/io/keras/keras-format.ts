import { isHdf5 } from '../hdf5/hdf5-file.js';
import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { type ReadKerasOptions, readKeras } from './read-keras.js';
import { writeKeras } from './write-keras.js';

/** Models of Keras: archives of Keras 3, and HDF5 files of both generations. */
export const kerasFormat: ModelFormat<ReadKerasOptions> = {
  title: 'Keras',
  recognises: (bytes, name) => isHdf5(bytes) || name.toLowerCase().endsWith('.keras'),
  read: {
    endings: ['.keras', '.h5', '.hdf5'],
    options: ['inputShape', 'maxBytes'],
    async model({ bytes, name }, options) {
      const { model, matched, leftOver, notes } = await readKeras(bytes, name, options);
      const kinds = new Map([...model.sublayers].map(([layer, { className }]) => [layer, className]));
      const taken = matched.map(({ layer, weights }) => ({
        source: layer,
        kind: kinds.get(layer) ?? '',
        layers: [layer],
        tensors: weights,
      }));
      return plainlyRead(model, { matched: taken, leftOver, notes });
    },
  },
  write: {
    endings: ['.keras'],
    async files({ model, preprocessing }, name) {
      return {
        files: new Map([[name, await writeKeras(model)]]),
        notes: withoutPreprocessing('Keras', preprocessing),
      };
    },
  },
};
