import { escapedHtml } from '../escaped-html.js';
import { shownToken } from './attention-map.js';
import type { TranslatedText } from './predict-translations.js';

/** What translations attend to, as one page without scripts or outside resources; every text is escaped. */
export function attentionHtml(translated: readonly TranslatedText[]): string {
  return `<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What translations attend to</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
article { border-top: 1px solid #ccc; padding: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85em; }
th { font-weight: normal; text-align: right; padding: 0 0.5em; white-space: nowrap; }
thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: 0.5em 0; }
td { width: 1.6em; height: 1.6em; border: 1px solid #eee; }
</style>
</head>
<body>
<h1>What translations attend to</h1>
<p>Each row is a token that was written, each column a token that was read: the darker, the larger its share, which
shows where the pointer rests.</p>
${translated.map(articleOf).join('\n')}
</body>
</html>
`;
}

function articleOf({ text, translations: [best] }: TranslatedText): string {
  const { tokens, attention } = best;
  const columns = tokens.source.map((token) => `<th>${escapedHtml(shownToken(token))}</th>`).join('');
  const rows = [...tokens.target, '</s>'].slice(0, attention.length).map((token, t) => {
    const cells = Array.from(
      attention[t],
      (share) => `<td title="${share.toFixed(3)}" style="background: rgba(30, 110, 255, ${share.toFixed(3)})"></td>`,
    );
    return `<tr><th>${escapedHtml(shownToken(token))}</th>${cells.join('')}</tr>`;
  });
  return `<article>
<p>${escapedHtml(text)}</p>
<p><strong>${escapedHtml(best.text)}</strong></p>
<table><thead><tr><th></th>${columns}</tr></thead><tbody>${rows.join('')}</tbody></table>
</article>`;
}
