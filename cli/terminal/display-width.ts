/** Characters that take two columns of a terminal: East Asian wide forms and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const empty = /[\p{M}\p{Cc}\p{Cf}]/u;

function widthOf(character: string): number {
  if (empty.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Columns that a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Columns that the widest of some texts takes. */
export function widestOf(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, displayWidth(text)), 0);
}

/** The start of a text that fits into so many columns. */
export function clipToWidth(text: string, columns: number): string {
  let width = 0;
  let clipped = '';
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    clipped += character;
  }
  return clipped;
}

/** A text filled with spaces at its end to so many columns. */
export function padEndToWidth(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/** A text filled with spaces at its start to so many columns. */
export function padStartToWidth(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text;
}
