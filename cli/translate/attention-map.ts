import type { Translation } from '../../src/index.js';
import { displayWidth, padEndToWidth } from '../terminal/display-width.js';
import { printable } from '../terminal/printable.js';

const shades = { unicode: ' ░▒▓█', ascii: ' .:*#' } as const;

/**
 * What each token of a translation attends to, as lines for a terminal: one row a token of the target, one column a
 * token of the source, the darker the more.
 */
export function attentionMap({ tokens, attention }: Translation, { ascii = false } = {}): string[] {
  const signs = shades[ascii ? 'ascii' : 'unicode'];
  const source = tokens.source.map(shownToken);
  const rows = [...tokens.target.map(shownToken), '</s>'].slice(0, attention.length);
  const margin = rows.reduce((most, token) => Math.max(most, displayWidth(token)), 0) + 1;
  const widths = source.map((token) => Math.max(2, displayWidth(token)) + 1);
  const header = source.map((token, i) => padEndToWidth(token, widths[i])).join('');
  return [
    `${' '.repeat(margin)}${header}`.trimEnd(),
    ...rows.map((token, t) => {
      const cells = widths.map((width, s) => {
        const shade = signs[Math.min(signs.length - 1, Math.round(attention[t][s] * (signs.length - 1)))];
        return `${shade.repeat(width - 1)} `;
      });
      return `${padEndToWidth(token, margin)}${cells.join('')}`.trimEnd();
    }),
  ];
}

/** A token whose spaces can be seen. */
export function shownToken(token: string): string {
  return printable(token.replace(/ /g, '_'));
}
