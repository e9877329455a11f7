import { type ModelFormat, plainlyRead, withoutPreprocessing } from '../model-format.js';
import { encodeSafetensors } from '../safetensors.js';
import { safetensorsMetadata } from '../safetensors-decode.js';
import { type ModelFromStateDictOptions, modelFromStateDict } from './model-from-state-dict.js';
import { type ReadStateDictOptions, readStateDict } from './read-state-dict.js';
import { stateDictOf } from './state-dict-of.js';
import { isTorchFile } from './torch-file.js';

/** State dicts of PyTorch: safetensors, and what torch.save wrote. */
export const pytorchFormat: ModelFormat<Omit<ReadStateDictOptions, 'copy'> & ModelFromStateDictOptions> = {
  title: 'PyTorch',
  recognises: (bytes) => safetensorsMetadata(bytes) !== undefined || isTorchFile(bytes),
  read: {
    endings: ['.safetensors', '.pt', '.pth', '.bin', '.ckpt'],
    options: ['key', 'layers', 'returnSequences', 'timesteps'],
    async model({ bytes, name }, { key, ...chain }) {
      const state = await readStateDict(bytes, name, { key, copy: false });
      const { model, matched, leftOver } = modelFromStateDict(state, chain);
      const plain = chain.layers === undefined ? matched.filter(({ kind }) => kind === 'RNN') : [];
      return plainlyRead(model, {
        notes: plain.map(
          ({ source }) =>
            `the nonlinearity of \`${source}\` is not in the file and taken to be tanh; say another with \`layers\``,
        ),
        matched,
        leftOver,
      });
    },
  },
  write: {
    endings: ['.safetensors'],
    async files({ model, preprocessing }, name) {
      const bytes = encodeSafetensors(await stateDictOf(model), { format: 'pt' });
      return { files: new Map([[name, bytes]]), notes: withoutPreprocessing('PyTorch', preprocessing) };
    },
  },
};
