import { createEngine, recordKeyOf } from '@daybook/contracts';
import {
  assert,
  decodeCanonical,
  fromHex,
  ok,
  toHex,
  treeKeyOf,
  treePrefixOf,
  valueHashOf,
} from '@daybook/core';
import { expect } from 'chai';
import { encodeCursor } from '../../src/api/cursor.ts';
import { API_LIMITS } from '../../src/api/limits.ts';
import type { Records } from '../../src/api/ports.ts';
import { readRecordPage } from '../../src/api/record-list.ts';
import { notebook } from './support/notebook.ts';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';
import { signedCall, signedNote, writeNotes } from './support/signing.ts';

const NOTES = '/v1/contracts/notebook/note';
const noteSpec = createEngine([notebook])
  .manifest()
  .contracts.find(({ name }) => name === notebook.name)?.records.note;
assert(noteSpec !== undefined, 'the fixture has notes');

describe('api: records', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
  });

  afterEach(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  it('given a note, when it is read by its key, then row, stamp and head come back', async () => {
    await writeNotes(api, [signedNote(api, 1)]);

    const { json } = await api.request(`${NOTES}/red/1`);

    expect(json.head.height).to.equal(1);
    expect(json.record.row).to.deep.include({
      book: 'red',
      number: 1,
      cost: { minor: '1250', currency: 'GBP' },
      status: 'open',
    });
    expect(json.record.stamp).to.deep.include({ recordVersion: 1, height: 1, txIndex: 0 });
    // The head is the block that wrote it.
    expect(json.record.time).to.equal(json.head.time);
    expect(json.record.overdue).to.deep.equal([]);
  });

  it('given a due date that has passed, when it is read, then it is overdue', async () => {
    await writeNotes(api, [signedNote(api, 1, { due: '2025-12-31' })]);

    const { json } = await api.request(`${NOTES}/red/1`);

    expect(json.record.overdue).to.deep.equal(['due']);
  });

  it('given Accept CBOR, then the stored bytes come, whose hash the state commits to', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    const receipt = await api.ledger.chain.block(1);

    const answer = await api.request(`${NOTES}/red/1`, { headers: { accept: 'application/cbor' } });

    const decoded = decodeCanonical(answer.bytes, { bytesMax: 1_000_000, depthMax: 8 });
    const record = decoded.ok
      ? (decoded.value as { record: { value: Uint8Array } }).record
      : undefined;
    const hashes = receipt?.results[0]?.writes.map(({ valueHash }) => valueHash);
    expect(hashes).to.deep.include(valueHashOf(record?.value ?? new Uint8Array()));
  });

  it('given no such record, then 404; with proof=bundle its absence is proven', async () => {
    const missing = await api.request(`${NOTES}/red/9`);
    const proof = await api.request(`${NOTES}/red/9?proof=bundle`);

    expect(missing.status).to.equal(404);
    expect(missing.json.code).to.equal('NODE_RECORD_UNKNOWN');
    expect(proof.status).to.equal(200);
    expect(proof.headers.get('content-type')).to.equal('application/vnd.daybook.proof+cbor');
    expect(proof.headers.get('content-disposition')).to.contain(
      'notebook-note-red-9.daybook-proof',
    );
  });

  it('given proof=bundle, then a whole list or a partition is proven, from any place in it', async () => {
    const book = recordKeyOf(noteSpec, { book: 'red', number: 1 });
    if (!book.ok) throw new Error('the key of the fixture is good');
    const key = treeKeyOf(book.value);
    const prefix = treePrefixOf(book.value);

    const whole = await api.request(`${NOTES}?proof=bundle`);
    const part = await api.request(`${NOTES}?book=red&proof=bundle`);
    const later = await api.request(`${NOTES}?book=red&proof=bundle&from=${toHex(key)}`);

    expect(whole.bytes).to.deep.equal(treePrefixOf({ set: noteSpec.set }));
    expect(part.bytes).to.deep.equal(prefix);
    expect(later.bytes).to.deep.equal(key);
    expect(part.headers.get('content-type')).to.equal('application/vnd.daybook.proof+cbor');
    expect(part.headers.get('content-disposition')).to.contain('notebook-note-red.daybook-proof');
  });

  for (const [what, query, parameter] of [
    ['more than the partition', 'book=red&number=1', 'book'],
    ['less than the partition', 'number=1', 'number'],
    ['a place in another list', `book=red&from=${'ab'.repeat(52)}`, 'from'],
    ['no tree key', 'book=red&from=abcd', 'from'],
    ['a partition that cannot be', 'book=RED', 'book'],
  ] as const) {
    it(`given proof=bundle for ${what}, then the fault names the parameter`, async () => {
      const { status, json } = await api.request(`${NOTES}?${query}&proof=bundle`);

      expect(status).to.equal(400);
      expect(json.code).to.equal('NODE_INPUT_INVALID');
      expect(json.errors[0].parameter).to.equal(parameter);
    });
  }

  it('given a key that cannot be, then the fault names the key field', async () => {
    const { status, json } = await api.request(`${NOTES}/RED/one`);

    expect(status).to.equal(400);
    expect(json.errors.map(({ parameter }: { parameter: string }) => parameter)).to.have.members([
      'book',
      'number',
    ]);
  });

  it('given an earlier height, then the state of that height is read and immutable', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    await writeNotes(api, [signedCall(api, 'close', { book: 'red', number: 1 })]);

    const before = await api.request(`${NOTES}/red/1?height=1`);
    const after = await api.request(`${NOTES}/red/1`);

    expect(before.json.record.row.status).to.equal('open');
    expect(after.json.record.row.status).to.equal('closed');
    expect(before.headers.get('cache-control')).to.contain('immutable');
    expect(after.headers.get('cache-control')).to.equal('public, no-cache');
  });

  it('given a height above the head or below what is kept, then the code says which', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    api.ledger.seal();
    api.ledger.prune(1);

    const above = await api.request(`${NOTES}/red/1?height=99`);
    const below = await api.request(`${NOTES}/red/1?height=0`);

    expect([above.status, above.json.code]).to.deep.equal([404, 'NODE_STATE_UNKNOWN']);
    expect([below.status, below.json.code]).to.deep.equal([410, 'NODE_STATE_PRUNED']);
  });

  it('given many notes in two books, when paged, then each comes once and in key order', async () => {
    const wires = [3, 1, 2].flatMap((n) => [
      signedNote(api, n),
      signedNote(api, n, { book: 'blue' }),
    ]);
    await writeNotes(api, wires);

    const seen: string[] = [];
    let path = `${NOTES}?limit=2`;
    for (let pages = 0; path !== '' && pages < 10; pages++) {
      const { json } = await api.request(path);
      seen.push(...json.rows.map(({ row }: { row: Row }) => `${row.book}/${row.number}`));
      path = json.next === undefined ? '' : `${NOTES}?limit=2&cursor=${json.next}`;
    }

    expect(seen).to.deep.equal(['blue/1', 'blue/2', 'blue/3', 'red/1', 'red/2', 'red/3']);
  });

  it('given a leading key field, then only that part of the list comes', async () => {
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 1, { book: 'blue' })]);

    const { json } = await api.request(`${NOTES}?book=blue`);

    expect(json.rows.map(({ row }: { row: Row }) => row.book)).to.deep.equal(['blue']);
  });

  it('given a key field without the one before it, then the fault names the missing one', async () => {
    const { status, json } = await api.request(`${NOTES}?number=1`);

    expect(status).to.equal(400);
    expect(json.errors[0].parameter).to.equal('book');
  });

  it('given a cursor that was tampered with, then it is refused', async () => {
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 2)]);
    const { json } = await api.request(`${NOTES}?limit=1`);
    const cursor = String(json.next);

    const swapped = cursor.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
    const answers = await Promise.all(
      [swapped, cursor.slice(0, -2), 'x', '', '%00', 'a'.repeat(3000)].map((text) =>
        api.request(`${NOTES}?cursor=${text}`),
      ),
    );

    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 400));
  });

  it('given a cursor that points before the first block, then a history refuses it', async () => {
    await writeNotes(api, [signedNote(api, 1)]);

    const answer = await api.request(`${NOTES}/red/1/history?cursor=${encodeCursor(-1)}`);

    expect([answer.status, answer.json.code]).to.deep.equal([400, 'NODE_CURSOR_INVALID']);
  });

  it('given a cursor of another list, then it is refused', async () => {
    for (let height = 0; height < 3; height++) api.ledger.seal();
    const { json } = await api.request('/v1/blocks?limit=1');

    const answer = await api.request(`${NOTES}?cursor=${json.next}`);

    expect([answer.status, answer.json.code]).to.deep.equal([400, 'NODE_CURSOR_INVALID']);
  });

  it('given a query with a condition, then only matching rows come', async () => {
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 2, { due: '2025-01-01' })]);
    await writeNotes(api, [signedCall(api, 'close', { book: 'red', number: 1 })]);

    const open = await api.request('/v1/contracts/notebook/queries/open');
    const late = await api.request('/v1/contracts/notebook/queries/late?book=red');

    expect(open.json.rows.map(({ row }: { row: Row }) => row.number)).to.deep.equal([2]);
    expect(late.json.rows.map(({ row }: { row: Row }) => row.number)).to.deep.equal([2]);
  });

  it('given a query for what is in time, then rows past their day are left out', async () => {
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 2, { due: '2025-01-01' })]);

    const ahead = await api.request('/v1/contracts/notebook/queries/ahead');

    expect(ahead.json.rows.map(({ row }: { row: Row }) => row.number)).to.deep.equal([1]);
  });

  it('given a query that needs a key field, when it is left out, then the fault names it', async () => {
    const { status, json } = await api.request('/v1/contracts/notebook/queries/late');

    expect(status).to.equal(400);
    expect(json.errors[0].parameter).to.equal('book');
  });

  it('given a changed note, when its history is read, then every version names its block', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    await writeNotes(api, [signedCall(api, 'close', { book: 'red', number: 1 })]);

    const first = await api.request(`${NOTES}/red/1/history?limit=1`);
    const second = await api.request(`${NOTES}/red/1/history?limit=1&cursor=${first.json.next}`);

    expect(first.json.versions[0]).to.deep.include({ height: 2 });
    expect(first.json.versions[0].record.row.status).to.equal('closed');
    expect(second.json.versions[0].record.row.status).to.equal('open');
    expect(second.json.versions[0].record.time < first.json.versions[0].record.time).to.equal(true);
    expect(second.json.completeFrom).to.equal(0);
  });

  it('given a record without key, then its path is the record itself', async () => {
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 2)]);

    const { json } = await api.request('/v1/contracts/notebook/counter');

    expect(json.record.row).to.deep.equal({ count: 2 });
  });

  it('given unknown names, then the code says what is unknown', async () => {
    const contract = await api.request('/v1/contracts/nothing/here');
    const record = await api.request('/v1/contracts/notebook/nothing');
    const action = await api.post('/v1/contracts/notebook/burn', {});

    expect(contract.json.code).to.equal('NODE_CONTRACT_UNKNOWN');
    expect(record.json.code).to.equal('NODE_RECORD_SET_UNKNOWN');
    expect(action.json.code).to.equal('NODE_ACTION_UNKNOWN');
  });

  it('given the manifest, then its fields keep the order in which keys are encoded', async () => {
    const { json } = await api.request('/v1/contracts');

    const notebook = json.contracts.find(({ name }: { name: string }) => name === 'notebook');
    expect(Object.keys(notebook.records.note.key)).to.deep.equal(['book', 'number']);
  });

  it('given a seal in hex, then it comes back as hex', async () => {
    const seal = 'ab'.repeat(32);
    const cost = { minor: 1n, currency: 'GBP' };
    const args = { book: 'red', number: 5, text: 'x', cost, due: '2026-01-01' };
    await writeNotes(api, [signedCall(api, 'write', { ...args, seal: fromHex(seal) ?? '' })]);

    const { json } = await api.request(`${NOTES}/red/5`);

    expect(json.record.row.seal).to.equal(seal);
  });

  it('spec S-18: given records of the whole state, then they come as bytes from a tree key on, and what is no tree key is refused', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    const from = 'ab'.repeat(36);

    const first = await api.request('/v1/state/records');
    const next = await api.request(`/v1/state/records?from=${from}&height=1`);
    const wrong = await api.request('/v1/state/records?from=ab');
    const above = await api.request('/v1/state/records?height=9');

    expect(first.headers.get('content-type')).to.equal('application/octet-stream');
    expect([first.status, next.status]).to.deep.equal([200, 200]);
    expect(first.bytes).to.not.deep.equal(next.bytes);
    expect([wrong.status, wrong.json.code]).to.deep.equal([400, 'NODE_INPUT_INVALID']);
    expect([above.status, above.json.code]).to.deep.equal([404, 'NODE_STATE_UNKNOWN']);
  });

  it('given large records that a filter leaves out, then a page ends early, and is of one state', async () => {
    const value = new Uint8Array(API_LIMITS.pageBytesMax / 120);
    const asked: (number | undefined)[] = [];
    const list: Records['list'] = async ({ set }, { limit, height }) => {
      asked.push(height);
      const key = Uint8Array.of(asked.length);
      const head = { ...api.ledger.chain.head(), height: 6 + asked.length };
      return ok({
        head,
        records: Array.from({ length: limit }, () => ({ key: { set, key }, value })),
      });
    };
    const selection = { leading: {}, where: { field: 'status', is: ['open'] } };
    const request = { cursor: undefined, limit: 1, height: undefined };

    const found = await readRecordPage(noteSpec, selection, request, {
      ...api.ledger.records,
      list,
    });

    expect(found.ok && found.value.head.height).to.equal(7);
    expect(found.ok && found.value.next).to.be.a('string');
    expect(asked).to.deep.equal([undefined, 7, 7]);
  });
});

interface Row {
  readonly book: string;
  readonly number: number;
}
