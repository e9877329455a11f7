/** Why a kernel is not machine code here although others are: WebAssembly computes in its place. */
export class KernelRefusal extends Error {}
