/** Consensus messages, certificates and blocks on the wire (protocol §4, §5). */
import { expect } from 'chai';
import type { Certificate, Header, Message, Unsigned } from '../../src/index.ts';
import {
  asHash,
  asPublicKey,
  asSignature,
  asValidatorId,
  blockHash,
  buildValidatorSet,
  decodeBlock,
  decodeCertificate,
  decodeHeader,
  decodeMessage,
  encodeBlock,
  encodeCertificate,
  encodeHeader,
  encodeMessage,
  generateSecretKey,
  HEADER_SIZE,
  justificationHash,
  publicKeyOf,
  sha256,
  sign,
  signBytes,
  validatorIdOf,
  verifyCertificate,
  ZERO_HASH,
} from '../../src/index.ts';

const chain = asHash(new Uint8Array(32).fill(5));
const hash = (seed: number) => asHash(sha256(Uint8Array.of(seed)));
const header: Header = {
  version: 1,
  chain,
  height: 12,
  parentHash: hash(1),
  timestampMs: 1_700_000_000_000,
  proposer: asValidatorId(hash(2)),
  txRoot: hash(3),
  stateRoot: hash(4),
  resultRoot: hash(5),
  historyRoot: hash(6),
  validatorsHash: hash(7),
  nextValidatorsHash: hash(8),
};
const secrets = Array.from({ length: 4 }, () => generateSecretKey());
const validators = buildValidatorSet(
  secrets.map((secret) => {
    const publicKey = asPublicKey(publicKeyOf(secret));
    return { id: validatorIdOf(publicKey), publicKey };
  }),
);
const secretAt = (index: number): Uint8Array => {
  const member = validators[index];
  const secret = secrets.find(
    (one) => member && publicKeyOf(one).every((b, i) => b === member.publicKey[i]),
  );
  if (secret === undefined) throw new Error('every member has a secret');
  return secret;
};

function certificateBy(
  signers: readonly number[],
  kind: 'prepare' | 'commit' = 'commit',
): Certificate {
  const content = { type: kind, height: 12, round: 1, blockHash: blockHash(header) } as const;
  const message = signBytes(chain, content);
  return {
    kind,
    height: 12,
    round: 1,
    blockHash: content.blockHash,
    validatorCount: 4,
    signers,
    signatures: signers.map((index) => asSignature(sign(secretAt(index), message))),
  };
}

const expectation = {
  kind: 'commit',
  chain,
  height: 12,
  blockHash: blockHash(header),
  validators,
} as const;
const signature = asSignature(new Uint8Array(64).fill(1));
const prepared = { round: 0, blockHash: hash(9) };

const MESSAGES: readonly Message[] = [
  {
    type: 'pre-prepare',
    signed: {
      content: {
        type: 'pre-prepare',
        height: 12,
        round: 0,
        blockHash: blockHash(header),
        justificationHash: ZERO_HASH,
      },
      sender: 2,
      signature,
    },
    header,
    transactionHashes: [hash(1), hash(2)],
    inlined: [{ index: 1, bytes: new Uint8Array([1, 2, 3]) }],
  },
  {
    type: 'pre-prepare',
    signed: {
      content: {
        type: 'pre-prepare',
        height: 12,
        round: 3,
        blockHash: blockHash(header),
        justificationHash: hash(4),
      },
      sender: 2,
      signature,
    },
    header,
    transactionHashes: [],
    inlined: [],
    justification: {
      entries: [
        { sender: 0, signature },
        { sender: 1, signature, prepared },
        { sender: 3, signature },
      ],
      certificate: certificateBy([0, 1, 2], 'prepare'),
    },
  },
  {
    type: 'prepare',
    signed: {
      content: { type: 'prepare', height: 12, round: 0, blockHash: hash(1) },
      sender: 3,
      signature,
    },
  },
  {
    type: 'commit',
    signed: {
      content: { type: 'commit', height: 12, round: 7, blockHash: hash(1) },
      sender: 0,
      signature,
    },
  },
  {
    type: 'round-change',
    signed: { content: { type: 'round-change', height: 12, round: 2 }, sender: 0, signature },
  },
  {
    type: 'round-change',
    signed: {
      content: { type: 'round-change', height: 12, round: 2, prepared },
      sender: 0,
      signature,
    },
    certificate: certificateBy([0, 1, 3], 'prepare'),
  },
  { type: 'decided', header, certificate: certificateBy([0, 1, 2]) },
  { type: 'decided', header, certificate: certificateBy([0, 1, 2, 3]), body: [new Uint8Array(10)] },
  {
    type: 'status',
    height: 13,
    round: 1,
    headHash: hash(1),
    wallMs: 1_700_000_000_000,
    links: Uint8Array.of(7),
    held: {
      prePrepare: Uint8Array.of(1),
      prepare: Uint8Array.of(3),
      commit: Uint8Array.of(0),
      roundChange: Uint8Array.of(0),
    },
  },
  { type: 'get-block', blockHash: hash(1) },
  { type: 'block', block: { header, body: [new Uint8Array([1]), new Uint8Array([2, 3])] } },
];

