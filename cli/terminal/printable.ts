/** A text of a user as one line that cannot steer the terminal: line ends and tabs become spaces, control characters go. */
export function printable(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/\p{Cc}/gu, '');
}
