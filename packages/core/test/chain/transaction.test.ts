/** Transactions and genesis documents: canonical form, faults by pointer, signatures (protocol §4). */
import { expect } from 'chai';
import type { GenesisDocument, TransactionBody } from '../../src/index.ts';
import {
  asHash,
  asPublicKey,
  DEFAULT_PARAMETERS,
  decodeBody,
  decodeBodyEntry,
  decodeTransaction,
  encodeBody,
  encodeCanonical,
  encodeSystemTransaction,
  encodeTransaction,
  GENESIS_FORMAT,
  generateNonce,
  generateSecretKey,
  LIMITS,
  peerIdFromPublicKey,
  possessionSignBytes,
  publicKeyOf,
  readGenesis,
  readGenesisDraft,
  readGenesisFile,
  refOf,
  sign,
  signAsFounder,
  signBody,
  toHex,
  transactionSignBytes,
  verifyStrict,
  ZERO_HASH,
} from '../../src/index.ts';

const secrets = [generateSecretKey(), generateSecretKey()] as const;
const keys = secrets.map((secret) => asPublicKey(publicKeyOf(secret)));
const [firstKey, secondKey] = keys;
if (firstKey === undefined || secondKey === undefined) throw new Error('there are two keys');
const body: TransactionBody = {
  version: 1,
  chain: asHash(new Uint8Array(32).fill(4)),
  signers: [{ publicKey: firstKey, identity: 'treasury/payer' }, { publicKey: secondKey }],
  nonce: generateNonce(),
  validUntilMs: 1_700_000_000_000,
  calls: [
    { contract: 'treasury', action: 'pay', args: { amount: 5n, note: 'x', list: [1, true, null] } },
  ],
};

function wireOf(bytes: Uint8Array): Uint8Array {
  return encodeTransaction(
    bytes,
    secrets.map((secret) => signBody(bytes, secret)),
  );
}

/** The body as a CBOR list, with one field replaced. */
function bodyWith(position: number, value: Parameters<typeof encodeCanonical>[0]): Uint8Array {
  const fields = [
    body.version,
    body.chain,
    body.signers.map(({ publicKey, identity }) => [publicKey, identity ?? null]),
    body.nonce,
    body.validUntilMs,
    body.calls.map(({ contract, action, args }) => [contract, action, args]),
  ];
  return encodeCanonical(fields.map((field, index) => (index === position ? value : field)));
}

