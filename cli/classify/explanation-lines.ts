import type { Explanation, TokenContribution } from '../../src/index.js';
import type { Style } from '../style.js';
import { printable } from '../terminal/printable.js';

/** Words listed beside the text. */
const numListed = 6;

/**
 * An explanation for the terminal: the decision, the text with its words on a background that grows with their
 * contribution (blue for the class, orange against it; without colour the strongest words are marked with it), and the
 * strongest words by number.
 */
export function explanationLines(explanation: Explanation, style: Style): string[] {
  const { label, probability, explained, explainedProbability, baseline, tokens, method, remainder } = explanation;
  const strongest = [...tokens].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, numListed);
  const listed = (wanted: (value: number) => boolean): string =>
    strongest
      .filter(({ contribution }) => wanted(contribution))
      .map((token) => `${printable(token.token)} ${signed(token.contribution)}`)
      .join(', ');
  const [against, support] = [listed((value) => value < 0), listed((value) => value > 0)];
  return [
    `${printable(label)} ${probability.toFixed(3)}` +
      (explained === label ? '' : `; explained: ${printable(explained)} ${explainedProbability.toFixed(3)}`),
    markedText(explanation, strongest, style),
    ...(support === '' ? [] : [`  for ${printable(explained)}: ${support}`]),
    ...(against === '' ? [] : [`  against it: ${against}`]),
    `  ${baseline.toFixed(3)} without ${method === 'occlusion' ? 'any word' : 'words (vectors of zeros)'}, ` +
      `contributions ${signed(explainedProbability - baseline - remainder)}` +
      `${method === 'occlusion' ? ` and ${signed(remainder)} of words together` : ''}, in all ` +
      explainedProbability.toFixed(3),
  ];
}

function markedText({ text, tokens }: Explanation, strongest: readonly TokenContribution[], { colour }: Style): string {
  const largest = tokens.reduce((most, { contribution }) => Math.max(most, Math.abs(contribution)), 1e-9);
  let marked = '';
  let at = 0;
  for (const token of tokens) {
    marked += printable(text.slice(at, token.start));
    const word = printable(text.slice(token.start, token.end));
    if (colour) marked += withBackground(word, token.contribution / largest);
    else
      marked +=
        strongest.includes(token) && token.contribution !== 0 ? `[${word} ${signed(token.contribution)}]` : word;
    at = token.end;
  }
  return marked + printable(text.slice(at));
}

/** Steps of the 256 colours: blue for, orange against. */
function withBackground(word: string, strength: number): string {
  const steps = strength > 0 ? [0, 153, 111, 69] : [0, 223, 216, 209];
  const step = Math.min(3, Math.floor(Math.abs(strength) * 4));
  return step === 0 ? word : `\x1b[48;5;${steps[step]}m\x1b[38;5;16m${word}\x1b[0m`;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}
