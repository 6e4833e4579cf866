/**
 * The functions of `node:crypto` that the native adapters of this package use, and no others. The
 * types of Node stay out of this package, so that the compiler refuses `process` or `Buffer` in it.
 */
declare module 'node:crypto' {
  interface DerKey {
    readonly key: Uint8Array;
    readonly format: 'der';
    readonly type: 'spki' | 'pkcs8';
  }
  export interface KeyObject {
    export(options: { readonly format: 'der'; readonly type: 'spki' }): Uint8Array;
  }
  export function createPublicKey(key: DerKey | KeyObject): KeyObject;
  export function createPrivateKey(key: DerKey): KeyObject;
  export function hash(algorithm: string, data: Uint8Array, encoding: 'latin1'): string;
  export function sign(algorithm: null, data: Uint8Array, key: KeyObject): Uint8Array;
  export function verify(
    algorithm: null,
    data: Uint8Array,
    key: KeyObject,
    signature: Uint8Array,
  ): boolean;
}
