/** Time-stamp requests of strangers: what is read, and what is refused with which reason of RFC 3161. */
import { sha256, toHex } from '@daybook/core';
import { expect } from 'chai';
import { readTimeStampRequest, writeTimeStampRefusal } from '../src/index.ts';
import {
  element,
  integer,
  octets,
  oid,
  oidText,
  readElements,
  sequence,
  TAG,
} from '../src/tsp/der.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
const HASH = sha256(new Uint8Array());
const NONCE = Uint8Array.of(0x80, 1, 2);
const imprint = (algorithm: string, hash: Uint8Array) =>
  sequence(sequence(oid(algorithm)), octets(hash));
const request = (...members: readonly Uint8Array[]) =>
  sequence(integer(1n), imprint(SHA256, HASH), ...members);
const TRUE = element(TAG.boolean, Uint8Array.of(0xff));

function refusalOf(bytes: Uint8Array): string {
  const read = readTimeStampRequest(bytes);
  return read.ok ? 'read' : read.reason.refusal;
}

describe('formats: time-stamp requests', () => {
  it('given every member, then they are read as they stand', () => {
    const whole = request(oid('1.3.6.1.4.1.99999.1'), element(TAG.integer, NONCE), TRUE);
    const read = readTimeStampRequest(whole);

    expect(read.ok && read.value).to.deep.equal({
      hashAlgorithm: 'sha256',
      hashedMessage: HASH,
      messageImprint: imprint(SHA256, HASH),
      policy: '1.3.6.1.4.1.99999.1',
      nonce: NONCE,
      certReq: true,
    });
    expect(refusalOf(request())).to.equal('read');
  });

  it('given a request cut anywhere, or with bytes behind it, then it is refused', () => {
    const whole = request(element(TAG.integer, NONCE), TRUE);
    for (let size = 0; size < whole.length; size++) {
      expect(refusalOf(whole.subarray(0, size)), `first ${size} bytes`).to.equal('badDataFormat');
    }
    expect(refusalOf(Uint8Array.from([...whole, 0x05, 0]))).to.equal('badDataFormat');
    expect(refusalOf(new Uint8Array(4097))).to.equal('badDataFormat');
  });

  it('given what no authority may grant, then the reason is that of the standard', () => {
    const extension = element(0xa0, sequence());
    const bent = [
      [sequence(integer(2n), imprint(SHA256, HASH)), 'badRequest'],
      [sequence(integer(1n), imprint('1.3.14.3.2.26', HASH.subarray(0, 20))), 'badAlg'],
      [sequence(integer(1n), imprint(SHA256, HASH.subarray(1))), 'badDataFormat'],
      [request(extension), 'unacceptedExtension'],
      [request(element(TAG.integer, new Uint8Array(33))), 'badRequest'],
      [request(TRUE, element(TAG.integer, NONCE)), 'badDataFormat'],
      [request(TRUE, TRUE), 'badDataFormat'],
      [request(element(TAG.oid, Uint8Array.of(0x80))), 'badDataFormat'],
    ] as const;
    for (const [bytes, refusal] of bent) expect(refusalOf(bytes), toHex(bytes)).to.equal(refusal);
  });

  it('given lengths that are not the shortest, indefinite or too large, then nothing is read', () => {
    for (const hex of ['0481000400', '0480', '04850000000001', '048200', '1f0100', '04']) {
      expect(readElements(Uint8Array.from(Buffer.from(hex, 'hex'))), hex).to.equal(undefined);
    }
    expect(oidText(oid('2.999.3').subarray(2))).to.equal('2.999.3');
  });

  it('given a refusal, then it carries the bit of its reason', () => {
    const written = writeTimeStampRefusal({ refusal: 'unacceptedPolicy', fact: 'no' });
    expect(toHex(written)).to.equal('3010300e02010230040c026e6f0303000001');
    const other = writeTimeStampRefusal({ refusal: 'badAlg', fact: 'no' });
    expect(toHex(other)).to.equal('300f300d02010230040c026e6f03020780');
  });
});
