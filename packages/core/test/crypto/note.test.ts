/** Signed notes against published ones, and every way in which bytes are none. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { NoteFault, NoteKey, SignedNote } from '../../src/index.ts';
import {
  cosignNote,
  createSigner,
  encodeNote,
  encodeNoteKey,
  encodeUtf8,
  isNoteName,
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  readNote,
  readNoteKey,
  signNote,
  toBase64,
  verifyNote,
} from '../../src/index.ts';

/** From the documentation of golang.org/x/mod/sumdb/note, where the format comes from. */
const PUBLISHED_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PUBLISHED_NOTE =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n" +
  '\n' +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const signer = createSigner(new Uint8Array(32).fill(7));
const other = createSigner(new Uint8Array(32).fill(8));
const NAME = 'example.com/log';
const TEXT = 'first line\n\nthird line\n';
const keyOf = (name: string, type: NoteKey['type'], of = signer): NoteKey => ({
  name,
  type,
  publicKey: of.publicKey,
});

const signed: SignedNote = { text: TEXT, signatures: [signNote(TEXT, NAME, signer)] };
const signatureText = encodeNote(signed).split(' ').at(-1)?.trimEnd() ?? '';

function faultOf(note: string | Uint8Array): NoteFault | 'none' {
  const read = readNote(typeof note === 'string' ? encodeUtf8(note) : note);
  if (read.ok) return 'none';
  return read.reason.code === 'CORE_NOTE_MALFORMED' ? read.reason.fault : expect.fail('code');
}

/** Every way to be no note. */
const MALFORMED: readonly (readonly [NoteFault, string | Uint8Array])[] = [
  ['is longer than allowed', 'a'.repeat(NOTE_BYTES_MAX + 1)],
  ['is not UTF-8', Uint8Array.of(0x61, 0xff, 0x0a)],
  ['holds a control character', encodeNote(signed).replace('first', 'fi\trst')],
  ['holds a control character', encodeNote(signed).replaceAll('\n', '\r\n')],
  ['does not end with a newline', encodeNote(signed).trimEnd()],
  ['does not end with a newline', ''],
  ['has no blank line before its signatures', 'text\n'],
  ['has no blank line before its signatures', `text\n— ${NAME} ${signatureText}\n`],
  ['has no text', `\n\n— ${NAME} ${signatureText}\n`],
  ['has no signature', 'text\n\n'],
  ['has too many signatures', `t\n\n${'— a AAAAAAA=\n'.repeat(NOTE_SIGNATURES_MAX + 1)}`],
  ['has a signature line of another form', `text\n\n- ${NAME} ${signatureText}\n`],
  ['has a signature line of another form', `text\n\n— ${NAME}\n`],
  ['has a signature line of another form', `text\n\n— ${NAME} ${signatureText} \n`],
  [
    'has a key name that is empty, too long, or holds a space or plus',
    `text\n\n—  ${signatureText}\n`,
  ],
  [
    'has a key name that is empty, too long, or holds a space or plus',
    `text\n\n— a+b ${signatureText}\n`,
  ],
  [
    'has a key name that is empty, too long, or holds a space or plus',
    `text\n\n— a\u00a0b ${signatureText}\n`,
  ],
  [
    'has a key name that is empty, too long, or holds a space or plus',
    `text\n\n— ${'n'.repeat(129)} ${signatureText}\n`,
  ],
  ['has a signature that is not base64', `text\n\n— ${NAME} ${signatureText.slice(1)}\n`],
  ['has a signature that is too short', `text\n\n— ${NAME} AAAAAA==\n`],
];

