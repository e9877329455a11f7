/** Sparse rows: the same number of classes in each. */
export interface SparseRows {
  /** `[rows, k]`, the likeliest first. */
  readonly classes: Int32Array;
  /** `[rows, k]` */
  readonly probabilities: Float64Array;
}

/**
 * The k likeliest classes of each row of `[rows, classes]`, likeliest first; of equals the first ones.
 *
 * @param k at most as many as there are classes.
 */
export function likeliestClasses(all: ArrayLike<number>, numClasses: number, k: number): SparseRows {
  const rows = all.length / numClasses;
  const classes = new Int32Array(rows * k);
  const probabilities = new Float64Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * k, row * k + k];
    let numFound = 0;
    for (let own = 0; own < numClasses; own++) {
      const probability = all[row * numClasses + own];
      if (numFound === k && !(probability > probabilities[to - 1])) continue;
      let place = numFound === k ? to - 1 : from + numFound++;
      for (; place > from && probabilities[place - 1] < probability; place--) {
        probabilities[place] = probabilities[place - 1];
        classes[place] = classes[place - 1];
      }
      probabilities[place] = probability;
      classes[place] = own;
    }
  }
  return { classes, probabilities };
}
