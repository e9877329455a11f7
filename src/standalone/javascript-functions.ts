/**
 * The functions that code in JavaScript may call, each with those that it calls itself. Numbers are in double precision while they
 * are computed, and of single precision in arrays.
 */
export const javascriptFunctions: Readonly<
  Record<string, { readonly lines: string; readonly calls?: readonly string[] }>
> = {
  sigmoid: {
    lines: `function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}`,
  },
  relu: {
    lines: `function relu(x) {
  return x <= 0 ? 0 : x;
}`,
  },
  softplus: {
    lines: `function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}`,
  },
  nearest: {
    lines: `// The nearest whole number, ties to even.
function nearest(x) {
  const size = Math.abs(x);
  if (!(size < 4503599627370496)) return x;
  const whole = size + 4503599627370496 - 4503599627370496;
  return x < 0 ? -whole : whole;
}`,
  },
  erf: {
    lines: `// The error function (Abramowitz and Stegun 1964, 7.1.5 and 7.1.14).
function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)));
}`,
  },
  product: {
    lines: `// c [m, n] = a [m, k] b [k, n], or added to c; elements of a lie aRow and aStep apart, rows of b and c bRow and cRow.
function product(c, cAt, cRow, a, aAt, aRow, aStep, b, bAt, bRow, m, n, k, add) {
  for (let i = 0; i < m; i++) {
    const from = aAt + i * aRow;
    const to = cAt + i * cRow;
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let l = 0, p = from, q = bAt + j; l < k; l++, p += aStep, q += bRow) {
        const x = a[p];
        s0 += x * b[q];
        s1 += x * b[q + 1];
        s2 += x * b[q + 2];
        s3 += x * b[q + 3];
      }
      c[to + j] = add ? c[to + j] + s0 : s0;
      c[to + j + 1] = add ? c[to + j + 1] + s1 : s1;
      c[to + j + 2] = add ? c[to + j + 2] + s2 : s2;
      c[to + j + 3] = add ? c[to + j + 3] + s3 : s3;
    }
    for (; j < n; j++) {
      let s = 0;
      for (let l = 0, p = from, q = bAt + j; l < k; l++, p += aStep, q += bRow) s += a[p] * b[q];
      c[to + j] = add ? c[to + j] + s : s;
    }
  }
}`,
  },
  productByRows: {
    lines: `// c [m, n] = a [m, k] b^T with b [n, k], or added to c.
function productByRows(c, cAt, cRow, a, aAt, aRow, aStep, b, bAt, bRow, m, n, k, add) {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let l = 0, p = aAt + i * aRow, q = bAt + j * bRow; l < k; l++, p += aStep, q++) s += a[p] * b[q];
      const to = cAt + i * cRow + j;
      c[to] = add ? c[to] + s : s;
    }
  }
}`,
  },
  quantizedProduct: {
    calls: ['nearest'],
    lines: `// c [m, n] = a [m, k] times columns of a matrix of 8 bits; rows of a are rounded to 7 bits first.
function quantizedProduct(c, cAt, cRow, a, aAt, aRow, values, scales, k, firstColumn, m, n, add) {
  const round = Math.fround;
  const rounded = new Int32Array(k);
  for (let i = 0; i < m; i++) {
    let low = 0;
    let high = 0;
    for (let l = 0; l < k; l++) {
      low = Math.min(low, a[aAt + i * aRow + l]);
      high = Math.max(high, a[aAt + i * aRow + l]);
    }
    const range = round(high - low);
    const inverse = range > 0 ? round(127 / range) : 0;
    const scale = round(range / 127);
    const zero = nearest(-round(low * inverse));
    for (let l = 0; l < k; l++) {
      const q = nearest(round(a[aAt + i * aRow + l] * inverse)) + zero;
      rounded[l] = Math.min(127, Math.max(0, q)) - zero;
    }
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let l = 0, q = (firstColumn + j) * k; l < k; l++, q++) s += rounded[l] * values[q];
      const to = cAt + i * cRow + j;
      const value = s * scale * scales[firstColumn + j];
      c[to] = add ? c[to] + value : value;
    }
  }
}`,
  },
  copy: {
    lines: `function copy(to, toAt, from, fromAt, n) {
  for (let i = 0; i < n; i++) to[toAt + i] = from[fromAt + i];
}`,
  },
  fill: {
    lines: `function fill(to, toAt, n, value) {
  for (let i = 0; i < n; i++) to[toAt + i] = value;
}`,
  },
  gatherRows: {
    calls: ['copy'],
    lines: `// Rows first, first + step, ... of the source.
function gatherRows(to, toAt, from, fromAt, count, first, step, n) {
  for (let i = 0; i < count; i++) copy(to, toAt + i * n, from, fromAt + (first + i * step) * n, n);
}`,
  },
  gatherWindows: {
    calls: ['copy', 'fill'],
    lines: `// Windows of rows, the first at first, each step further; zeros beyond the ends.
function gatherWindows(to, toAt, from, fromAt, count, first, step, width, innerStep, limit, n) {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) {
      const row = first + i * step + j * innerStep;
      const at = toAt + (i * width + j) * n;
      if (row >= 0 && row < limit) copy(to, at, from, fromAt + row * n, n);
      else fill(to, at, n, 0);
    }
  }
}`,
  },
  gatherListed: {
    calls: ['copy', 'fill'],
    lines: `// Rows by number; zeros where that is negative.
function gatherListed(to, toAt, from, fromAt, indices, count, n) {
  for (let i = 0; i < count; i++) {
    if (indices[i] >= 0) copy(to, toAt + i * n, from, fromAt + indices[i] * n, n);
    else fill(to, toAt + i * n, n, 0);
  }
}`,
  },
  lookUp: {
    calls: ['copy', 'fill'],
    lines: `// Rows of a table by indices; zeros where there is no such row.
function lookUp(to, toAt, from, fromAt, indices, indicesAt, count, n, numRows) {
  for (let i = 0; i < count; i++) {
    const row = indices[indicesAt + i];
    if (row >= 0 && row < numRows) copy(to, toAt + i * n, from, fromAt + row * n, n);
    else fill(to, toAt + i * n, n, 0);
  }
}`,
  },
};
