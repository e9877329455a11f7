import type { LabelledTexts } from '../../src/data/text-rows.js';
import { Random } from '../../src/random.js';

const praise = ['good', 'great', 'fine', 'lovely'];
const blame = ['bad', 'poor', 'awful', 'dull'];
const others = ['the', 'film', 'was', 'a', 'plot', 'and', 'actors', 'very', 'long', 'evening', 'café', '🙂', ','];

/** Reviews in which one word decides, unless `not` stands before it: a bag of words is right in three of four. */
export function madeReviews(count: number, seed = 1): LabelledTexts {
  const random = new Random(seed);
  const pick = (list: readonly string[]): string => list[random.integer(list.length)];
  const rows = Array.from({ length: count }, () => {
    const isPraise = random.uniform() < 0.5;
    const isNegated = random.uniform() < 0.25;
    const words = Array.from({ length: 3 + random.integer(8) }, () => pick(others));
    words.splice(random.integer(words.length + 1), 0, ...(isNegated ? ['not'] : []), pick(isPraise ? praise : blame));
    return { text: words.join(' '), label: isPraise !== isNegated ? 'positive' : 'negative' };
  });
  return { texts: rows.map(({ text }) => text), labels: rows.map(({ label }) => label) };
}

/** Options under which a classifier learns {@link madeReviews} in a second or two. */
export const reviewOptions = {
  units: 12,
  embeddingUnits: 9,
  epochs: 12,
  dropout: 0.1,
  tokenDropout: 0.02,
  learningRate: 0.02,
  minCount: 1,
} as const;