describe('core: sign bytes', () => {
  const sizes: readonly [Unsigned, number][] = [
    [
      {
        type: 'pre-prepare',
        height: 1,
        round: 0,
        blockHash: hash(1),
        justificationHash: ZERO_HASH,
      },
      124,
    ],
    [{ type: 'prepare', height: 1, round: 0, blockHash: hash(1) }, 92],
    [{ type: 'commit', height: 1, round: 0, blockHash: hash(1) }, 92],
    [{ type: 'round-change', height: 1, round: 2, prepared }, 97],
  ];
  for (const [content, size] of sizes) {
    it(`spec §4: given a ${content.type}, then its sign bytes are ${size} bytes and bound to the chain`, () => {
      expect(signBytes(chain, content)).to.have.length(size);
      expect(signBytes(hash(1), content)).to.not.deep.equal(signBytes(chain, content));
    });
  }
});

describe('core: messages', () => {
  for (const [index, message] of MESSAGES.entries()) {
    it(`spec §5: given message ${index} (${message.type}), when encoded and decoded, then it is the same`, () => {
      const decoded = decodeMessage(encodeMessage(message));

      expect(decoded).to.deep.equal({ ok: true, value: message });
    });

    it(`spec §5: given message ${index} (${message.type}) cut short or with a byte more, then it is refused`, () => {
      const bytes = encodeMessage(message);
      for (let size = 0; size < bytes.length; size += 1) {
        expect(decodeMessage(bytes.subarray(0, size)).ok, `cut at ${size}`).to.equal(false);
      }
      expect(decodeMessage(Uint8Array.of(...bytes, 0)).ok).to.equal(false);
    });

    it(`spec I19: given message ${index} (${message.type}) with any byte changed, then it is refused or encodes to the same bytes`, () => {
      const bytes = encodeMessage(message);
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ 0x41;
        const decoded = decodeMessage(changed);
        if (decoded.ok) expect(encodeMessage(decoded.value), `at ${at}`).to.deep.equal(changed);
      }
    });
  }

  it('spec §4: given a round change that reports a block of its own round, then it is malformed', () => {
    const [type, ...rest] = encodeMessage({
      type: 'round-change',
      signed: {
        content: {
          type: 'round-change',
          height: 12,
          round: 2,
          prepared: { round: 2, blockHash: hash(1) },
        },
        sender: 0,
        signature,
      },
      certificate: certificateBy([0, 1, 3], 'prepare'),
    });

    expect(decodeMessage(Uint8Array.of(type ?? 0, ...rest)).ok).to.equal(false);
  });

  it('given two justifications, then their hashes differ, and none has the zero hash', () => {
    const one = { entries: [{ sender: 0, signature }] };
    const two = { entries: [{ sender: 1, signature }] };

    expect(justificationHash(undefined)).to.deep.equal(ZERO_HASH);
    expect(justificationHash(one)).to.not.deep.equal(justificationHash(two));
  });
});

