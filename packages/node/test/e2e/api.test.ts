import {
  asHash,
  decodeTransaction,
  encodeCanonical,
  encodeTransaction,
  toHex,
} from '@daybook/core';
import { expect } from 'chai';
import type { SingleNode } from './support/single-node.ts';
import { makeOfficer, startSingleNode } from './support/single-node.ts';

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any;
}

const cost = { minor: 100n, currency: 'GBP' };
const note = (number: number) => ({
  book: 'red',
  number,
  text: 'hello',
  cost,
  due: '2030-01-01',
});

describe('api on a real node', () => {
  let single: SingleNode;

  before(async () => {
    single = await startSingleNode();
  });

  after(async () => {
    await single.stop();
  });

  async function get(path: string): Promise<Answer> {
    const response = await fetch(single.node.apiUrl + path);
    return { status: response.status, json: await response.json() };
  }

  async function submit(wire: Uint8Array, query = '?wait=committed'): Promise<Answer> {
    const response = await fetch(`${single.node.apiUrl}/v1/transactions${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: wire,
    });
    return { status: response.status, json: await response.json() };
  }

  it('given a signed note, when it is committed, then record, receipt and history agree', async () => {
    const receipt = await submit(single.call('notebook', 'write', note(1)));
    const record = await get('/v1/contracts/notebook/note/red/1');
    const history = await get('/v1/contracts/notebook/note/red/1/history');
    const block = await get(`/v1/blocks/${receipt.json.height}`);

    expect(receipt.status, JSON.stringify(receipt.json)).to.equal(200);
    expect(record.json.record.stamp).to.include({
      height: receipt.json.height,
      writer: 'ministry/jane',
    });
    expect(history.json.versions).to.have.length(1);
    expect(block.json.blockHash).to.equal(receipt.json.blockHash);
  });

  it('given a committed record, then its proof bundle comes as a file', async () => {
    await submit(single.call('notebook', 'write', note(2)));

    const response = await fetch(
      `${single.node.apiUrl}/v1/contracts/notebook/note/red/2?proof=bundle`,
    );

    expect(response.status).to.equal(200);
    expect((await response.arrayBuffer()).byteLength).to.be.above(1000);
  });

  it('given a list over pages, then keys come in order and each once', async () => {
    const wires = [9, 7, 8].map((number) => single.call('notebook', 'write', note(number)));
    await Promise.all(wires.map((wire) => submit(wire)));

    const first = await get('/v1/contracts/notebook/note?book=red&limit=2');
    const second = await get(
      `/v1/contracts/notebook/note?book=red&limit=200&cursor=${first.json.next}`,
    );

    const numbers = [...first.json.rows, ...second.json.rows].map(({ row }) => row.number);
    expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).to.equal(numbers.length);
    expect(numbers).to.include.members([7, 8, 9]);
  });

  it('given an open stream, then a committed note arrives as event', async () => {
    const controller = new AbortController();
    const response = await fetch(`${single.node.apiUrl}/v1/events?contract=notebook`, {
      signal: controller.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const receipt = await submit(single.call('notebook', 'write', note(20)));

    let text = '';
    while (!text.includes('notebook.written')) {
      const chunk = await reader?.read();
      if (chunk?.value === undefined) break;
      text += chunk.value;
    }
    controller.abort();

    expect(text).to.contain(`id: ${receipt.json.height}.${receipt.json.index}.0`);
  });

  it('given the node at work, then it is healthy, ready, and says why', async () => {
    expect((await get('/healthz')).status).to.equal(200);
    expect((await get('/readyz')).status).to.equal(200);
    expect((await get('/v1/why')).json.explanation[0].en).to.contain('All is well');
  });

  const refusals: readonly (readonly [
    words: string,
    code: string,
    pointer: string,
    wire: () => Uint8Array,
  ])[] = [
    [
      'an unknown contract',
      'CONTRACTS_CONTRACT_UNKNOWN',
      '/calls/0/contract',
      () => single.call('nothing', 'write', note(30)),
    ],
    [
      'an unknown action',
      'CONTRACTS_ACTION_UNKNOWN',
      '/calls/0/action',
      () => single.call('notebook', 'burn', note(30)),
    ],
    [
      'a value of the wrong type',
      'CONTRACTS_INPUT_INVALID',
      '/calls/0/args/text',
      () => single.call('notebook', 'write', { ...note(30), text: 5 }),
    ],
    [
      'an unknown field',
      'CONTRACTS_FIELD_UNKNOWN',
      '/calls/0/args/more',
      () => single.call('notebook', 'write', { ...note(30), more: 1 }),
    ],
    [
      'negative money',
      'CONTRACTS_FIELD_RANGE',
      '/calls/0/args/cost/minor',
      () => single.call('notebook', 'write', { ...note(30), cost: { ...cost, minor: -1n } }),
    ],
    [
      'an expired transaction',
      'NODE_TRANSACTION_EXPIRED',
      '/validUntilMs',
      () => single.call('notebook', 'write', note(30), { validForMs: -5000 }),
    ],
    [
      'a transaction valid for too long',
      'NODE_TRANSACTION_VALIDITY',
      '/validUntilMs',
      () => single.call('notebook', 'write', note(30), { validForMs: 86_400_000 }),
    ],
    [
      'another chain',
      'NODE_TRANSACTION_CHAIN',
      '/chain',
      () => single.call('notebook', 'write', note(30), { chain: asHash(new Uint8Array(32)) }),
    ],
    [
      'a key that is not registered for the identity',
      'CONTRACTS_KEY_UNKNOWN',
      '/signers/0',
      () => single.call('notebook', 'write', note(30), { signers: [makeOfficer('ministry/jane')] }),
    ],
    [
      'an officer without the role',
      'CONTRACTS_NOT_ENTITLED',
      '/signers',
      () =>
        single.call('treasury', 'lapse', { fund: 'roads', amount: { minor: 1n, currency: 'GBP' } }),
    ],
    [
      'a signature over other bytes',
      'NODE_TRANSACTION_SIGNATURE',
      '/signatures/0',
      () => {
        const wire = single.call('notebook', 'write', note(30));
        const other = single.call('notebook', 'write', note(31));
        const [one, two] = [decodeTransaction(wire), decodeTransaction(other)];
        if (!one.ok || !two.ok) throw new Error('not decoded');
        return encodeTransaction(one.value.bodyBytes, two.value.signatures);
      },
    ],
    ['no transaction at all', 'CORE_TRANSACTION_SHAPE', '', () => encodeCanonical([1])],
    [
      'more bytes than a transaction may have',
      'CORE_TOO_LARGE',
      '',
      () => encodeCanonical([new Uint8Array(65_600), []]),
    ],
    [
      'bytes that are not canonical',
      'CORE_NOT_CANONICAL',
      '',
      () => {
        // Two map keys in the wrong order: it decodes, but is not the one encoding of its value.
        const wire = single.call('notebook', 'write', { a: 1, b: 2 });
        const sorted = [0xa2, 0x61, 0x61, 0x01, 0x61, 0x62, 0x02];
        const at = wire.findIndex((_, start) =>
          sorted.every((byte, i) => wire[start + i] === byte),
        );
        wire.set([0xa2, 0x61, 0x62, 0x02, 0x61, 0x61, 0x01], at);
        return wire;
      },
    ],
  ];

  for (const [words, code, pointer, wire] of refusals) {
    it(`given ${words}, then ${code} with what to do`, async () => {
      const { status, json } = await submit(wire());

      expect(json.code, JSON.stringify(json)).to.equal(code);
      expect(status).to.be.within(400, 499);
      expect(json.remedy).to.match(/\.$/);
      const errors: readonly { pointer: string }[] = json.errors ?? [];
      expect(errors.map((e) => e.pointer)).to.include(pointer);
    });
  }

  it('given a final transaction, when it is handed in again, then it is replayed', async () => {
    const wire = single.call('notebook', 'write', note(40));
    await submit(wire);

    const again = await submit(wire);

    expect([again.status, again.json.code]).to.deep.equal([409, 'NODE_TRANSACTION_REPLAYED']);
    expect(again.json.errors[0].pointer).to.equal('/nonce');
  });

  it('given a refusal by a contract, then the receipt stays readable under the id', async () => {
    const wire = single.call('notebook', 'close', { book: 'blue', number: 1 });
    const decoded = decodeTransaction(wire);
    const first = await submit(wire);

    const receipt = await get(`/v1/transactions/${toHex(decoded.ok ? decoded.value.id : wire)}`);

    expect(first.json.receipt.succeeded).to.equal(false);
    expect(receipt.status).to.equal(200);
    expect(receipt.json.failure.code).to.equal(first.json.code);
  });

  it('given proof=path, then header and certificate come with the inclusion paths', async () => {
    const wire = single.call('notebook', 'write', note(41));
    const { json } = await submit(wire);

    const { json: receipt } = await get(`/v1/transactions/${json.id}?proof=path`);

    const block = await get(`/v1/blocks/${json.height}`);
    expect(receipt.proof.result.root).to.equal(block.json.resultRoot);
    expect(receipt.proof.transaction.root).to.equal(block.json.txRoot);
  });
});
