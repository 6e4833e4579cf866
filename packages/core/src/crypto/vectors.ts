/**
 * Known answers that every implementation in use is held to, in the tests and at each start of a
 * node: a new Node or OpenSSL with another opinion must not decide about blocks. Bytes are hex.
 * Facts from RFC 8032 §7.1, FIPS 180-4, RFC 3720, RFC 8949, the Certificate Transparency test tree,
 * and ed25519-speccheck ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko, 2020).
 */

export interface HashVector {
  readonly name: string;
  readonly message: string;
  readonly digest: string;
}

export interface SigningVector {
  readonly name: string;
  readonly secretKey: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

export interface SignatureVector {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  /** What `verifyStrict` must answer. */
  readonly isValid: boolean;
}

export interface CborVector {
  readonly name: string;
  readonly bytes: string;
  /** Whether `decodeCanonical` must accept the bytes, which then re-encode to themselves. */
  readonly isCanonical: boolean;
}

/** SHA-256. */
export const HASH_VECTORS: readonly HashVector[] = [
  {
    name: 'nothing',
    message: '',
    digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  },
  {
    name: 'one block',
    message: '616263',
    digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  {
    name: 'two blocks',
    message:
      '6162636462636465636465666465666765666768666768696768696a68696a6b' +
      '696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071',
    digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
];

/** RFC 8032 §7.1, tests 1 to 3. */
export const SIGNING_VECTORS: readonly SigningVector[] = [
  {
    name: 'RFC 8032 test 1',
    secretKey: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555' +
      'fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'RFC 8032 test 2',
    secretKey: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0' +
      '85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'RFC 8032 test 3',
    secretKey: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1' +
      '8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

/** The twelve cases of ed25519-speccheck in their order, then our own edge cases. */
export const SIGNATURE_VECTORS: readonly SignatureVector[] = [
  {
    name: 'speccheck 0: small-order A and R, S = 0',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    message: '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a' +
      '0000000000000000000000000000000000000000000000000000000000000000',
    isValid: false,
  },
  {
    name: 'speccheck 1: small-order A',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    signature:
      'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isValid: false,
  },
  {
    name: 'speccheck 2: small-order R',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    message: 'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa' +
      '8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
    isValid: false,
  },
  {
    name: 'speccheck 3: mixed order, the equation holds without cofactor',
    publicKey: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    message: '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    signature:
      '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f' +
      '87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
    isValid: true,
  },
  {
    name: 'speccheck 4: mixed order, the equation needs the cofactor',
    publicKey: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    message: 'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    signature:
      '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512' +
      '5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
    isValid: false,
  },
  {
    name: 'speccheck 5: the cofactor multiplied after reduction',
    publicKey: 'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    message: 'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    signature:
      '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7' +
      'e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
    isValid: false,
  },
  {
    name: 'speccheck 6: S > L',
    publicKey: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    signature:
      'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e' +
      '547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
    isValid: false,
  },
  {
    name: 'speccheck 7: S far above L',
    publicKey: '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    message: '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    signature:
      '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942' +
      '7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
    isValid: false,
  },
  {
    name: 'speccheck 8: non-canonical R, hashed as given',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    message: '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    signature:
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      '03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f',
    isValid: false,
  },
  {
    name: 'speccheck 9: non-canonical R, hashed in canonical form',
    publicKey: 'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    message: '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    signature:
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' +
      'ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908',
    isValid: false,
  },
  {
    name: 'speccheck 10: non-canonical small-order A, hashed in canonical form',
    publicKey: 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    message: 'e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b',
    signature:
      'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isValid: false,
  },
  {
    name: 'speccheck 11: non-canonical small-order A, hashed as given',
    publicKey: 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    message: '39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f',
    signature:
      'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc' +
      'a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
    isValid: false,
  },
  {
    // R = rB + T for a point T of order eight: noble accepts it in both of its modes.
    name: 'torsion in R only',
    publicKey: 'fe16aecea88ead260a16230fce3537c587e2e8905bf6cc3fa338644282e51e2e',
    message:
      '61207369676e61747572652077686f7365205220686173206120746f7273696f6e20636f6d706f6e656e74',
    signature:
      '7f2902f980d3b16e4fa3682a019b703ba01198d35520e9a87321db0540762cbb' +
      'de2b25aa6283bbb16988afc4ad824ec8df92f2acfc1b4166d8ed76dfdefd5803',
    isValid: false,
  },
  {
    name: 'RFC 8032 test 2 with S + L',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      'f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10',
    isValid: false,
  },
  {
    name: 'a key that is no point of the curve',
    publicKey: '0200000000000000000000000000000000000000000000000000000000000000',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0' +
      '85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    isValid: false,
  },
];

/**
 * All encodings of the eight small-order points: the canonical eight, then the six others that a
 * lenient decoder takes for one of them. As A and as R, with S = 0, they make the 196 combinations
 * of which a cofactored verifier accepts every one.
 */
export const SMALL_ORDER_ENCODINGS: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/** A key with a torsion component: it verifies signatures, but must never be registered. */
export const MIXED_ORDER_KEY = '270aba087ebbcc2f31970b03336f9b59b7d579ac7b47ca5c252840fd279bf1fa';

/** Canonical CBOR, and what only looks like it. */
export const CBOR_VECTORS: readonly CborVector[] = [
  { name: 'zero', bytes: '00', isCanonical: true },
  { name: '24 in two bytes', bytes: '1818', isCanonical: true },
  { name: 'a million', bytes: '1a000f4240', isCanonical: true },
  { name: '2^53-1', bytes: '1b001fffffffffffff', isCanonical: true },
  { name: '2^64-1', bytes: '1bffffffffffffffff', isCanonical: true },
  { name: '-2^64', bytes: '3bffffffffffffffff', isCanonical: true },
  { name: 'null, false and true', bytes: '83f6f4f5', isCanonical: true },
  { name: 'bytes', bytes: '4401020304', isCanonical: true },
  { name: 'text outside the basic plane', bytes: '64f0908591', isCanonical: true },
  { name: 'a byte order mark as text', bytes: '63efbbbf', isCanonical: true },
  { name: 'sorted keys, shorter first', bytes: 'a3616101616202626161f6', isCanonical: true },
  { name: 'the key __proto__', bytes: 'a1695f5f70726f746f5f5f01', isCanonical: true },
  { name: 'text composed', bytes: '63c3a961', isCanonical: true },
  { name: 'text decomposed', bytes: '6365cc81', isCanonical: false },
  { name: 'text with a compatibility singleton', bytes: '63e284ab', isCanonical: false },
  { name: 'combining marks out of order', bytes: '6561cc81cca3', isCanonical: false },
  { name: 'a lone surrogate', bytes: '63eda080', isCanonical: false },
  { name: 'text cut within a character', bytes: '62e282', isCanonical: false },
  { name: 'text cut so that a replacement fits', bytes: '63f09f98', isCanonical: false },
  { name: 'overlong UTF-8', bytes: '62c080', isCanonical: false },
  { name: '23 in two bytes', bytes: '1817', isCanonical: false },
  { name: '255 in three bytes', bytes: '1900ff', isCanonical: false },
  { name: 'a small integer in nine bytes', bytes: '1b0000000000000001', isCanonical: false },
  { name: '-1 in two bytes', bytes: '3800', isCanonical: false },
  { name: 'a long head for a short text', bytes: '780161', isCanonical: false },
  { name: 'a long head for short bytes', bytes: '580101', isCanonical: false },
  { name: 'a long head for a short array', bytes: '980100', isCanonical: false },
  { name: 'a long head for a short map', bytes: 'b801616100', isCanonical: false },
  { name: 'keys unsorted', bytes: 'a2616201616102', isCanonical: false },
  { name: 'a longer key first', bytes: 'a262616101616202', isCanonical: false },
  { name: 'a key twice', bytes: 'a2616101616102', isCanonical: false },
  { name: 'an integer key', bytes: 'a10102', isCanonical: false },
  { name: 'a half float', bytes: 'f93c00', isCanonical: false },
  { name: 'a float that is an integer', bytes: 'fb3ff0000000000000', isCanonical: false },
  { name: 'undefined', bytes: 'f7', isCanonical: false },
  { name: 'a simple value', bytes: 'f820', isCanonical: false },
  { name: 'a break', bytes: 'ff', isCanonical: false },
  { name: 'a tag', bytes: 'c11a514b67b0', isCanonical: false },
  { name: 'a bignum', bytes: 'c249010000000000000000', isCanonical: false },
  { name: 'an indefinite array', bytes: '9f01ff', isCanonical: false },
  { name: 'an indefinite map', bytes: 'bf616101ff', isCanonical: false },
  { name: 'indefinite bytes', bytes: '5f4101ff', isCanonical: false },
  { name: 'indefinite text', bytes: '7f6161ff', isCanonical: false },
  { name: 'nothing', bytes: '', isCanonical: false },
  { name: 'a byte left over', bytes: '0000', isCanonical: false },
  { name: 'an array cut short', bytes: '8201', isCanonical: false },
  { name: 'an array of 2^32-1 items', bytes: '9affffffff', isCanonical: false },
  { name: 'bytes longer than memory', bytes: '5bffffffffffffffff', isCanonical: false },
];

/** Contents of the eight leaves of the Certificate Transparency test tree. */
export const MERKLE_LEAVES: readonly string[] = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];

/** Root of the first so many of `MERKLE_LEAVES`, from none to all. */
export const MERKLE_ROOTS: readonly string[] = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** CRC-32C of the ASCII digits 1 to 9. */
export const CRC32C_VECTOR = { message: '313233343536373839', checksum: 0xe3069283 } as const;
