import { Random } from 'rondo';

const ones = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** A number from 0 to 9999 in words: 417 is `four hundred and seventeen`. */
export function inWords(number: number): string {
  if (number < 20) return ones[number];
  if (number < 100) return tens[Math.floor(number / 10)] + (number % 10 === 0 ? '' : `-${ones[number % 10]}`);
  const [size, name] = number < 1000 ? [100, 'hundred'] : [1000, 'thousand'];
  const rest = number % size;
  const head = `${inWords(Math.floor(number / size))} ${name}`;
  if (rest === 0) return head;
  return `${head}${rest < 100 ? ' and' : ''} ${inWords(rest)}`;
}

/** What a model learns from, and the numbers it never sees. */
export interface SpelledNumbers {
  /** Lines such as `417 four hundred and seventeen`. */
  readonly text: string;
  readonly heldOut: readonly number[];
}

/**
 * A text of numbers and their words: a language small enough to learn in a minute, with rules to find and exceptions to
 * remember. Every number below `limit` comes once in each of `repeats` random orders, except those held out.
 */
export function spelledNumbers({ limit = 1000, heldOutShare = 0.1, repeats = 8, seed = 0 } = {}): SpelledNumbers {
  const random = new Random(seed, 'spelled numbers');
  const numbers = random.shuffle(Array.from({ length: limit }, (_, number) => number));
  const numHeldOut = Math.round(limit * heldOutShare);
  const heldOut = numbers.slice(0, numHeldOut).sort((a, b) => a - b);
  const seen = numbers.slice(numHeldOut);
  const lines: string[] = [];
  for (let i = 0; i < repeats; i++)
    for (const number of random.shuffle([...seen])) lines.push(`${number} ${inWords(number)}`);
  return { text: `${lines.join('\n')}\n`, heldOut };
}
