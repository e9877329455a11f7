const signs = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const [filling] = new TextEncoder().encode('=');

/** Bytes that become one text; a multiple of 3. */
const pieceBytes = 3 * 2 ** 18;

/** Bytes as base64 (RFC 4648), on any host. */
export function base64(bytes: Uint8Array): string {
  const ascii = new TextDecoder();
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes)
    pieces.push(ascii.decode(encoded(bytes.subarray(start, start + pieceBytes))));
  return pieces.join('');
}

function encoded(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(4 * Math.ceil(bytes.length / 3)).fill(filling);
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const left = bytes.length - from;
    const bits = (bytes[from] << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    text[to] = signs[bits >> 18];
    text[to + 1] = signs[(bits >> 12) & 63];
    if (left > 1) text[to + 2] = signs[(bits >> 6) & 63];
    if (left > 2) text[to + 3] = signs[bits & 63];
  }
  return text;
}
