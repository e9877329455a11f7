import type { DiagnosisFacts } from './report.js';

export interface Advice { readonly text: string }
export function adviceOn(_facts: DiagnosisFacts): Advice[] { return []; }
