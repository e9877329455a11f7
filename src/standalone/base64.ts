const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes as base64 (RFC 4648), on any host. */
export function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    parts.push(
      signs[bits >> 18],
      signs[(bits >> 12) & 63],
      i + 1 < bytes.length ? signs[(bits >> 6) & 63] : '=',
      i + 2 < bytes.length ? signs[bits & 63] : '=',
    );
  }
  return parts.join('');
}