describe('core: header and block', () => {
  it('spec §5: given a header, when encoded and decoded, then it is the same and has its fixed size', () => {
    const bytes = encodeHeader(header);

    expect(bytes).to.have.length(HEADER_SIZE);
    expect(decodeHeader(bytes)).to.deep.equal({ ok: true, value: header });
  });

  it('given any changed byte of a header, then the block hash changes', () => {
    const bytes = encodeHeader(header);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      const decoded = decodeHeader(changed);
      if (decoded.ok)
        expect(blockHash(decoded.value), `at ${at}`).to.not.deep.equal(blockHash(header));
    }
  });

  it('given a block, when encoded and decoded, then it is the same', () => {
    const block = { header, body: [new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3])] };

    expect(decodeBlock(encodeBlock(block))).to.deep.equal({ ok: true, value: block });
  });
});

describe('core: certificate', () => {
  it('spec §5: given Q to n correct seals, then a COMMIT certificate is valid and survives encoding', () => {
    for (const signers of [
      [0, 1, 2],
      [1, 2, 3],
      [0, 1, 2, 3],
    ]) {
      const certificate = certificateBy(signers);

      expect(verifyCertificate(certificate, expectation).ok).to.equal(true);
      expect(decodeCertificate(encodeCertificate(certificate))).to.deep.equal({
        ok: true,
        value: certificate,
      });
    }
  });

  it('spec §5: given fewer than Q seals, then the certificate is refused', () => {
    expect(verifyCertificate(certificateBy([0, 3]), expectation)).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_CERTIFICATE_QUORUM', found: 2, quorum: 3 },
    });
  });

  it('spec §5: given a PREPARE certificate with more than exactly Q seals, then it is refused', () => {
    const certificate = certificateBy([0, 1, 2, 3], 'prepare');

    const judged = verifyCertificate(certificate, { ...expectation, kind: 'prepare' });

    expect(!judged.ok && judged.reason.code).to.equal('CORE_CERTIFICATE_QUORUM');
  });

  it('spec §5: given one wrong seal among enough good ones, then the certificate is refused', () => {
    const certificate = certificateBy([0, 1, 2, 3]);
    const signatures = certificate.signatures.map((one, index) => (index === 3 ? signature : one));

    expect(verifyCertificate({ ...certificate, signatures }, expectation)).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_CERTIFICATE_SIGNATURE', signer: 3 },
    });
  });

  it('spec §5: given a signer twice or out of order, then the certificate is refused', () => {
    const certificate = certificateBy([0, 1, 1]);

    const judged = verifyCertificate(certificate, expectation);

    expect(!judged.ok && judged.reason.code).to.equal('CORE_CERTIFICATE_SIGNERS');
  });

  it('given another kind, height, block or set, then the certificate does not match', () => {
    const certificate = certificateBy([0, 1, 2]);
    const others = [
      { ...expectation, kind: 'prepare' as const },
      { ...expectation, height: 13 },
      { ...expectation, blockHash: hash(1) },
      { ...expectation, validators: buildValidatorSet(validators.slice(1)) },
    ];

    for (const other of others) {
      const judged = verifyCertificate(certificate, other);
      expect(!judged.ok && judged.reason.code).to.equal('CORE_CERTIFICATE_MISMATCH');
    }
  });

  it('given a certificate of another chain, then its seals are refused', () => {
    const judged = verifyCertificate(certificateBy([0, 1, 2]), { ...expectation, chain: hash(1) });

    expect(!judged.ok && judged.reason.code).to.equal('CORE_CERTIFICATE_SIGNATURE');
  });

  it('given padding bits or an impossible count in the bitmap, then decoding refuses', () => {
    const bytes = encodeCertificate(certificateBy([0, 1, 2]));
    const bitmapAt = 1 + 8 + 4 + 32 + 2;
    const padded = bytes.slice();
    padded[bitmapAt] = 0b1000_0111;
    const crowded = bytes.slice();
    crowded[bitmapAt - 1] = 31;

    expect(decodeCertificate(padded).ok).to.equal(false);
    expect(decodeCertificate(crowded).ok).to.equal(false);
  });
});
