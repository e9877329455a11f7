import type { PretrainedVectors } from './pretrained-vectors.js';

/** How many of the first words of a file a model knows by default although training does not show them. */
export const defaultVectorWords = 20_000;

/**
 * Vectors by the form in which a task writes words, such as lower case: that of the form itself, else of the first word
 * with this form, else of the form in lower case, else by n-grams.
 */
export class FormVectors {
  /** The first word of each form. */
  readonly #spellings = new Map<string, string>();

  readonly #vectors: PretrainedVectors;
  readonly #formOf: (word: string) => string;

  constructor(vectors: PretrainedVectors, formOf: (word: string) => string = (word) => word) {
    this.#vectors = vectors;
    this.#formOf = formOf;
    for (const word of vectors.keys()) {
      const form = formOf(word);
      if (!this.#spellings.has(form)) this.#spellings.set(form, word);
    }
  }

  /** Whether {@link find} finds a vector. */
  has(form: string): boolean {
    return this.#wordOf(form) !== undefined || this.#vectors.get(form) !== undefined;
  }

  /** The vector of a form, and whether it is of a word or by n-grams. */
  find(form: string): { readonly vector: ArrayLike<number>; readonly source: 'found' | 'subwords' } | undefined {
    const word = this.#wordOf(form);
    const vector = this.#vectors.get(word ?? form);
    return vector && { vector, source: word === undefined ? 'subwords' : 'found' };
  }

  /** The forms of the first `count` words. */
  firstForms(count: number): Set<string> {
    const forms = new Set<string>();
    let taken = 0;
    for (const word of this.#vectors.keys()) {
      if (taken++ >= count) break;
      forms.add(this.#formOf(word));
    }
    return forms;
  }

  #wordOf(form: string): string | undefined {
    if (this.#vectors.has(form)) return form;
    const lower = form.toLowerCase();
    return this.#spellings.get(form) ?? (this.#vectors.has(lower) ? lower : undefined);
  }
}
