const known = new WeakMap<Uint8Array, ReadonlyMap<string, string>>();

/** Members that are looked at, and characters of a name or a value. */
const mostMembers = 1000;
const longestText = 100;

/**
 * The members of a JSON object in bytes by name, with their values where these are short texts: enough for formats to recognise their
 * files, in one look and without parsing. Empty for what is no object; what is damaged is found by readers.
 */
export function jsonMembers(bytes: Uint8Array): ReadonlyMap<string, string> {
  let members = known.get(bytes);
  if (members === undefined) known.set(bytes, (members = membersOf(bytes)));
  return members;
}

function membersOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  const start = bytes.subarray(0, 64).findIndex((byte) => ![0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf].includes(byte));
  if (start < 0 || bytes[start] !== 0x7b) return members;
  const latin = new TextDecoder('latin1');
  let depth = 0;
  /** The last text of the first level, and the name whose value comes. */
  let [text, name]: (string | undefined)[] = [];
  for (let at = start; at < bytes.length && members.size < mostMembers; at++) {
    const byte = bytes[at];
    if (byte === 0x22) {
      const end = endOfText(bytes, at);
      if (depth === 1 && end - at <= longestText) {
        text = latin.decode(bytes.subarray(at + 1, end));
        if (name !== undefined) members.set(name, text);
      }
      at = end;
    } else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (depth === 1 && byte === 0x2c) text = name = undefined;
    else if (depth === 1 && byte === 0x3a && text !== undefined) members.set((name = text), '');
  }
  return members;
}

function endOfText(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0x22, start + 1); at >= 0; at = bytes.indexOf(0x22, at + 1)) {
    let escapes = 0;
    while (bytes[at - 1 - escapes] === 0x5c) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return bytes.length;
}
