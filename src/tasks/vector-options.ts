import { defaultVectorWords } from '../io/word-vectors/form-vectors.js';
import { count, flag } from './option-table.js';

/** The options of a task whose embedding may start from word vectors, and may know more words than training shows. */
export const vectorOptions = {
  /** Keep given vectors as they are. Default false: they are trained on. */
  freezeVectors: flag({ flag: 'freeze' }),
  /**
   * So many of the first words of given vectors are in the vocabulary although training does not show them. Default
   * 20,000.
   */
  vectorWords: count({ least: 0, default: defaultVectorWords, ofInitial: 'decided' }),
};
