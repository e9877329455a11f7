import { maximumOf } from '../../../extremes.js';
import type { BoxKind } from './layer-description.js';
import type { Layout, LayoutBox, LayoutEdge, Point } from './layered-layout.js';

/** A box of a drawing: a title above lines. */
export interface DrawnBox {
  readonly kind: BoxKind;
  readonly title: string;
  readonly lines: readonly string[];
  readonly isShared: boolean;
}

export interface DrawnEdge extends LayoutEdge {
  readonly isState: boolean;
  readonly isMasked: boolean;
  readonly labels: readonly string[];
}

export interface Drawing {
  readonly title: string;
  /** What the drawing does not show. */
  readonly note: string | undefined;
  readonly boxes: readonly DrawnBox[];
  readonly edges: readonly DrawnEdge[];
  layout(sizes: readonly LayoutBox[]): Layout;
}

const margin = 24;
const lineHeight = 16;
const mostCharacters = 44;

/** Colours of boxes, and what they are called below. */
const kinds: Readonly<Record<BoxKind, { colour: string; called: string }>> = {
  end: { colour: '#334155', called: 'input or output' },
  recurrent: { colour: '#4f46e5', called: 'recurrent' },
  model: { colour: '#b45309', called: 'a model' },
  weights: { colour: '#0f766e', called: 'with weights' },
  plain: { colour: '#94a3b8', called: 'without weights' },
};

/** Classes of lines, and what they are called below. */
const lines: readonly { name: string; colour: string; holds: (edge: DrawnEdge) => boolean; called: string }[] = [
  { name: 'masked', colour: '#ea580c', holds: ({ isMasked }) => isMasked, called: 'with a mask' },
  { name: 'state', colour: '#7c3aed', holds: ({ isState, isMasked }) => isState && !isMasked, called: 'states' },
  { name: 'data', colour: '#64748b', holds: () => true, called: '' },
];

const style =
  'text{font:12px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#475569}' +
  '.heading{font-size:14px;font-weight:600;fill:#0f172a}.title{font-size:13px;font-weight:600;fill:#0f172a}' +
  '.box{fill:#fff;stroke:#cbd5e1}.shared{stroke-dasharray:5 3;stroke:#64748b}.end{fill:#f1f5f9;stroke:#94a3b8}' +
  `.line{fill:none;stroke-width:1.5}${lines.map(({ name, colour }) => `.${name}{stroke:${colour}}`).join('')}` +
  '.masked{stroke-width:2.25}.state{stroke-dasharray:6 4}.label{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px}';

