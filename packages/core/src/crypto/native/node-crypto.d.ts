/**
 * The one function of `node:crypto` that the native adapter of this package uses. The types of Node
 * stay out of this package, so that the compiler refuses `process` or `Buffer` in it.
 */
declare module 'node:crypto' {
  export function hash(algorithm: string, data: Uint8Array, encoding: 'latin1'): string;
}
