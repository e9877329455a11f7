/** A matrix `[rows, columns]`, row by row, as `[columns, rows]`: a new array. */
export function transposed<Numbers extends Float64Array | Float32Array | Int8Array>(
  matrix: Numbers,
  rows: number,
  columns: number,
): Numbers {
  const result = matrix.slice() as Numbers;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j];
  return result;
}
