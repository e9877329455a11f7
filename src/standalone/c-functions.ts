/**
 * The functions that code in C99 may call, each with those that it calls itself; `@` stands before names of the header. All is in
 * single precision.
 */
export const cFunctions: Readonly<Record<string, { readonly lines: string; readonly calls?: readonly string[] }>> = {
  sigmoid: {
    lines: `static inline float @sigmoid(float x) {
  float e = expf(-fabsf(x));
  return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}`,
  },
  relu: {
    lines: `static inline float @relu(float x) {
  return x <= 0.0f ? 0.0f : x;
}`,
  },
  softplus: {
    lines: `static inline float @softplus(float x) {
  return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)));
}`,
  },
  sign: {
    lines: `static inline float @sign(float x) {
  return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}`,
  },
  larger: {
    lines: `static inline float @larger(float x, float y) {
  return x > y || x != x ? x : y;
}`,
  },
  smaller: {
    lines: `static inline float @smaller(float x, float y) {
  return x < y || x != x ? x : y;
}`,
  },
  product: {
    lines: `/* c [m, n] = a [m, k] b [k, n], or added to c; elements of a lie a_row and a_step apart, rows of b and c b_row and c_row. */
static inline void @product(float *@RESTRICT c, int32_t c_row, const float *@RESTRICT a, int32_t a_row, int32_t a_step,
                            const float *@RESTRICT b, int32_t b_row, int32_t m, int32_t n, int32_t k, int32_t add) {
  int32_t i, j, l;
  for (i = 0; i < m; i++) {
    float *to = c + i * c_row;
    if (!add)
      for (j = 0; j < n; j++) to[j] = 0.0f;
    for (l = 0; l < k; l++) {
      float x = a[i * a_row + l * a_step];
      const float *row = b + l * b_row;
      for (j = 0; j < n; j++) to[j] += x * row[j];
    }
  }
}`,
  },
  productByRows: {
    lines: `/* c [m, n] = a [m, k] b^T with b [n, k], or added to c. */
static inline void @productByRows(float *@RESTRICT c, int32_t c_row, const float *@RESTRICT a, int32_t a_row, int32_t a_step,
                                  const float *@RESTRICT b, int32_t b_row, int32_t m, int32_t n, int32_t k, int32_t add) {
  int32_t i, j, l;
  for (i = 0; i < m; i++) {
    for (j = 0; j < n; j++) {
      float s = 0.0f;
      for (l = 0; l < k; l++) s += a[i * a_row + l * a_step] * b[j * b_row + l];
      c[i * c_row + j] = add ? c[i * c_row + j] + s : s;
    }
  }
}`,
  },
  quantizedProduct: {
    lines: `/* c [m, n] = a [m, k] times columns of a matrix of 8 bits, stored by columns; rows of a are rounded to 7 bits first. */
static inline void @quantizedProduct(float *c, int32_t c_row, const float *a, int32_t a_row, const signed char *values,
                                     const float *scales, int32_t k, int32_t first_column, int32_t m, int32_t n, int32_t add) {
  short rounded[@MOST_INPUTS];
  int32_t i, j, l;
  for (i = 0; i < m; i++) {
    const float *from = a + i * a_row;
    float low = 0.0f, high = 0.0f, range, inverse, scale, zero;
    for (l = 0; l < k; l++) {
      if (from[l] < low) low = from[l];
      if (from[l] > high) high = from[l];
    }
    range = high - low;
    inverse = range > 0.0f ? 127.0f / range : 0.0f;
    scale = range / 127.0f;
    zero = rintf(-(low * inverse));
    for (l = 0; l < k; l++) {
      float q = rintf(from[l] * inverse) + zero;
      q = q < 0.0f ? 0.0f : q > 127.0f ? 127.0f : q;
      rounded[l] = (short)(q - zero);
    }
    for (j = 0; j < n; j++) {
      const signed char *column = values + (first_column + j) * k;
      int32_t s = 0;
      float value;
      for (l = 0; l < k; l++) s += rounded[l] * column[l];
      value = (float)s * scale * scales[first_column + j];
      c[i * c_row + j] = add ? c[i * c_row + j] + value : value;
    }
  }
}`,
  },
  copy: {
    lines: `static inline void @copy(float *to, const float *from, int32_t n) {
  int32_t i;
  for (i = 0; i < n; i++) to[i] = from[i];
}`,
  },
  fill: {
    lines: `static inline void @fill(float *to, int32_t n, float value) {
  int32_t i;
  for (i = 0; i < n; i++) to[i] = value;
}`,
  },
  gatherRows: {
    calls: ['copy'],
    lines: `/* Rows first, first + step, ... of the source. */
static inline void @gatherRows(float *to, const float *from, int32_t count, int32_t first, int32_t step, int32_t n) {
  int32_t i;
  for (i = 0; i < count; i++) @copy(to + i * n, from + (first + i * step) * n, n);
}`,
  },
  gatherWindows: {
    calls: ['copy', 'fill'],
    lines: `/* Windows of rows, the first at first, each step further; zeros beyond the ends. */
static inline void @gatherWindows(float *to, const float *from, int32_t count, int32_t first, int32_t step, int32_t width,
                                  int32_t inner_step, int32_t limit, int32_t n) {
  int32_t i, j;
  for (i = 0; i < count; i++) {
    for (j = 0; j < width; j++) {
      int32_t row = first + i * step + j * inner_step;
      if (row >= 0 && row < limit) @copy(to + (i * width + j) * n, from + row * n, n);
      else @fill(to + (i * width + j) * n, n, 0.0f);
    }
  }
}`,
  },
  gatherListed: {
    calls: ['copy', 'fill'],
    lines: `/* Rows by number; zeros where that is negative. */
static inline void @gatherListed(float *to, const float *from, const int32_t *indices, int32_t count, int32_t n) {
  int32_t i;
  for (i = 0; i < count; i++) {
    if (indices[i] >= 0) @copy(to + i * n, from + indices[i] * n, n);
    else @fill(to + i * n, n, 0.0f);
  }
}`,
  },
  lookUp: {
    calls: ['copy', 'fill'],
    lines: `/* Rows of a table by indices; zeros where there is no such row. */
static inline void @lookUp(float *to, const float *from, const int32_t *indices, int32_t count, int32_t n, int32_t num_rows) {
  int32_t i;
  for (i = 0; i < count; i++) {
    if (indices[i] >= 0 && indices[i] < num_rows) @copy(to + i * n, from + indices[i] * n, n);
    else @fill(to + i * n, n, 0.0f);
  }
}`,
  },
};
