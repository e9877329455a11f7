/** What one in 20 of the normal distribution is further from its mean than. */
const normalQuantile = 1.96;

/**
 * Whether two shares of right answers to so many questions differ by no more than chance does (Agresti and Caffo 2000,
 * "Simple and effective confidence intervals": one right and one wrong answer are added to each).
 */
export function isWithinChance(a: number, b: number, numAnswers: number): boolean {
  const [p, q] = [a, b].map((share) => (share * numAnswers + 1) / (numAnswers + 2));
  return Math.abs(p - q) <= normalQuantile * Math.sqrt((p * (1 - p) + q * (1 - q)) / (numAnswers + 2));
}
