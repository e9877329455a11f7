import { fnv1a } from '../../checksum.js';
import type { LabelledTexts } from '../../data/text-rows.js';
import { fingerprintOf } from '../fingerprint.js';

/** A 32-bit hash of texts and labels in their order, to know them again. */
export function textsFingerprint(...parts: readonly (LabelledTexts | undefined)[]): number {
  const hashes = parts.flatMap((part) =>
    part === undefined ? [0] : [part.texts.length, ...part.texts.map((text, i) => fnv1a(`${part.labels[i]}\n${text}`))],
  );
  return fingerprintOf(Int32Array.from(hashes));
}
