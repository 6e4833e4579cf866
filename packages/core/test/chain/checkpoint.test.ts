/** Checkpoints: their one form, the quorum of validators and the witnesses (protocol §17). */
import { expect } from 'chai';
import type { CheckpointFailure, CheckpointTrust, NoteSignature } from '../../src/index.ts';
import {
  asHash,
  asPublicKey,
  buildValidatorSet,
  CHECKPOINT_INTERVAL_MS,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  encodeNote,
  encodeTreeHead,
  encodeUtf8,
  explainCheckpoint,
  isCheckpointDue,
  isTreeHead,
  quorumOf,
  readTreeHead,
  signBytes,
  signNote,
  TAGS,
  validatorIdOf,
  verifyCheckpoint,
} from '../../src/index.ts';

const chain = asHash(new Uint8Array(32).fill(0xab));
const origin = checkpointOriginOf(chain);
const head = { origin, size: 42, root: asHash(new Uint8Array(32).fill(5)) };
const text = encodeTreeHead(head);
const signers = [1, 2, 3, 4].map((seed) => createSigner(new Uint8Array(32).fill(seed)));
const witnesses = [11, 12, 13].map((seed) => createSigner(new Uint8Array(32).fill(seed)));
const validators = buildValidatorSet(
  signers.map(({ publicKey }) => ({ id: validatorIdOf(asPublicKey(publicKey)), publicKey })),
);
const witnessNames = witnesses.map((_, index) => `witness.example/w${index}`);
const trust: CheckpointTrust = {
  origin,
  validators,
  witnesses: witnesses.map(({ publicKey }, index) => ({
    name: witnessNames[index] ?? '',
    type: 'cosignature',
    publicKey,
  })),
};

const linesOf = (count: number): NoteSignature[] =>
  signers.slice(0, count).map((signer) => signNote(text, origin, signer));
const cosignaturesOf = (count: number): NoteSignature[] =>
  witnesses
    .slice(0, count)
    .map((signer, index) => cosignNote({ text, timeS: 9 }, witnessNames[index] ?? '', signer));
const noteOf = (signatures: readonly NoteSignature[], of = text) =>
  encodeUtf8(encodeNote({ text: of, signatures }));

function refusalOf(bytes: Uint8Array, more: Partial<CheckpointTrust> = {}): CheckpointFailure {
  const verified = verifyCheckpoint(bytes, { ...trust, ...more });
  return verified.ok ? expect.fail('it is refused') : verified.reason;
}

const MALFORMED = {
  'does not have three lines': ['', `${origin}\n`, `${origin}\n42\n`, text.trimEnd()],
  'has extension lines': [`${text}more\n`, `${text}\n`, `${text}no newline`],
  'names an origin of another form': [
    text.replace('daybook/', 'example.com/'),
    text.replace('ab', 'AB'),
    text.replace('ab', ''),
    `\n42\n${text.split('\n')[2]}\n`,
  ],
  'has a size that is no plain decimal number': [
    '042',
    '-1',
    '+1',
    '1e3',
    '',
    ' 42',
    '9'.repeat(16),
  ].map((size) => text.replace('\n42\n', `\n${size}\n`)),
  'has a root that is not base64 of 32 bytes': [
    `${origin}\n42\n\n`,
    text.replace('=', ''),
    text.replace('U=\n', 'V=\n'),
    `${origin}\n42\nAAAA\n`,
  ],
};

