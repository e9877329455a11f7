/** An encoding as messages call it, as the program iconv does, and as `decodeText` does. */
export interface Encoding {
  readonly title: string;
  readonly iconv: string;
  readonly name: string;
}

/** Encodings whose characters often end in a byte that is ASCII by itself. */
const twoByteEncodings: readonly (Encoding & { looksLike(bytes: Uint8Array): boolean })[] = [
  {
    title: 'Shift-JIS (Japanese)',
    iconv: 'CP932',
    name: 'shift_jis',
    // Punctuation and kana, which begin with 0x81 to 0x83, are a good part of any Japanese text and of no other.
    looksLike: (bytes) => {
      const { pairs, typical, alone } = readPairs(
        bytes,
        (lead) => (lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc),
        (trail) => trail >= 0x40 && trail !== 0x7f && trail <= 0xfc,
        (lead) => lead <= 0x83,
      );
      return pairs >= 4 && typical > 0.25 * pairs && alone < 0.1 * pairs;
    },
  },
  {
    title: 'Big5 (Chinese)',
    iconv: 'BIG5',
    name: 'big5',
    // The 5400 frequent characters begin with 0xA4 to 0xC6, punctuation with 0xA1; letters with accents lie above them.
    looksLike: (bytes) => {
      const { pairs, typical, low, alone } = readPairs(
        bytes,
        (lead) => lead >= 0xa1 && lead <= 0xf9,
        (trail) => (trail >= 0x40 && trail <= 0x7e) || trail >= 0xa1,
        (lead) => lead === 0xa1 || (lead >= 0xa4 && lead <= 0xc6),
      );
      return pairs >= 4 && typical > 0.85 * pairs && low > 0.1 * pairs && alone < 0.02 * pairs;
    },
  },
];

/** One-byte encodings of Cyrillic, each with its bytes of o, a, e, i, n and t, half of the letters of any such text. */
const cyrillicEncodings: readonly (Encoding & { readonly frequent: readonly number[] })[] = [
  {
    title: 'Windows-1251 (Cyrillic), a one-byte encoding',
    iconv: 'WINDOWS-1251',
    name: 'windows-1251',
    frequent: [0xee, 0xe0, 0xe5, 0xe8, 0xed, 0xf2],
  },
  {
    title: 'KOI8-R (Cyrillic), a one-byte encoding',
    iconv: 'KOI8-R',
    name: 'koi8-r',
    frequent: [0xcf, 0xc1, 0xc5, 0xc9, 0xce, 0xd4],
  },
];

/** The Cyrillic encoding of bytes whose letters are mostly beyond ASCII; undefined where none is likely. */
function cyrillicEncoding(bytes: Uint8Array): Encoding | undefined {
  let [high, letters] = [0, 0];
  const counts = new Uint32Array(256);
  for (const byte of bytes) {
    counts[byte]++;
    if (byte >= 0x80) high++;
    else if ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a) letters++;
  }
  return cyrillicEncodings.find(
    ({ frequent }) => high > letters && frequent.reduce((sum, byte) => sum + counts[byte], 0) > 0.3 * high,
  );
}

/**
 * The bytes read as two-byte characters: how many there are, how many are typical or end in ASCII, and what is none.
 */
function readPairs(
  bytes: Uint8Array,
  isLead: (byte: number) => boolean,
  isTrail: (byte: number) => boolean,
  isTypical: (lead: number) => boolean,
): { pairs: number; typical: number; low: number; alone: number } {
  let [pairs, typical, low, alone] = [0, 0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] < 0x80) continue;
    if (!isLead(bytes[i]) || i + 1 >= bytes.length || !isTrail(bytes[i + 1])) alone++;
    else {
      pairs++;
      if (isTypical(bytes[i])) typical++;
      if (bytes[i + 1] < 0x80) low++;
      i++;
    }
  }
  return { pairs, typical, low, alone };
}

/** A guess from the first 64 KiB; undefined when the bytes look like no text. */
export function probableEncoding(bytes: Uint8Array): Encoding | undefined {
  const head = bytes.subarray(0, 65536);
  const zeros = [0, 0];
  let control = 0;
  for (let i = 0; i < head.length; i++) {
    if (head[i] === 0) zeros[i & 1]++;
    else if (head[i] < 9 || (head[i] > 13 && head[i] < 32)) control++;
  }
  const half = head.length / 2;
  if ((head[0] === 0xff && head[1] === 0xfe) || (zeros[1] > half * 0.3 && zeros[0] < half * 0.05)) {
    return { title: 'UTF-16 (little endian)', iconv: 'UTF-16LE', name: 'utf-16le' };
  }
  if ((head[0] === 0xfe && head[1] === 0xff) || (zeros[0] > half * 0.3 && zeros[1] < half * 0.05)) {
    return { title: 'UTF-16 (big endian)', iconv: 'UTF-16BE', name: 'utf-16be' };
  }
  if (zeros[0] + zeros[1] > 0 || control > head.length * 0.01) return undefined;
  const cyrillic = cyrillicEncoding(head);
  if (cyrillic !== undefined) return cyrillic;
  if (looksLikeGb18030(head)) return { title: 'GB18030 or GBK (Chinese)', iconv: 'GB18030', name: 'gb18030' };
  return (
    twoByteEncodings.find(({ looksLike }) => looksLike(head)) ?? {
      title: 'a one-byte encoding such as Windows-1252 (Western European)',
      iconv: 'WINDOWS-1252',
      name: 'windows-1252',
    }
  );
}

/** Chinese text in GB 2312 is runs of byte pairs, both at or above 0xA1; accented Latin letters stand alone. */
function looksLikeGb18030(bytes: Uint8Array): boolean {
  let inPairs = 0;
  let alone = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] < 0x80) continue;
    let end = i;
    while (end < bytes.length && bytes[end] >= 0xa1) end++;
    const run = end - i;
    if (run >= 2 && run % 2 === 0) inPairs += run;
    else alone += Math.max(run, 1);
    i = Math.max(end - 1, i);
  }
  return inPairs >= 4 && inPairs > alone * 4;
}