describe('core: signed notes', () => {
  it('given the published note and key, when verified, then the signature holds', () => {
    const key = readNoteKey(PUBLISHED_KEY);
    const note = readNote(encodeUtf8(PUBLISHED_NOTE));
    if (!key.ok || !note.ok) return expect.fail('the published note is read');

    const verified = verifyNote(note.value, [key.value]);

    expect(verified.ok && verified.value.map((line) => line.key.name)).to.deep.equal([
      'PeterNeumann',
    ]);
    expect(encodeNote(note.value)).to.equal(PUBLISHED_NOTE);
    expect(encodeNoteKey(key.value)).to.equal(PUBLISHED_KEY);
  });

  for (const [fault, note] of MALFORMED) {
    const shown = typeof note === 'string' ? JSON.stringify(note.slice(0, 24)) : 'raw bytes';
    it(`given a note that ${fault} (${shown}), when read, then it is refused as such`, () => {
      expect(faultOf(note)).to.equal(fault);
    });
  }

  it('given a text with empty lines, when read, then the last empty line separates', () => {
    const read = readNote(encodeUtf8(encodeNote(signed)));

    expect(read.ok && read.value.text).to.equal(TEXT);
  });

  it('given any text and lines, when written and read, then they come back as they were', () => {
    const texts = fc
      .array(fc.stringMatching(/^[a-zé ]{0,12}$/), { minLength: 1, maxLength: 5 })
      .map((lines) => `${lines.join('\n')}\n`)
      .filter((text) => text !== '\n');
    const line = fc.record({
      name: fc.stringMatching(/^[!-*,-~]{1,20}$/),
      keyId: fc.nat({ max: 0xffff_ffff }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    fc.assert(
      fc.property(texts, fc.array(line, { minLength: 1, maxLength: 8 }), (text, signatures) => {
        const read = readNote(encodeUtf8(encodeNote({ text, signatures })));

        expect(read).to.deep.equal({ ok: true, value: { text, signatures } });
      }),
    );
  });

  it('given one changed byte anywhere, when verified, then nothing is proven', () => {
    const bytes = encodeUtf8(encodeNote(signed));
    const keys = [keyOf(NAME, 'ed25519')];
    bytes.forEach((_, index) => {
      const spoilt = Uint8Array.from(bytes);
      spoilt[index] = (spoilt[index] ?? 0) ^ 1;
      const read = readNote(spoilt);
      const verified = read.ok && verifyNote(read.value, keys);
      const count = verified !== false && verified.ok ? verified.value.length : 0;
      expect(count, `byte ${index}`).to.equal(0);
    });
  });

  it('given a cosignature, when verified, then its time is known and bound', () => {
    const line = cosignNote({ text: TEXT, timeS: 1_679_315_147 }, 'witness.example/w1', signer);
    const key = keyOf('witness.example/w1', 'cosignature');
    const later = Uint8Array.from(line.signature);
    later[7] = (later[7] ?? 0) + 1;

    const verified = verifyNote({ text: TEXT, signatures: [line] }, [key]);
    const moved = verifyNote({ text: TEXT, signatures: [{ ...line, signature: later }] }, [key]);
    const far = { ...line, signature: line.signature.map((byte, at) => (at < 8 ? 255 : byte)) };
    const beyond = verifyNote({ text: TEXT, signatures: [far] }, [key]);

    expect(verified.ok && verified.value[0]?.timeS).to.equal(1_679_315_147);
    for (const refused of [moved, beyond]) {
      expect(!refused.ok && refused.reason.code).to.equal('CORE_NOTE_SIGNATURE_WRONG');
    }
  });

  it('given one key as log and as witness, then neither signature passes for the other', () => {
    const line = signNote(TEXT, NAME, signer);
    const cosigned = cosignNote({ text: TEXT, timeS: 1 }, NAME, signer);
    const note = { text: TEXT, signatures: [line] };

    expect(verifyNote(note, [keyOf(NAME, 'cosignature')])).to.deep.equal({ ok: true, value: [] });
    expect(cosigned.keyId).not.to.equal(line.keyId);
  });

  it('given unknown keys, repeats and a forged line, then they count nothing, once and against all', () => {
    const line = signNote(TEXT, NAME, signer);
    const stranger = signNote(TEXT, 'example.com/other', other);
    const forged = { ...signNote(TEXT, NAME, other), keyId: line.keyId };
    const keys = [keyOf(NAME, 'ed25519')];

    const twice = verifyNote({ text: TEXT, signatures: [stranger, line, line] }, keys);
    const spoilt = verifyNote({ text: TEXT, signatures: [line, forged] }, keys);

    expect(twice.ok && twice.value.length).to.equal(1);
    expect(!spoilt.ok && spoilt.reason.code).to.equal('CORE_NOTE_SIGNATURE_WRONG');
  });

  it('given two keys whose name and id collide, then each line finds its own', () => {
    const line = signNote(TEXT, NAME, signer);
    const keys = [keyOf(NAME, 'ed25519'), keyOf(NAME, 'ed25519')];

    const verified = verifyNote({ text: TEXT, signatures: [line] }, keys);

    expect(verified.ok && verified.value.length).to.equal(1);
  });

  it('given verifier keys of another form, when read, then each is refused with its fact', () => {
    const good = encodeNoteKey(keyOf(NAME, 'cosignature'));
    const [name = '', id = '', material = ''] = [NAME, ...good.slice(NAME.length + 1).split('+')];
    const pqc = toBase64(Uint8Array.of(6, ...signer.publicKey));
    const weak = toBase64(Uint8Array.of(4, 1, ...new Uint8Array(31)));
    const refused = {
      'not NAME+ID+KEY with a name without spaces': [`${name}+${id}`, `a b+${id}+${material}`],
      'its id is not eight hex digits': [`${name}+${id}0+${material}`, `${name}+xyz+${material}`],
      'its key is not base64 of 33 bytes': [`${name}+${id}+${material.slice(4)}`],
      'signature type 6 is not supported': [`${name}+${id}+${pqc}`],
      'not a sound Ed25519 key': [`${name}+${id}+${weak}`],
      'its id is of another key': [`${name}+00000000+${material}`],
    };

    expect(readNoteKey(good).ok).to.equal(true);
    for (const [fact, texts] of Object.entries(refused)) {
      for (const text of texts) {
        const read = readNoteKey(text);
        expect(read, text).to.deep.equal({
          ok: false,
          reason: { code: 'CORE_NOTE_KEY_MALFORMED', fact },
        });
      }
    }
  });

  it('given names, then only those that a line can carry are key names', () => {
    const good = ['a', 'example.com/log', 'oid/1.3.6', 'ünïcode'];
    const bad = ['', 'a b', 'a+b', 'a\tb', 'a\u2003b', 'a\u0001b', 'n'.repeat(129)];

    expect([...good, ...bad].filter(isNoteName)).to.deep.equal(good);
  });
});
