import { graphemesOf } from '../../data/graphemes.js';
import { wordSegmentsOf } from '../../data/word-segments.js';
import type { Random } from '../../random.js';

export const textNoises = [
  'swapped letters',
  'dropped letters',
  'doubled letters',
  'neighbouring keys',
  'dropped words',
  'swapped words',
] as const;
/**
 * Slips of a writer: in a word one letter is swapped with the next, left out, typed twice or mistyped; a word is left
 * out or swapped with the next.
 */
export type TextNoise = (typeof textNoises)[number];

/**
 * A text with slips in a share of its words. Words are those of the platform (see `wordSegmentsOf`), letters what a
 * reader sees as one; signs and white space stay. At least one word is left.
 *
 * @param rate share of the words with a slip, from 0 to 1.
 */
export function withNoise(text: string, noise: TextNoise, rate: number, random: Random): string {
  const words = wordSegmentsOf(text).filter(({ isWordLike }) => isWordLike);
  const changed = words.map(({ start, end }) => text.slice(start, end));
  let numLeft = words.length;
  for (let i = 0; i < words.length; i++) {
    if (random.uniform() >= rate) continue;
    if (noise === 'dropped words') {
      if (numLeft === 1) continue;
      changed[i] = '';
      numLeft--;
    } else if (noise === 'swapped words') {
      if (i + 1 === words.length) continue;
      [changed[i], changed[i + 1]] = [changed[i + 1], changed[i]];
      // A swapped word does not move again.
      i++;
    } else changed[i] = withSlip(changed[i], noise, random);
  }
  let result = '';
  let at = 0;
  words.forEach(({ start, end }, i) => {
    result += text.slice(at, start) + changed[i];
    at = end;
  });
  return result + text.slice(at);
}

function withSlip(word: string, noise: Exclude<TextNoise, 'dropped words' | 'swapped words'>, random: Random): string {
  const letters = graphemesOf(word);
  switch (noise) {
    case 'swapped letters': {
      const places = letters.slice(1).flatMap((letter, i) => (letter === letters[i] ? [] : [i]));
      if (places.length === 0) return word;
      const i = places[random.integer(places.length)];
      [letters[i], letters[i + 1]] = [letters[i + 1], letters[i]];
      return letters.join('');
    }
    case 'dropped letters':
      if (letters.length > 1) letters.splice(random.integer(letters.length), 1);
      return letters.join('');
    case 'doubled letters': {
      const i = random.integer(letters.length);
      letters.splice(i, 0, letters[i]);
      return letters.join('');
    }
    case 'neighbouring keys': {
      const places = letters.flatMap((letter, i) => (neighboursOf(letter) === '' ? [] : [i]));
      if (places.length === 0) return word;
      const i = places[random.integer(places.length)];
      const near = neighboursOf(letters[i]);
      const typed = near[random.integer(near.length)];
      letters[i] = letters[i] === letters[i].toLowerCase() ? typed : typed.toUpperCase();
      return letters.join('');
    }
  }
}

/** Rows of a QWERTY keyboard; each row lies half a key to the right of the one above. */
const keyRows = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** The letters beside a letter's key; none for letters that the keyboard does not have. */
function neighboursOf(letter: string): string {
  const wanted = letter.toLowerCase();
  const row = keyRows.findIndex((keys) => keys.includes(wanted));
  if (row < 0 || wanted === '') return '';
  const column = keyRows[row].indexOf(wanted);
  const at = (r: number, c: number): string => keyRows[r]?.[c] ?? '';
  return [
    at(row, column - 1),
    at(row, column + 1),
    at(row - 1, column),
    at(row - 1, column + 1),
    at(row + 1, column - 1),
    at(row + 1, column),
  ].join('');
}
