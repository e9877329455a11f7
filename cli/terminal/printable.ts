/**
 * What steers a terminal or reorders a line: control characters (C0, DEL, C1), line separators, and the signs that
 * embed, override or isolate a direction of writing. Marks of direction (U+200E, U+200F, U+061C) stay: texts from right
 * to left need them.
 */
const steering = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The colours of this program's own plots and tables. */
const ownColour = /(\x1b\[(?:0|3[0-7]|9[0-7]|[34]8;5;\d{1,3})m)/;

/**
 * A foreign text as one line that cannot steer the terminal: white space becomes spaces, control characters become
 * visible signs.
 */
export function printable(text: string): string {
  return visible(text.replace(/\s+/gu, ' '));
}

/** A foreign text within a line that is laid out: as {@link printable}, but each line end or tab becomes one space. */
export function oneLine(text: string): string {
  return visible(text.replace(/\r\n|[\n\r\t\u2028\u2029]/g, ' '));
}

/**
 * Lines of a report: line ends and tabs stay, and colours where this program colours; all else that steers becomes
 * visible.
 */
export function printableLines(text: string, colour = false): string {
  const safe = (part: string): string =>
    part
      .split(/([\n\t])/)
      .map((piece, i) => (i % 2 === 0 ? visible(piece) : piece))
      .join('');
  return colour
    ? text
        .split(ownColour)
        .map((part, i) => (i % 2 === 0 ? safe(part) : part))
        .join('')
    : safe(text);
}

/** The same JSON document without any character that steers: in JSON each has an escape. */
export function printableJson(document: string): string {
  return document.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** ESC as `␛`; what has no picture becomes the replacement character. */
function visible(text: string): string {
  return text.replace(steering, (sign) => {
    const code = sign.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}
