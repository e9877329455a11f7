/** How far from certain a count of 0 is: the choice among these is made on the validation texts. */
const smoothings = [1, 0.1, 0.01] as const;

/** A text for {@link NaiveBayes}: its tokens. */
type Tokens = readonly string[];

/**
 * Multinomial naive Bayes over the n-grams that a text holds, each counted once: what counting alone reaches, beside a
 * classifier that reads in order. Wang and Manning 2012, "Baselines and bigrams", section 2.1.
 *
 * ```
 * log P(class | text) = log P(class) + sum over n-grams of log((count(n-gram, class) + a) / (total(class) + a V)) + constant
 * ```
 */
export class NaiveBayes {
  readonly #counts = new Map<string, Map<number, number>>();
  readonly #numTexts: Float64Array;
  readonly #totals: Float64Array;
  #smoothing: number = smoothings[0];

  readonly #longest: number;
  readonly #numClasses: number;

  /** @param longest tokens of the longest n-grams. @param classes of each text, below `numClasses`. */
  constructor(longest: number, numClasses: number, texts: readonly Tokens[], classes: ArrayLike<number>) {
    this.#longest = longest;
    this.#numClasses = numClasses;
    this.#numTexts = new Float64Array(numClasses);
    this.#totals = new Float64Array(numClasses);
    texts.forEach((tokens, i) => {
      const label = classes[i];
      this.#numTexts[label]++;
      for (const gram of this.#gramsOf(tokens)) {
        const own = this.#counts.get(gram) ?? new Map<number, number>();
        own.set(label, (own.get(label) ?? 0) + 1);
        this.#counts.set(gram, own);
        this.#totals[label]++;
      }
    });
  }

  /** Chooses the smoothing that is right most often. */
  tune(texts: readonly Tokens[], classes: ArrayLike<number>): this {
    let best = -1;
    let chosen: number = this.#smoothing;
    for (const smoothing of smoothings) {
      this.#smoothing = smoothing;
      const numRight = this.numRight(texts, classes);
      if (numRight <= best) continue;
      best = numRight;
      chosen = smoothing;
    }
    this.#smoothing = chosen;
    return this;
  }

  /** The likeliest class. N-grams that training did not show say nothing. */
  predict(tokens: Tokens): number {
    const numClasses = this.#numClasses;
    const smoothing = this.#smoothing;
    const scores = new Float64Array(numClasses);
    let numKnown = 0;
    for (const gram of this.#gramsOf(tokens)) {
      const own = this.#counts.get(gram);
      if (own === undefined) continue;
      numKnown++;
      for (const [label, count] of own) scores[label] += Math.log((count + smoothing) / smoothing);
    }
    let best = 0;
    for (let k = 0; k < numClasses; k++) {
      scores[k] +=
        Math.log(this.#numTexts[k]) +
        numKnown * Math.log(smoothing / (this.#totals[k] + smoothing * this.#counts.size));
      if (scores[k] > scores[best]) best = k;
    }
    return best;
  }

  numRight(texts: readonly Tokens[], classes: ArrayLike<number>): number {
    return texts.reduce((sum, tokens, i) => sum + (this.predict(tokens) === classes[i] ? 1 : 0), 0);
  }

  #gramsOf(tokens: Tokens): Set<string> {
    const grams = new Set<string>();
    // The ends of a text are tokens of their own.
    const whole = ['', ...tokens, ''];
    for (let start = 0; start < whole.length; start++) {
      let gram = whole[start];
      if (gram !== '') grams.add(gram);
      for (let end = start + 1; end < Math.min(start + this.#longest, whole.length); end++)
        grams.add((gram += `\n${whole[end]}`));
    }
    return grams;
  }
}
