import type { RowAddress, Value } from './body.js';
import type { Bundle, X64VectorCode } from './vector-code.js';

/** Vectors at the place of a walk, from a row on; of a part of a vector, `lanes` are those that count. */
export function loadElements(code: X64VectorCode, row: RowAddress, lanes: Value | undefined): Bundle {
  return code.each((i) => {
    const place = { row, step: 4, offset: i * code.set.bytes } as const;
    if (lanes === undefined) return code.body.value({ name: 'vmovups', sources: [], place });
    return code.set.isa === 'avx512'
      ? code.body.value({ name: 'vmovups', sources: [], place, mask: lanes, zeroing: true })
      : code.body.value({ name: 'vmaskmovps', sources: [lanes], place });
  });
}

/** Writes vectors at the place of a walk; of a part of a vector, nothing beyond its lanes. */
export function storeElements(code: X64VectorCode, row: RowAddress, values: Bundle, lanes: Value | undefined): void {
  values.forEach((value, i) => {
    const place = { row, step: 4, offset: i * code.set.bytes } as const;
    if (lanes === undefined) code.body.store({ name: 'vmovupsStore', sources: [value], place });
    else if (code.set.isa === 'avx512') code.body.store({ name: 'vmovupsStore', sources: [value], place, mask: lanes });
    else code.body.store({ name: 'vmaskmovpsStore', sources: [lanes, value], place });
  });
}