describe('core: transaction', () => {
  it('spec §4: given a body, when encoded, signed and decoded, then everything is back and the signatures hold', () => {
    const bytes = encodeBody(body);

    const decoded = decodeTransaction(wireOf(bytes));

    if (!decoded.ok) throw new Error(decoded.reason.code);
    expect(decoded.value.body).to.deep.equal({
      ...body,
      calls: [
        {
          contract: 'treasury',
          action: 'pay',
          args: { amount: 5, note: 'x', list: [1, true, null] },
        },
      ],
    });
    for (const [index, signature] of decoded.value.signatures.entries()) {
      const key = keys[index];
      if (key === undefined) throw new Error('a key for each signature');
      expect(verifyStrict(key, transactionSignBytes(bytes), signature)).to.equal(true);
    }
  });

  it('spec §4: given the same body with other signatures, then the id is the same and the hash is not', () => {
    const bytes = encodeBody(body);
    const one = decodeTransaction(wireOf(bytes));
    const other = decodeTransaction(
      encodeTransaction(bytes, [new Uint8Array(64), new Uint8Array(64)]),
    );

    if (!one.ok || !other.ok) throw new Error('both decode');
    expect(toHex(one.value.id)).to.equal(toHex(other.value.id));
    expect(toHex(one.value.hash)).to.not.equal(toHex(other.value.hash));
  });

  const faults: readonly [string, Uint8Array][] = [
    ['/version', bodyWith(0, 2)],
    ['/chain', bodyWith(1, new Uint8Array(31))],
    ['/signers', bodyWith(2, [])],
    ['/signers', bodyWith(2, Array(17).fill([firstKey, null]))],
    ['/signers/0', bodyWith(2, [[firstKey]])],
    ['/signers/0/publicKey', bodyWith(2, [[new Uint8Array(33), null]])],
    ['/signers/0/identity', bodyWith(2, [[firstKey, 'x'.repeat(200)]])],
    [
      '/signers/1',
      bodyWith(2, [
        [firstKey, null],
        [firstKey, null],
      ]),
    ],
    ['/nonce', bodyWith(3, new Uint8Array(15))],
    ['/validUntilMs', bodyWith(4, -1)],
    ['/validUntilMs', bodyWith(4, 'tomorrow')],
    ['/calls', bodyWith(5, [])],
    ['/calls/0', bodyWith(5, [['treasury', 'pay']])],
    ['/calls/0/contract', bodyWith(5, [['', 'pay', {}]])],
    ['/calls/0/action', bodyWith(5, [['treasury', 7, {}]])],
    ['/calls/0/args', bodyWith(5, [['treasury', 'pay', []]])],
  ];
  for (const [pointer, bytes] of faults) {
    it(`given a body with a fault at ${pointer}, when decoded, then the fault names it`, () => {
      const decoded = decodeBody(bytes);

      expect(decoded.ok).to.equal(false);
      if (decoded.ok || decoded.reason.code !== 'CORE_TRANSACTION_SHAPE')
        throw new Error('a shape fault');
      expect(decoded.reason.pointer).to.equal(pointer);
    });
  }

  it('given one signature for two signers, when decoded, then it is refused', () => {
    const bytes = encodeBody(body);

    const decoded = decodeTransaction(encodeTransaction(bytes, [signBody(bytes, secrets[0])]));

    expect(decoded.ok).to.equal(false);
  });

  it('given a body that is not canonical, when decoded, then it is refused', () => {
    const bytes = encodeBody(body);
    const longer = Uint8Array.of(0x98, 6, ...bytes.subarray(1));

    const decoded = decodeBody(longer);

    expect(!decoded.ok && decoded.reason.code).to.be.oneOf([
      'CORE_NOT_CANONICAL',
      'CORE_MALFORMED',
    ]);
  });

  it('given more bytes than a transaction may have, when decoded, then it is refused before anything else', () => {
    const decoded = decodeTransaction(new Uint8Array(LIMITS.transactionBytesMax + 1));

    expect(!decoded.ok && decoded.reason.code).to.equal('CORE_TOO_LARGE');
  });

  it('given entries of a block body, when decoded, then system and signed ones are told apart', () => {
    const system = decodeBodyEntry(encodeSystemTransaction('ready', [1, 2]));
    const signed = decodeBodyEntry(wireOf(encodeBody(body)));
    const unknown = decodeBodyEntry(encodeCanonical(['coffee', 1]));

    if (!system.ok || !signed.ok) throw new Error('both decode');
    expect(system.value.type).to.equal('system');
    expect(signed.value.type).to.equal('transaction');
    expect(toHex(refOf(system.value).id)).to.not.equal(toHex(refOf(signed.value).id));
    expect(unknown.ok).to.equal(false);
  });
});

// --- genesis -------------------------------------------------------------------------------

interface Department {
  readonly slug: string;
  readonly governance: Uint8Array;
  readonly consensus: Uint8Array;
  readonly peer: Uint8Array;
  readonly officer: Uint8Array;
}

const departments: readonly Department[] = ['audit', 'health', 'roads', 'treasury'].map((slug) => ({
  slug,
  governance: generateSecretKey(),
  consensus: generateSecretKey(),
  peer: generateSecretKey(),
  officer: generateSecretKey(),
}));

