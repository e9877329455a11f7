import { conformOnMachineCode } from '../support/conform-on-machine-code.js';

await conformOnMachineCode('avx512');
