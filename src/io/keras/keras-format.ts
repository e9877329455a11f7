import { RondoError } from '../../errors.js';
import { isHdf5 } from '../hdf5/hdf5-file.js';
import { jsonMembers } from '../json-members.js';
import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { type ReadKerasOptions, readKeras } from './read-keras.js';
import { writeKeras, writeKerasWeights } from './write-keras.js';

/** What names of files with weights alone end with. */
const weightsEnding = '.weights.h5';

/** Models of Keras: archives of Keras 3, and HDF5 files of both generations. */
export const kerasFormat: ModelFormat<ReadKerasOptions> = {
  title: 'Keras',
  recognises: (bytes, name) => isHdf5(bytes) || name.toLowerCase().endsWith('.keras') || isArchitecture(bytes),
  read: {
    endings: ['.keras', '.h5', '.hdf5'],
    options: ['inputShape', 'maxBytes'],
    async model({ bytes, name }, options) {
      if (isArchitecture(bytes))
        throw new RondoError('FILE_FORMAT', {
          where: name,
          what: 'the file holds the layers of a Keras model, and no weights.',
          expected: 'a .keras archive, or an HDF5 file of a whole model',
          fix: 'save the whole model: model.save("model.keras").',
        });
      const { model, ...rest } = await readKeras(bytes, name, options);
      return plainlyRead(model, rest);
    },
  },
  write: {
    endings: ['.keras', weightsEnding],
    async files({ model, preprocessing }, name) {
      const isAlone = name.toLowerCase().endsWith(weightsEnding);
      return {
        files: new Map([[name, await (isAlone ? writeKerasWeights : writeKeras)(model)]]),
        notes: [
          ...(isAlone
            ? ['the file holds weights alone: load_weights puts them into a model with the same layers']
            : []),
          ...withoutPreprocessing('Keras', preprocessing),
        ],
      };
    },
  },
};

/** What `model.to_json()` gives, which is no model without its weights. */
function isArchitecture(bytes: Uint8Array): boolean {
  return ['class_name', 'config'].every((name) => jsonMembers(bytes).has(name));
}