function documentOf(members: readonly Department[] = departments): GenesisDocument {
  return {
    format: GENESIS_FORMAT,
    name: 'test-chain',
    timeMs: 1_700_000_000_000,
    developmentMode: false,
    parameters: DEFAULT_PARAMETERS,
    contracts: [{ name: 'ledger', version: 1 }],
    organisations: members.map(({ slug, governance, officer }) => ({
      slug,
      title: { en: slug, zh: slug },
      governanceKey: toHex(publicKeyOf(governance)),
      officers: [{ name: 'head', publicKey: toHex(publicKeyOf(officer)), roles: [] }],
    })),
    validators: members.map(({ slug, consensus, peer }) => {
      const publicKey = asPublicKey(publicKeyOf(consensus));
      const message = possessionSignBytes(ZERO_HASH, { purpose: 'consensus', publicKey }, slug);
      return {
        organisation: slug,
        consensusKey: toHex(publicKey),
        proofOfPossession: toHex(sign(consensus, message)),
        peerId: peerIdFromPublicKey(publicKeyOf(peer)),
        addresses: ['/ip4/127.0.0.1/tcp/7700'],
      };
    }),
    observers: [],
  };
}

function pointersOf(json: unknown): readonly string[] {
  const read = readGenesis(json);
  if (read.ok || read.reason.code !== 'CORE_GENESIS_FIELD') return [];
  return read.reason.faults.map(({ pointer }) => pointer);
}

describe('core: genesis', () => {
  it('spec §5: given a document signed by all founders, when read from JSON, then the chain id is that of its canonical bytes', () => {
    const genesis = readGenesis(JSON.parse(JSON.stringify(documentOf())));
    if (!genesis.ok) throw new Error(JSON.stringify(genesis.reason));
    const signatures = departments.map(({ slug, governance }) => ({
      organisation: slug,
      signature: toHex(signAsFounder(genesis.value.chain, governance)),
    }));

    const file = readGenesisFile({ genesis: documentOf(), signatures });

    expect(file).to.deep.equal(genesis);
    expect(genesis.value.validators).to.have.length(4);
  });

  it('given one founder who has not signed or signed with another key, when read, then it is named', () => {
    const genesis = readGenesis(documentOf());
    if (!genesis.ok) throw new Error('the document is valid');
    const signatures = departments.slice(1).map(({ slug }) => ({
      organisation: slug,
      signature: toHex(
        signAsFounder(genesis.value.chain, departments[1]?.governance ?? new Uint8Array(32)),
      ),
    }));

    const file = readGenesisFile({ genesis: documentOf(), signatures });
    const draft = readGenesisDraft({ genesis: documentOf(), signatures });

    expect(file).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_GENESIS_UNSIGNED', missing: ['audit', 'roads', 'treasury'] },
    });
    expect(draft.ok).to.equal(true);
  });

  it('spec M-7: given faults all over, parameters out of bounds among them, when read, then each has its own pointer', () => {
    const document = documentOf();
    const broken = {
      ...document,
      colour: 'red',
      name: 'Not A Slug',
      parameters: { ...document.parameters, blockIntervalMs: 0, speed: 9 },
      organisations: document.organisations.map((organisation, index) =>
        index === 1 ? { ...organisation, governanceKey: '00' } : organisation,
      ),
      validators: document.validators.map((validator, index) =>
        index === 2 ? { ...validator, proofOfPossession: '00'.repeat(64) } : validator,
      ),
    };

    expect(pointersOf(broken)).to.have.members([
      '/colour',
      '/name',
      '/parameters/blockIntervalMs',
      '/parameters/speed',
      '/organisations/1/governanceKey',
      '/validators/2/proofOfPossession',
    ]);
  });

  it('given fewer than four validators, when read, then it needs the development mode', () => {
    const few = documentOf(departments.slice(0, 3));

    expect(pointersOf(few)).to.deep.equal(['/validators']);
    expect(readGenesis({ ...few, developmentMode: true }).ok).to.equal(true);
  });

  it('given a key or a name twice, or a validator of no member, when read, then it is refused', () => {
    const document = documentOf();
    const [first, ...rest] = document.organisations;
    if (first === undefined) throw new Error('there are organisations');

    expect(pointersOf({ ...document, organisations: [first, first, ...rest] })).to.include(
      '/organisations',
    );
    expect(pointersOf({ ...document, organisations: rest })).to.include('/validators');
  });
});