describe('core: checkpoints', () => {
  it('spec L-11: given a tree head, when written and read, then it has one form', () => {
    expect(text).to.equal(
      `daybook/${'ab'.repeat(32)}\n42\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n`,
    );
    expect(readTreeHead(text)).to.deep.equal({ ok: true, value: head });
  });

  for (const [fault, texts] of Object.entries(MALFORMED)) {
    it(`given a text that ${fault}, when read, then it is refused as such`, () => {
      for (const bad of texts) {
        expect(readTreeHead(bad), JSON.stringify(bad)).to.deep.equal({
          ok: false,
          reason: { code: 'CORE_CHECKPOINT_MALFORMED', fault },
        });
      }
    });
  }

  for (let count = 0; count <= signers.length; count += 1) {
    const { quorum } = quorumOf(signers.length);
    it(`spec L-11: given ${count} of ${signers.length} validators, then it ${count < quorum ? 'proves nothing' : 'is verified'}`, () => {
      const bytes = noteOf([...linesOf(count), ...cosignaturesOf(1)]);
      const verified = verifyCheckpoint(bytes, trust);

      if (count >= quorum) expect(verified.ok && verified.value.validators.length).to.equal(count);
      else expect(refusalOf(bytes)).to.include({ signers: count, quorum });
    });
  }

  it('spec L-11: given one validator that signs four times, then it counts once', () => {
    const [line] = linesOf(1);
    if (line === undefined) return expect.fail('there is a line');

    expect(refusalOf(noteOf([line, line, line, line]))).to.include({ signers: 1 });
  });

  it('spec L-12: given two of three witnesses, then two suffice for two and not for three', () => {
    const bytes = noteOf([...linesOf(3), ...cosignaturesOf(2)]);
    const verified = verifyCheckpoint(bytes, { ...trust, witnessesMin: 2 });

    expect(verified.ok && verified.value.witnesses.map(({ key, timeS }) => [key.name, timeS]))
      .to //
      .deep.equal([
        ['witness.example/w0', 9],
        ['witness.example/w1', 9],
      ]);
    expect(refusalOf(bytes, { witnessesMin: 3 })).to.deep.equal({
      code: 'CORE_CHECKPOINT_WITNESSES',
      cosigners: 2,
      needed: 3,
    });
  });

  it('given a checkpoint of another chain, a forged line and no note, then each is named', () => {
    const foreign = text.replace('ab', 'cd');
    const other = signers.map((signer) => signNote(foreign, foreign.split('\n')[0] ?? '', signer));
    const [line, ...rest] = linesOf(4);
    if (line === undefined) return expect.fail('there is a line');
    const forged = { ...line, signature: rest[0]?.signature ?? line.signature };
    const failures = [
      refusalOf(noteOf(other, foreign)),
      refusalOf(noteOf([forged, ...rest])),
      refusalOf(encodeUtf8('no note')),
      refusalOf(noteOf(linesOf(2))),
      refusalOf(noteOf(linesOf(3)), { witnessesMin: 1 }),
    ];

    expect(failures.map(({ code }) => code)).to.deep.equal([
      'CORE_CHECKPOINT_FOREIGN',
      'CORE_NOTE_SIGNATURE_WRONG',
      'CORE_NOTE_MALFORMED',
      'CORE_CHECKPOINT_QUORUM',
      'CORE_CHECKPOINT_WITNESSES',
    ]);
    const sentences = failures.map(explainCheckpoint);
    expect(new Set(sentences).size).to.equal(failures.length);
    expect(sentences[3]).to.equal('2 validators signed; a quorum is 3.');
  });

  it('given a vote, a READY or any tagged bytes, then they are no tree head (spec L-11)', () => {
    const vote = { type: 'commit', height: 5, round: 0, blockHash: chain } as const;

    expect(isTreeHead(encodeUtf8(text))).to.equal(true);
    expect(isTreeHead(signBytes(chain, vote))).to.equal(false);
    for (const tag of Object.values(TAGS)) {
      expect(isTreeHead(Uint8Array.of(...tag, ...encodeUtf8(text)))).to.equal(false);
    }
  });

  it('spec L-13: given block times, then one block of each slot is due, the first', () => {
    const slot = CHECKPOINT_INTERVAL_MS;
    const times = [0, 1, slot - 1, slot, slot + 1, 2 * slot - 1, 5 * slot];
    const due = times.slice(1).map((timeMs, index) => isCheckpointDue(times[index] ?? 0, timeMs));

    expect(due).to.deep.equal([false, false, true, false, false, true]);
  });
});
