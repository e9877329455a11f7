import type { Explanation } from '../../src/index.js';
import { escapedHtml } from '../escaped-html.js';

/** Explanations as one page without scripts or outside resources; every text is escaped. */
export function explanationHtml(explanations: readonly Explanation[], labels: readonly string[]): string {
  const marked = (title: string, contribution: number, colour: string): string =>
    `<span title="${title}" style="background: ${backgroundOf(contribution)}">${colour}</span>`;
  const key =
    `${marked('for the class', 1, 'blue')} speaks for the class, ${marked('against the class', -1, 'orange')} against it; ` +
    "a word's number shows where the pointer rests.";
  return `<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Which words carried the decision</title>
<style>
body { font: 16px/1.7 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
article { border-top: 1px solid #ccc; padding: 1rem 0; }
p { white-space: pre-wrap; overflow-wrap: anywhere; }
span[title] { border-radius: 0.2em; padding: 0.1em 0; }
table { border-collapse: collapse; font-size: 0.9em; }
td { padding: 0 0.8em 0 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>Which words carried the decision</h1>
<p>${key}</p>
${explanations.map((explanation) => articleOf(explanation, labels)).join('\n')}
</body>
</html>
`;
}

function articleOf(explanation: Explanation, labels: readonly string[]): string {
  const { label, probabilities, explained, explainedProbability, baseline, method, remainder } = explanation;
  const rows = [...labels.keys()]
    .sort((a, b) => probabilities[b] - probabilities[a])
    .slice(0, 8)
    .map((k) => `<tr><td>${escapedHtml(labels[k])}</td><td class="number">${probabilities[k].toFixed(3)}</td></tr>`);
  const sum =
    `${baseline.toFixed(3)} without words, contributions ${(explainedProbability - baseline - remainder).toFixed(3)}, ` +
    `in all ${explainedProbability.toFixed(3)}`;
  return `<article>
<h2>${escapedHtml(label)}</h2>
<p>${markedText(explanation)}</p>
<table>${rows.join('')}</table>
<p>${escapedHtml(explained)}: ${sum} (${method === 'occlusion' ? 'occlusion' : 'integrated gradients'}).</p>
</article>`;
}

function markedText({ text, tokens }: Explanation): string {
  const largest = tokens.reduce((most, { contribution }) => Math.max(most, Math.abs(contribution)), 1e-9);
  let marked = '';
  let at = 0;
  for (const { start, end, contribution, isKnown } of tokens) {
    const title = `${contribution.toFixed(4)}${isKnown ? '' : ', not in the vocabulary'}`;
    marked +=
      `${escapedHtml(text.slice(at, start))}<span title="${title}" style="background: ` +
      `${backgroundOf(contribution / largest)}">${escapedHtml(text.slice(start, end))}</span>`;
    at = end;
  }
  return marked + escapedHtml(text.slice(at));
}

function backgroundOf(strength: number): string {
  return `rgba(${strength > 0 ? '30, 110, 255' : '255, 130, 20'}, ${(0.7 * Math.abs(strength)).toFixed(3)})`;
}
