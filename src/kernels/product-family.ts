/** The kernels that products are made of. */
export type ProductKernel = 'product' | 'product_packed' | 'pack_all' | 'few_rows' | 'dot_rows';

/** What a family of kernels asks of the calls: how products are cut and which kernel takes which. */
export interface ProductFamily {
  /** Rows and columns of a tile. */
  readonly rows: number;
  readonly columns: number;
  /** How many rows of a batch are best computed together along time. */
  readonly rowsOfShard: number;
  /** Products are cut between so many columns; a multiple of `columns`. */
  readonly stripColumns: number;
  /** Block sizes. */
  readonly mostBlockM: number;
  readonly mostBlockN: number;
  readonly mostBlockK: number;
  /** Up to so many row tiles a b stored `[k, n]` is read where it is. */
  readonly mostDirectTiles: number;
  /** Up to so many rows `few_rows` takes a b stored `[k, n]`. */
  readonly mostFewRows: number;
  /** From so many rows on, products of a few steps would rather have b packed. */
  readonly fewestRowsPacked: number;
  /** Up to so many rows `dot_rows` takes a b stored `[n, k]`. */
  mostDotRows(k: number): number;
  /** How the kernels read a: 0, row after row; other numbers as they define them. */
  wayOfA(transposeA: boolean, strideA: number, n: number): number;
}
