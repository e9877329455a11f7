/** A decoder that throws a TypeError for bytes that are not in an encoding, a label of the Encoding Standard. */
export function strictDecoder(encoding: string, ignoreBOM = false): InstanceType<typeof TextDecoder> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM });
  // Node 20 reads windows-1252 as Latin-1, without curly quotes and the euro sign, until it has read a part of a text.
  decoder.decode(new Uint8Array(0), { stream: true });
  return decoder;
}

const utf8 = strictDecoder('utf-8', true);

/** The text of UTF-8 bytes, with a byte order mark where there is one; undefined where they are none. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