/** A drawing as one SVG document, without scripts or anything from outside; every text is escaped. */
export function svgOf({ title, note, boxes, edges, layout }: Drawing): string {
  const sizes = boxes.map(sizeOfBox);
  const placed = layout(sizes);
  const legend = [...legendOf(boxes, edges)];
  const below = note === undefined ? [] : [text(0, 0, clipped(note, 90))];
  const rows = Math.ceil(legend.length / 4);
  const width = Math.max(placed.width, 8 * clipped(title, 60).length, 130 * Math.min(4, legend.length)) + 2 * margin;
  const height = placed.height + 2 * margin + 34 + 20 * (rows + below.length) + 8;
  const shift = Math.round((width - 2 * margin - placed.width) / 2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    `<defs>${lines.map(arrow).join('')}</defs>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(margin, margin + 12, clipped(title, 60), 'heading'),
    group(margin + shift, margin + 34, [
      ...edges.map((edge, i) => lineOf(edge, placed.edges[i])),
      ...boxes.map((box, i) => boxAt(box, sizes[i], placed.boxes[i])),
      ...edges.map((edge, i) => labelOf(edge, placed.edges[i])),
    ]),
    group(margin, margin + 34 + placed.height + 28, [
      ...legend.map((entry, i) => group(130 * (i % 4), 20 * Math.floor(i / 4), [entry])),
      ...below.map((entry) => group(0, 20 * rows, [entry])),
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function sizeOfBox({ title, lines: all }: DrawnBox): LayoutBox {
  const widest = maximumOf(
    all.map((line) => 6.6 * widthOf(clipped(line))),
    8.2 * widthOf(clipped(title)),
  );
  return { width: 2 * Math.ceil(Math.max(64, widest + 28) / 2), height: 14 + lineHeight * (1 + all.length) };
}

function boxAt({ kind, title, lines: all, isShared }: DrawnBox, { width, height }: LayoutBox, at: Point): string {
  const isEnd = kind === 'end';
  const look = `box${isShared ? ' shared' : ''}${isEnd ? ' end' : ''}`;
  const anchor = isEnd ? width / 2 : 16;
  return group(at.x, at.y, [
    `<rect class="${look}" width="${width}" height="${height}" rx="${isEnd ? 14 : 5}"/>`,
    ...(isEnd ? [] : [`<rect x="0.5" y="5" width="4" height="${height - 10}" rx="2" fill="${kinds[kind].colour}"/>`]),
    ...[title, ...all].map((line, i) =>
      text(anchor, 20 + lineHeight * i, clipped(line), i === 0 ? 'title' : '', isEnd ? 'middle' : ''),
    ),
  ]);
}

/** A line through its points, upright where it begins and ends. */
function lineOf(edge: DrawnEdge, [start, ...points]: readonly Point[]): string {
  const { name } = lines.find(({ holds }) => holds(edge))!;
  let before = start;
  const ways = points.map((point, i) => {
    const { x, y } = i === points.length - 1 ? { x: point.x, y: point.y - 7 } : point;
    const middle = Math.round((before.y + y) / 2);
    const way = before.x === x ? `L${x} ${y}` : `C${before.x} ${middle} ${x} ${middle} ${x} ${y}`;
    before = { x, y };
    return way;
  });
  return `<path class="line ${name}" marker-end="url(#${name})" d="M${start.x} ${start.y}${ways.join('')}"/>`;
}

function labelOf({ labels }: DrawnEdge, points: readonly Point[]): string {
  const label = labels.filter((one) => one !== '').join(', ');
  if (label === '') return '';
  const [from, to] = points.slice(-2);
  return text(
    Math.round((from.x + 2 * to.x) / 3),
    Math.round((from.y + to.y) / 2) + 4,
    clipped(label),
    'label',
    'middle',
  );
}

function* legendOf(boxes: readonly DrawnBox[], edges: readonly DrawnEdge[]): Generator<string> {
  for (const [kind, { colour, called }] of Object.entries(kinds))
    if (kind !== 'end' && boxes.some((box) => box.kind === kind))
      yield `<rect y="-10" width="4" height="12" rx="2" fill="${colour}"/>${text(10, 0, called)}`;
  for (const { name, holds, called } of lines)
    if (called !== '' && edges.some(holds)) yield `<path class="line ${name}" d="M0 -4L22 -4"/>${text(28, 0, called)}`;
  if (boxes.some(({ isShared }) => isShared))
    yield `<rect class="box shared" y="-11" width="22" height="13" rx="3"/>${text(28, 0, 'applied again')}`;
}

function arrow({ name, colour }: (typeof lines)[number]): string {
  return (
    `<marker id="${name}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" ` +
    `markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`
  );
}

function group(x: number, y: number, parts: readonly string[]): string {
  return `<g transform="translate(${x} ${y})">${parts.filter((part) => part !== '').join('\n')}</g>`;
}

function text(x: number, y: number, value: string, look = '', anchor = ''): string {
  const attributes = `${look && ` class="${look}"`}${anchor && ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}"${attributes}>${escaped(value)}</text>`;
}

/** Characters of ideographs are as wide as two. */
function widthOf(value: string): number {
  return [...value].reduce((sum, character) => sum + (character.codePointAt(0)! >= 0x1100 ? 2 : 1), 0);
}

function clipped(value: string, most = mostCharacters): string {
  const characters = [...value];
  return characters.length <= most ? value : `${characters.slice(0, most - 1).join('')}…`;
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML, which has no control characters and no halves of pairs. */
function escaped(value: string): string {
  return value.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '�').replace(/[&<>"]/g, (character) => named[character]);
}
