import type { TokenCodec } from '../../data/tokens/token-codec.js';
import type { WordVectors } from '../../io/word-vectors/word-vectors.js';
import type { TaskTeacher } from '../task-teacher.js';
import type { LanguageModel } from './language-model.js';

/** What a language model learns from, where it is more than a text. */
export interface LanguageModelData {
  /** Several texts are several documents. */
  readonly train: string | readonly string[];
  /** Chooses the best epoch; by default the end of `train` does, which is then not learned from. */
  readonly validation?: string | undefined;
  /** What the embedding starts from; for words and characters. */
  readonly vectors?: WordVectors | undefined;
  /** Cuts the text into tokens in the place of one made from it, such as that of `loadTokenizer`. */
  readonly codec?: TokenCodec | undefined;
  /** An earlier model: training begins with its weights, tokens and shape. */
  readonly initial?: LanguageModel | undefined;
  /**
   * A larger model that is learned from besides the text; its tokens, cell and layers are taken, and half its units
   * where nothing else is said. Its temperature is 1 by default.
   */
  readonly teacher?: TaskTeacher<LanguageModel> | undefined;
  /** Texts that a teacher wrote, see `sequenceLevelText`: they take the place of what is learned from `train`. */
  readonly written?: WrittenTexts | undefined;
}

/** Texts to learn from of which nothing is held out. */
export interface WrittenTexts {
  /** As tokens of the teacher, among which are those that stand for unknown ones. */
  readonly texts: readonly Int32Array[];
  /** Whether `train` is learned from too. */
  readonly keepText: boolean;
}
