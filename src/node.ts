/** What needs Node: files. Everything else is in `rondo`. */
export { fileAccessError, readBytes, readText, writeFileAtomically } from './io/files.js';
