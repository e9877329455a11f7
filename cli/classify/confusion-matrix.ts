import type { Style } from '../style.js';
import { clipToWidth, padEndToWidth, padStartToWidth, widestOf } from '../terminal/display-width.js';
import { printable } from '../terminal/printable.js';

const shades = { unicode: [' ', '░', '▒', '▓', '█'], ascii: [' ', '.', ':', '+', '#'] };
const widestLabel = 12;

/**
 * Numbers of texts by true class (rows) and predicted class (columns). The shade beside a number, or its background
 * where there is colour, grows with its share of the row. Where there is little room, names above columns are cut
 * shorter, as long as that leaves them different; where it does not fit even so, the most frequent confusions are
 * listed instead.
 */
export function confusionMatrix(
  labels: readonly string[],
  confusion: readonly (readonly number[])[],
  { width, colour, ascii }: Style,
): string {
  const names = labels.map((label) => clipToWidth(printable(label), widestLabel));
  const widestName = widestOf(names);
  const largestCount = confusion.flat().reduce((most, count) => Math.max(most, count), 0);
  const numberWidth = String(largestCount).length;
  const nameWidth = Math.max(widestName, 'true'.length);
  const room = Math.floor((width - nameWidth - 1) / labels.length);
  const cellWidth = Math.min(Math.max(numberWidth, widestName) + 2, room);
  const heads = names.map((name) => clipToWidth(name, Math.max(0, cellWidth - 2)));
  if (numberWidth + 2 > room || new Set(heads).size < new Set(names).size) return frequentConfusions(labels, confusion);
  const header =
    `${' '.repeat(nameWidth + 1)}${heads.map((head) => `${padStartToWidth(head, cellWidth - 1)} `).join('')}`.trimEnd();
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, predicted) => {
      const share = total === 0 ? 0 : count / total;
      const number = String(count).padStart(cellWidth - 1);
      if (colour)
        return (
          `\x1b[48;5;${backgroundOf(share, truth === predicted)}m${share > 0.6 ? '\x1b[38;5;15m' : ''}${number} ` +
          '\x1b[0m'
        );
      const scale = ascii ? shades.ascii : shades.unicode;
      return number + (count === 0 ? scale[0] : scale[Math.min(4, 1 + Math.floor(share * 4))]);
    });
    return `${padEndToWidth(names[truth], nameWidth)} ${cells.join('')}`.trimEnd();
  });
  return ['confusion: true class by row, predicted by column', header, ...rows].join('\n');
}

/** Steps of a blue for right decisions and of an orange for wrong ones (256 colours). */
function backgroundOf(share: number, isRight: boolean): number {
  const steps = isRight ? [255, 153, 111, 69, 27] : [255, 223, 216, 209, 202];
  return share === 0 ? 255 : steps[Math.min(4, 1 + Math.floor(share * 4))];
}

function frequentConfusions(labels: readonly string[], confusion: readonly (readonly number[])[]): string {
  const all = confusion.flatMap((row, truth) =>
    row.flatMap((count, predicted) => (truth !== predicted && count > 0 ? [{ truth, predicted, count }] : [])),
  );
  const most = all.sort((a, b) => b.count - a.count).slice(0, 20);
  const lines = most.map(
    ({ truth, predicted, count }) =>
      `${String(count).padStart(6)}  ${printable(labels[truth])} taken for ${printable(labels[predicted])}`,
  );
  return [
    `most frequent confusions, of ${all.length} kinds (the matrix of ${labels.length} classes does not fit)`,
    ...lines,
  ].join('\n');
}
