/** The functions of `sodium-native` that this package uses, and no others; it ships no types. */
declare module 'sodium-native' {
  interface Sodium {
    crypto_sign_verify_detached(
      signature: Uint8Array,
      message: Uint8Array,
      publicKey: Uint8Array,
    ): boolean;
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
    crypto_core_ed25519_is_valid_point(point: Uint8Array): boolean;
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  }
  const sodium: Sodium;
  // biome-ignore lint/style/noDefaultExport: the package is CommonJS, its value is the default.
  export default sodium;
}
