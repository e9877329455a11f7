/** Numbers with a shape, row-major; what the readers of this folder hand to the layers. */
export interface NumericArray<T extends Float32Array | Int32Array = Float32Array | Int32Array> {
  data: T;
  shape: number[];
}
