import {
  type Func,
  type FunctionBuilder,
  f32,
  i32,
  type Local,
  type ModuleBuilder,
  shuffle,
  type Value,
  v128,
} from './assembler.js';

/**
 * Packing copies a range of a matrix into a panel `[k][width]`, so that the tile kernels read it front to back.
 * Parameters of every packer: k, the range's address, the bytes from one of its rows to the next, the panel's address.
 */
export type PackFunc = Func<readonly ['i32', 'i32', 'i32', 'i32'], undefined>;

/** The range is stored `[k, width]`. */
export function writeCopyPacker(module: ModuleBuilder, width: number): PackFunc {
  return module.func(`pack_copy_${width}`, { params: ['i32', 'i32', 'i32', 'i32'] }, (f, k, source, stride, out) => {
    f.loop((again) => {
      for (let first = 0; first < width; first += 4) {
        const count = Math.min(4, width - first);
        storeLanes(f, out, f.let(loadLanes(source, count, 4 * first)), count, 4 * first);
      }
      f.set(source, i32.add(source, stride));
      f.set(out, i32.add(out, 4 * width));
      f.set(k, i32.sub(k, 1));
      f.brIf(again, k);
    });
  });
}

/**
 * The range is stored `[k, panels * width]` and becomes several panels, one behind the other, so that whole cache lines
 * are read.
 */
export function writeStripPacker(module: ModuleBuilder, width: number, panels: number): PackFunc {
  return module.func(
    `pack_strip_${panels}x${width}`,
    { params: ['i32', 'i32', 'i32', 'i32'] },
    (f, k, source, stride, out) => {
      const outs = [f.let(out)];
      const panelBytes = f.let(i32.mul(k, 4 * width));
      while (outs.length < panels) outs.push(f.let(i32.add(outs[outs.length - 1], panelBytes)));
      f.loop((again) => {
        outs.forEach((panel, i) => {
          for (let first = 0; first < width; first += 4)
            f.storeV128(panel, v128.load(source, 4 * (i * width + first)), 4 * first);
        });
        f.set(source, i32.add(source, stride));
        for (const panel of outs) f.set(panel, i32.add(panel, 4 * width));
        f.set(k, i32.sub(k, 1));
        f.brIf(again, k);
      });
    },
  );
}

/** The range is stored `[width, k]`: up to four rows at a time are read along k and transposed in registers. */
export function writeTransposePacker(module: ModuleBuilder, width: number): PackFunc {
  return module.func(
    `pack_transpose_${width}`,
    { params: ['i32', 'i32', 'i32', 'i32'] },
    (f, k, source, stride, out) => {
      for (let first = 0; first < width; first += 4) {
        transposeRows(f, { k, source, stride, out }, Math.min(4, width - first), 4 * first, 4 * width);
        if (first + 4 < width) f.set(source, i32.add(source, i32.mul(stride, 4)));
      }
    },
  );
}

interface Range {
  k: Local<'i32'>;
  source: Local<'i32'>;
  stride: Local<'i32'>;
  out: Local<'i32'>;
}

function transposeRows(f: FunctionBuilder, range: Range, count: number, outOffset: number, outStride: number): void {
  const rows: Local<'i32'>[] = [f.let(range.source)];
  for (let row = 1; row < count; row++) rows.push(f.let(i32.add(rows[row - 1], range.stride)));
  const out = f.let(range.out);
  const stepStride = (steps: number): void => {
    for (const row of rows) f.set(row, i32.add(row, 4 * steps));
    f.set(out, i32.add(out, steps * outStride));
  };
  const turns = f.let(i32.shr_u(range.k, 2));
  f.if(turns, () =>
    f.loop((again) => {
      const vectors = transpose(
        f,
        rows.map((row) => f.let(v128.load(row))),
      );
      vectors.forEach((vector, step) => storeLanes(f, out, vector, count, outOffset + step * outStride));
      stepStride(4);
      f.set(turns, i32.sub(turns, 1));
      f.brIf(again, turns);
    }),
  );
  const rest = f.let(i32.and(range.k, 3));
  f.while(rest, () => {
    rows.forEach((row, i) => f.storeF32(out, f32.load(row), outOffset + 4 * i));
    stepStride(1);
    f.set(rest, i32.sub(rest, 1));
  });
}

/** The four columns of one to four rows; lanes beyond the rows hold anything. */
export function transpose(f: FunctionBuilder, rows: readonly Local<'v128'>[]): Local<'v128'>[] {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => rows[Math.min(i, rows.length - 1)]);
  const interleave = (x: Local<'v128'>, y: Local<'v128'>): [low: Local<'v128'>, high: Local<'v128'>] => [
    f.let(shuffle(x, y, [0, 4, 1, 5])),
    f.let(shuffle(x, y, [2, 6, 3, 7])),
  ];
  const [abLow, abHigh] = interleave(a, b);
  if (rows.length <= 2)
    return [abLow, f.let(shuffle(abLow, abLow, [2, 3, 2, 3])), abHigh, f.let(shuffle(abHigh, abHigh, [2, 3, 2, 3]))];
  const [cdLow, cdHigh] = interleave(c, d);
  return [
    f.let(shuffle(abLow, cdLow, [0, 1, 4, 5])),
    f.let(shuffle(abLow, cdLow, [2, 3, 6, 7])),
    f.let(shuffle(abHigh, cdHigh, [0, 1, 4, 5])),
    f.let(shuffle(abHigh, cdHigh, [2, 3, 6, 7])),
  ];
}

/** Reads one to four numbers and nothing behind them. */
function loadLanes(address: Local<'i32'>, count: number, offset: number): Value<'v128'> {
  if (count === 4) return v128.load(address, offset);
  if (count === 3) return v128.load32_lane(address, v128.load64_zero(address, offset), 2, offset + 8);
  return count === 2 ? v128.load64_zero(address, offset) : v128.load32_zero(address, offset);
}

/** Writes the first one to four lanes. */
function storeLanes(
  f: FunctionBuilder,
  address: Local<'i32'>,
  vector: Local<'v128'>,
  count: number,
  offset: number,
): void {
  if (count === 4) f.storeV128(address, vector, offset);
  if (count === 2 || count === 3) f.storePair(address, vector, 0, offset);
  if (count === 3) f.storeLane(address, vector, 2, offset + 8);
  if (count === 1) f.storeLane(address, vector, 0, offset);
}

/** (k, count of columns, source, bytes from k to k + 1, bytes from column to column, panel) */
export type PackEdgeFunc = Func<readonly ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], undefined>;

/**
 * Packs the last columns of b, fewer than `width`, and zeros behind them: what lay there might be subnormal, which is
 * slow.
 */
export function writeEdgePacker(module: ModuleBuilder, width: number): PackEdgeFunc {
  return module.func(
    `pack_edge_${width}`,
    { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (f, k, count, source, strideK, strideColumn, out) => {
      f.fillMemory(out, 0, i32.mul(k, 4 * width));
      const from = f.local('i32');
      const to = f.local('i32');
      const column = f.local('i32');
      f.for(column, 0, count, 1, () => {
        f.set(from, i32.add(source, i32.mul(column, strideColumn)));
        f.set(to, i32.add(out, i32.shl(column, 2)));
        const steps = f.let(k);
        f.loop((again) => {
          f.storeF32(to, f32.load(from));
          f.set(from, i32.add(from, strideK));
          f.set(to, i32.add(to, 4 * width));
          f.set(steps, i32.sub(steps, 1));
          f.brIf(again, steps);
        });
      });
    },
  );
}
