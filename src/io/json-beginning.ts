/**
 * The text of bytes that may be a JSON object, without parsing it, so that formats can look for their keys; undefined for others. What is
 * no UTF-8 is replaced: readers say so.
 */
export function jsonText(bytes: Uint8Array): string | undefined {
  const start = bytes.subarray(0, 64).findIndex((byte) => ![0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf].includes(byte));
  return start >= 0 && bytes[start] === 0x7b ? new TextDecoder().decode(bytes) : undefined;
}
