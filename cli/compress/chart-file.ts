import { escapedHtml } from '../escaped-html.js';
import { requireNewFile } from '../output-paths.js';
import { ticksBetween } from '../terminal/plot-ticks.js';
import { fileSize, shortNumber } from '../text-table.js';
import { WrongUsage } from '../wrong-usage.js';
import type { ShownForm } from './choose-form.js';
import type { TaskQuality } from './quality.js';

const pages = /\.html?$/i;

/** @throws WrongUsage for a name of another kind, and where there is nothing to draw; FILE_ACCESS */
export async function requireChart(
  where: string,
  path: string,
  { force, isMeasured }: { readonly force: boolean; readonly isMeasured: boolean },
): Promise<void> {
  if (!pages.test(path) && !/\.svg$/i.test(path))
    throw new WrongUsage({
      where,
      what: '--chart names no kind of drawing.',
      expected: 'a name that ends in .svg or .html',
      received: path,
      fix: 'write for example --chart forms.svg.',
    });
  if (!isMeasured)
    throw new WrongUsage({
      where,
      what: '--chart shows quality, which is not measured without data.',
      expected: '--data FILE or --fine-tune FILE',
      fix: 'give data that training has not seen, or leave --chart out.',
    });
  await requireNewFile(where, '--chart', path, force);
}

/** The drawing that belongs into a file of this name. */
export function chartOf(path: string, model: string, shown: readonly ShownForm[], quality: TaskQuality): string {
  const title = `${model}: ${quality.about} by size`;
  const svg = paretoSvg(title, shown, quality);
  return pages.test(path) ? pageOf(title, svg, shown, quality) : `${svg}\n`;
}

const size = { width: 760, height: 460, left: 84, right: 30, top: 52, bottom: 58 };

/** Quality over file size as SVG: a dot a form with its name, and the best of each size joined by steps. */
export function paretoSvg(title: string, shown: readonly ShownForm[], { about, better }: TaskQuality): string {
  const drawn = shown.filter(({ quality }) => Number.isFinite(quality)) as (ShownForm & { quality: number })[];
  const x = scaleOf(
    drawn.map(({ sizeBytes }) => sizeBytes),
    [size.left, size.width - size.right],
  );
  const y = scaleOf(
    drawn.map(({ quality }) => quality),
    [size.height - size.bottom, size.top],
  );
  const across = x.ticks.map(
    ({ at, value }) =>
      `<path class="grid" d="M${at} ${size.top}V${size.height - size.bottom}"/>` +
      `<text x="${at}" y="${size.height - size.bottom + 20}" text-anchor="middle">${fileSize(value)}</text>`,
  );
  const down = y.ticks.map(
    ({ at, label }) =>
      `<path class="grid" d="M${size.left} ${at}H${size.width - size.right}"/>` +
      `<text x="${size.left - 8}" y="${at + 4}" text-anchor="end">${label}</text>`,
  );
  const front = drawn.filter(({ isOnFront }) => isOnFront).sort((a, b) => a.sizeBytes - b.sizeBytes);
  const steps = front.map(({ sizeBytes, quality }, i) =>
    i === 0 ? `M${x.at(sizeBytes)} ${y.at(quality)}` : `H${x.at(sizeBytes)}V${y.at(quality)}`,
  );
  const placed: LabelPlace[] = [];
  // Names of the best come first, where they have most room.
  const inTurn = [...drawn].sort((a, b) => Number(b.isOnFront) - Number(a.isOnFront) || a.sizeBytes - b.sizeBytes);
  const dots = inTurn.map((form) => {
    const [left, top] = [x.at(form.sizeBytes), y.at(form.quality)];
    const kind = form.isChosen ? 'chosen' : form.isOnFront ? 'front' : 'other';
    const label = labelPlace({ left, top, length: form.name.length }, placed);
    placed.push(label);
    const about = `${form.name}: ${fileSize(form.sizeBytes)}, ${shortNumber(form.quality)}`;
    return (
      `<g><title>${escapedHtml(about)}</title><circle class="${kind}" cx="${left}" cy="${top}" r="${form.isChosen ? 7 : 5}"/>` +
      `<text class="${kind}" x="${label.left}" y="${label.top}">${escapedHtml(form.name)}</text></g>`
    );
  });
  const note = `${about}, ${better} is better; the line joins the best of each size, orange is written`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img"
 font-family="system-ui, sans-serif" font-size="12">
<title>${escapedHtml(title)}</title>
<style>
.grid { stroke: #ddd; fill: none; } .steps { stroke: #1e6eff; stroke-width: 1.5; fill: none; }
circle.front { fill: #1e6eff; } circle.chosen { fill: #ff8214; } circle.other { fill: #bbb; } text.other { fill: #777; font-size: 10px; }
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${size.left}" y="24" font-size="15">${escapedHtml(title)}</text>
<text x="${size.left}" y="42" fill="#555">${escapedHtml(note)}</text>
${[...across, ...down].join('\n')}
<path class="steps" d="${steps.join('')}"/>
${dots.join('\n')}
</svg>`;
}

interface LabelPlace {
  readonly left: number;
  readonly top: number;
  readonly length: number;
}

/** Of a letter and a line of 12 pixels, about. */
const letter = { width: 6.2, height: 13 };

/** Beside the dot where it fits into the drawing, and above or below where other names stand. */
function labelPlace({ left, top, length }: LabelPlace, others: readonly LabelPlace[]): LabelPlace {
  const width = length * letter.width;
  const start = left + 10 + width > size.width ? left - 10 - width : left + 10;
  const isTaken = (height: number): boolean =>
    others.some(
      (other) =>
        Math.abs(other.top - height) < letter.height &&
        start < other.left + other.length * letter.width &&
        other.left < start + width,
    );
  const heights = Array.from({ length: 12 }, (_, i) => top - 6 + letter.height * (i % 2 === 0 ? -i / 2 : (i + 1) / 2));
  const isInside = (height: number): boolean => height > size.top && height < size.height - size.bottom;
  const free = heights.find((height) => isInside(height) && !isTaken(height)) ?? top - 6;
  return { left: Number(start.toFixed(1)), top: Number(free.toFixed(1)), length };
}

interface Scale {
  at(value: number): number;
  readonly ticks: readonly { readonly at: number; readonly value: number; readonly label: string }[];
}

/** A linear axis with some room at both ends. */
function scaleOf(values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  const room = 0.06 * (most - least || Math.abs(most) || 1);
  const [low, high] = [least - room, most + room];
  const at = (value: number): number => Number((from + ((value - low) / (high - low)) * (to - from)).toFixed(1));
  return { at, ticks: ticksBetween(low, high, 6).map(({ value, label }) => ({ at: at(value), value, label })) };
}

function pageOf(title: string, svg: string, shown: readonly ShownForm[], { about }: TaskQuality): string {
  const rows = shown.map(
    ({ name, sizeBytes, quality, isOnFront, isChosen }) =>
      `<tr><td>${escapedHtml(name)}${isChosen ? ' (written)' : ''}</td><td>${fileSize(sizeBytes)}</td>` +
      `<td>${shortNumber(quality)}</td><td>${isOnFront ? '*' : ''}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapedHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 55rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; font-size: 0.9em; }
th, td { padding: 0 0.8em 0 0; text-align: left; }
</style>
</head>
<body>
${svg}
<table><thead><tr><th>form</th><th>file</th><th>${escapedHtml(about)}</th><th>best of its size</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>
</body>
</html>
`;
}
