import { leaf } from '../expression/build.js';
import { pointwiseProgram } from '../expression/program.js';
import type { Backend, View } from './contract.js';

const conversion = pointwiseProgram('convert', [{ name: 'y', expression: leaf('x') }]);

/** Copies elements, from the type of one buffer into that of another. */
export function convert(backend: Backend, size: number, source: View, target: View): void {
  if (size === 0) return;
  const [x, y] = [source, target].map((view) => ({ ...view, rowStride: size }));
  backend.pointwise({ program: conversion, rows: 1, columns: size, inputs: { x }, outputs: { y } });
}
