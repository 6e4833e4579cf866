import {
  decodeTransaction,
  encodeCanonical,
  encodeTransaction,
  fromHex,
  signBody,
  toHex,
  verifyInclusion,
} from '@daybook/core';
import { expect } from 'chai';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';
import {
  asHexBody,
  PUBLIC,
  SECRET,
  signedCall,
  signedNote,
  writeNotes,
} from './support/signing.ts';

describe('api: transactions', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
  });

  afterEach(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  it('given a signed note, when it is posted as JSON, then it is accepted and not yet final', async () => {
    const answer = await api.post('/v1/transactions', asHexBody(signedNote(api, 1)));

    expect(answer.status).to.equal(202);
    expect(answer.json.state).to.equal('accepted');
    expect(answer.json.head.height).to.equal(0);
  });

  it('given wait=committed, when the block comes, then the receipt is the answer', async () => {
    api.ledger.sealByItself();

    const answer = await api.post('/v1/transactions?wait=committed', asHexBody(signedNote(api, 1)));

    expect(answer.status).to.equal(200);
    expect(answer.json).to.include({ state: 'committed', height: 1, index: 0, succeeded: true });
    expect(answer.json.events[0]).to.deep.include({ cursor: '1.0.0', name: 'written' });
    expect(answer.json.events[0].fields.cost).to.deep.equal({ minor: '1250', currency: 'GBP' });
    expect(answer.json.writes).to.have.length(2);
  });

  it('given CBOR bytes, when they are posted, then the answer comes in CBOR if asked for', async () => {
    const answer = await api.request('/v1/transactions', {
      method: 'POST',
      headers: { 'content-type': 'application/cbor', accept: 'application/cbor' },
      body: signedNote(api, 1),
    });

    expect(answer.status).to.equal(202);
    expect(answer.headers.get('content-type')).to.equal('application/cbor');
  });

  it('given no block, when the time is up, then 202 says how far it came', async () => {
    const answer = await api.post(
      '/v1/transactions?wait=committed&timeoutMs=20',
      asHexBody(signedNote(api, 1)),
    );

    expect(answer.status).to.equal(202);
    expect(answer.json.state).to.equal('accepted');
  });

  it('given a transaction that expires while a client waits, then it gets the code', async () => {
    const waiting = api.post('/v1/transactions?wait=committed', asHexBody(signedNote(api, 1)));
    const timer = setInterval(() => api.ledger.expireAll(), 5);

    const answer = await waiting;
    clearInterval(timer);

    expect(answer.status).to.equal(422);
    expect(answer.json.code).to.equal('NODE_TRANSACTION_EXPIRED');
  });

  it('given a note that exists, when it is written again, then the problem carries the receipt', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    api.ledger.sealByItself();

    const answer = await api.post('/v1/transactions?wait=committed', asHexBody(signedNote(api, 1)));

    expect(answer.status).to.be.within(400, 499);
    expect(answer.json.receipt).to.include({ height: 2, succeeded: false });
    expect(answer.json.remedy).to.be.a('string').that.is.not.empty;
  });

  it('given a failure that the contract declares, then its code and words come back', async () => {
    const close = { book: 'red', number: 1 };
    await writeNotes(api, [signedNote(api, 1)]);
    await writeNotes(api, [signedCall(api, 'close', close)]);
    api.ledger.sealByItself();

    const answer = await api.post(
      '/v1/transactions?wait=committed',
      asHexBody(signedCall(api, 'close', close)),
    );

    expect(answer.status).to.equal(422);
    expect(answer.json).to.include({
      code: 'NOTEBOOK_NOTE_CLOSED',
      detail: 'The note 1 is closed.',
      remedy: 'Write a new note.',
    });
    expect(answer.json.receipt.code).to.equal(900_001);
  });

  it('given a batch with one bad signature, then each item has its own outcome', async () => {
    api.ledger.sealByItself();
    const good = signedNote(api, 1);
    const bad = signedNote(api, 2);
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;

    const answer = await api.post('/v1/transactions/batch?wait=committed', {
      transactions: [good, bad].map(toHex),
    });

    expect(answer.status).to.equal(200);
    expect(answer.json.items[0]).to.deep.include({ status: 200 });
    expect(answer.json.items[1].problem.code).to.equal('NODE_TRANSACTION_SIGNATURE');
  });

  it('given a batch in CBOR, then it is taken like one in JSON', async () => {
    api.ledger.sealByItself();
    const wires = [1, 2, 3].map((number) => signedNote(api, number));

    const answer = await api.request('/v1/transactions/batch?wait=committed', {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: encodeCanonical(wires),
    });

    expect(answer.json.items.map((item: { status: number }) => item.status)).to.deep.equal([
      200, 200, 200,
    ]);
  });

  it('given a final transaction, when it is read, then it never changes and shows its calls', async () => {
    const wire = signedNote(api, 1);
    await writeNotes(api, [wire]);
    const decoded = decodeTransaction(wire);
    const id = toHex(decoded.ok ? decoded.value.id : new Uint8Array());

    const answer = await api.request(`/v1/transactions/${id}`);
    const again = await api.request(`/v1/transactions/${id}`, {
      headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
    });

    expect(answer.headers.get('cache-control')).to.contain('immutable');
    expect(answer.json.transaction.calls[0].args.cost.minor).to.equal('1250');
    expect(again.status).to.equal(304);
  });

  it('given a block that is written and not the head yet, then its transaction is accepted', async () => {
    const wire = signedNote(api, 1);
    await writeNotes(api, [wire]);
    const decoded = decodeTransaction(wire);
    const id = toHex(decoded.ok ? decoded.value.id : new Uint8Array());
    api.ledger.unseen = 1;

    const answer = await api.request(`/v1/transactions/${id}`);

    expect([answer.status, answer.json.state]).to.deep.equal([200, 'accepted']);
  });

  it('given proof=path, then both inclusion paths verify against the header', async () => {
    const wires = [1, 2, 3, 4, 5].map((number) => signedNote(api, number));
    await writeNotes(api, wires);
    const third = decodeTransaction(wires[2] ?? new Uint8Array());
    const id = toHex(third.ok ? third.value.id : new Uint8Array());

    const { json } = await api.request(`/v1/transactions/${id}?proof=path`);

    const block = await api.request('/v1/blocks/1');
    for (const [name, root] of [
      ['transaction', block.json.txRoot],
      ['result', block.json.resultRoot],
    ]) {
      const path = json.proof[name];
      expect(path.root).to.equal(root);
      const proof = {
        root: bytes(path.root),
        size: path.size,
        index: path.index,
        leaf: bytes(path.leaf),
        path: path.path.map(bytes),
      };
      expect(verifyInclusion(proof), name).to.equal(true);
    }
  });

  it('given a prepared body, when it is signed and posted, then it is final', async () => {
    api.ledger.sealByItself();
    const args = { book: 'red', number: 7, text: 'hi', due: '2026-01-31' };
    const prepared = await api.post('/v1/contracts/notebook/write', {
      args: { ...args, cost: { minor: '99', currency: 'GBP' } },
      signers: [{ publicKey: toHex(PUBLIC) }],
    });
    const body = bytes(prepared.json.body);

    const wire = encodeTransaction(body, [signBody(body, SECRET)]);
    const answer = await api.post('/v1/transactions?wait=committed', asHexBody(wire));

    expect(prepared.status).to.equal(200);
    expect(answer.status).to.equal(200);
    expect(answer.json.id).to.equal(prepared.json.id);
  });

  it('given arguments with several faults, then each is named by its pointer', async () => {
    const answer = await api.post('/v1/contracts/notebook/write', {
      args: { book: 'R', number: 0, text: 5, cost: { minor: '-1', currency: 'XXQ' }, more: 1 },
      signers: [{ publicKey: '00' }],
      validForMs: -1,
    });

    const pointers = answer.json.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(answer.json.code).to.equal('NODE_INPUT_INVALID');
    expect(pointers).to.include.members([
      '/args/book',
      '/args/number',
      '/args/text',
      '/args/cost/minor',
      '/args/cost/currency',
      '/args/due',
      '/args/more',
      '/signers/0/publicKey',
      '/validForMs',
    ]);
  });
});

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}
