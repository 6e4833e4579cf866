/** The ledger: building, judging and committing blocks, one after the other. */
import type { Block, Header, Transaction } from '@daybook/core';
import {
  asSignature,
  decodeBlock,
  decodeTransaction,
  encodeTransaction,
  LIMITS,
  refOf,
  toHex,
  transactionRoot,
  ZERO_HASH,
} from '@daybook/core';
import { createMemoryDisk, StateError } from '@daybook/state';
import { expect } from 'chai';
import type { Committed, Ledger } from '../../src/ledger/ledger.ts';
import type { ExecutedBlock } from '../../src/ledger/tip.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  GENESIS_MS,
  grow,
  makeGenesis,
  noteOf,
  notesOf,
  openChain,
} from '../support/chain.ts';

const genesis = makeGenesis();

function blockOf({ bytes }: ExecutedBlock): Block {
  const block = decodeBlock(bytes);
  if (!block.ok) throw new Error(block.reason.code);
  return block.value;
}

async function openLedger(founded = genesis): Promise<Ledger> {
  return (await openChain(founded, freshDisks())).ledger;
}

function withOtherSignature({ bodyBytes, signatures }: Transaction): Transaction {
  const junk = signatures.map((one) => asSignature(one.map((byte, at) => byte ^ Number(at === 5))));
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, junk));
  if (!decoded.ok) throw new Error(decoded.reason.code);
  return decoded.value;
}

/** The blocks of a chain, executed on the head of another one. */
async function executedAgain(source: OpenChain, ledger: Ledger): Promise<readonly Committed[]> {
  let tip = ledger.head();
  const range: Committed[] = [];
  for (let height = 1; height <= source.ledger.head().header.height; height++) {
    const stored = source.blockLog.readBlock(height);
    const block = decodeBlock(stored?.bytes ?? new Uint8Array());
    const judged = block.ok ? await ledger.judge(block.value, tip) : block;
    if (!judged.ok) throw new Error(judged.reason.code);
    range.push({ block: judged.value, certificate: certify(ledger, judged.value) });
    tip = judged.value.tip;
  }
  return range;
}

/** The first of a range, as consensus hands it over. */
function decided([first]: readonly Committed[]): Parameters<Ledger['commit']> {
  if (first === undefined) throw new Error('a range has blocks');
  return [first.block, first.certificate];
}

async function codeOf(task: Promise<void>): Promise<string> {
  return await task.then(
    () => 'no failure',
    (error: unknown) => (error instanceof StateError ? error.code : String(error)),
  );
}

describe('node: ledger', () => {
  it('given a block built here, when another ledger judges it, then it executes to the same block', async () => {
    const [proposer, judge] = [await openLedger(), await openLedger()];
    const built = buildNext(proposer, [noteOf(genesis, 1), noteOf(genesis, 2)]);

    const judged = await judge.judge(blockOf(built));

    expect(judged.ok && toHex(judged.value.hash)).to.equal(toHex(built.hash));
    expect(built.outcomes.map(({ result }) => result.code)).to.deep.equal([0, 0, 0]);
  });

  it('spec D-19: given a call that a contract refuses, when its block is judged, then it stands with its code', async () => {
    const ledger = await openLedger();
    const built = buildNext(ledger, [noteOf(genesis, 1), noteOf(genesis, 1)]);

    const judged = await ledger.judge(blockOf(built));

    expect(judged.ok).to.equal(true);
    expect(built.outcomes[0]?.result.code).to.equal(0);
    expect(built.outcomes[1]?.result.code).not.to.equal(0);
    expect(built.outcomes[1]?.result.writes).to.deep.equal([]);
  });

  it('spec X-36: given more than a block has work for, then a proposer takes the first, and a block of all is refused', async () => {
    const wide = makeGenesis({ blockBytesMax: LIMITS.blockBytesHardMax });
    const [proposer, judge] = [await openLedger(wide), await openLedger(wide)];
    const offered = Array.from({ length: 60 }, (_, n) => notesOf(wide, n * 250, 250));

    const built = buildNext(proposer, offered);

    const { length: taken } = built.entries;
    expect(taken).to.be.greaterThan(10).and.lessThan(offered.length);
    expect((await judge.judge(blockOf(built))).ok).to.equal(true);
    const entries = offered.map((transaction) => ({ type: 'transaction', transaction }) as const);
    const body = offered.map(({ bytes }) => bytes);
    const header = { ...built.header, txRoot: transactionRoot(entries.map(refOf)) };
    const judged = await judge.judge({ header, body });
    const reason = judged.ok ? undefined : judged.reason;
    expect(reason).to.include({ code: 'NODE_BLOCK_TRANSACTION', reason: 'CONTRACTS_BLOCK_WORK' });
    expect(reason).to.have.property('index').that.is.greaterThan(taken);
  });

  const fields: readonly (readonly [string, Partial<Header>])[] = [
    ['version', { version: 2 }],
    ['chain', { chain: ZERO_HASH }],
    ['height', { height: 7 }],
    ['parentHash', { parentHash: ZERO_HASH }],
    ['timestampMs', { timestampMs: GENESIS_MS }],
    ['validatorsHash', { validatorsHash: ZERO_HASH }],
    ['historyRoot', { historyRoot: ZERO_HASH }],
    ['proposer', { proposer: ZERO_HASH as unknown as Header['proposer'] }],
    ['txRoot', { txRoot: ZERO_HASH }],
  ];
  for (const [field, change] of fields) {
    it(`spec C-8: given a header whose ${field} contradicts parent or body, when judged, then it is refused for it`, async () => {
      const ledger = await openLedger();
      const { header, body } = blockOf(buildNext(ledger, [noteOf(genesis, 1)]));

      const judged = await ledger.judge({ header: { ...header, ...change }, body });

      expect(judged).to.deep.equal({ ok: false, reason: { code: 'NODE_BLOCK_FIELD', field } });
    });
  }

  const roots: readonly (readonly [string, Partial<Header>])[] = [
    ['state', { stateRoot: ZERO_HASH }],
    ['result', { resultRoot: ZERO_HASH }],
    ['nextValidators', { nextValidatorsHash: ZERO_HASH }],
  ];
  for (const [root, change] of roots) {
    it(`spec C-10: given another ${root} root than execution gives, when judged, then it is refused for it`, async () => {
      const ledger = await openLedger();
      const { header, body } = blockOf(buildNext(ledger, [noteOf(genesis, 1)]));

      const judged = await ledger.judge({ header: { ...header, ...change }, body });

      expect(judged).to.deep.equal({ ok: false, reason: { code: 'NODE_BLOCK_ROOT', root } });
    });
  }

  const bodies: readonly (readonly [string, string, () => readonly Transaction[]])[] = [
    [
      'of another chain',
      'NODE_TRANSACTION_CHAIN',
      () => [noteOf(genesis, 1, { chain: ZERO_HASH })],
    ],
    [
      'that has expired',
      'NODE_TRANSACTION_EXPIRED',
      () => [noteOf(genesis, 1, { validUntilMs: GENESIS_MS + 100 })],
    ],
    [
      'valid for too long',
      'NODE_TRANSACTION_VALIDITY',
      () => [noteOf(genesis, 1, { validUntilMs: GENESIS_MS + 600_101 })],
    ],
    [
      'with a forged signature',
      'NODE_TRANSACTION_SIGNATURE',
      () => [noteOf(genesis, 1, { forged: true })],
    ],
  ];
  for (const [words, reason, transactions] of bodies) {
    it(`spec D-17: given a transaction ${words}, when its block is judged, then ${reason}`, async () => {
      const ledger = await openLedger();
      const built = buildNext(ledger, transactions());

      const judged = await ledger.judge(blockOf(built));

      const expected = { code: 'NODE_BLOCK_TRANSACTION', index: 0, reason };
      expect(judged).to.deep.equal({ ok: false, reason: expected });
    });
  }

  it('spec D-18: given one id twice in a body, when judged, then it is replayed', async () => {
    const ledger = await openLedger();
    const note = noteOf(genesis, 1);
    const built = buildNext(ledger, [note, note]);

    const judged = await ledger.judge(blockOf(built));

    const reason = {
      code: 'NODE_BLOCK_TRANSACTION',
      index: 1,
      reason: 'NODE_TRANSACTION_REPLAYED',
    };
    expect(judged).to.deep.equal({ ok: false, reason });
  });

  it('spec D-16: given other signatures under the id of a good transaction, when judged, then they are verified', async () => {
    const ledger = await openLedger();
    const note = noteOf(genesis, 1);
    await ledger.judge(blockOf(buildNext(ledger, [note])));

    const judged = await ledger.judge(blockOf(buildNext(ledger, [withOtherSignature(note)])));

    expect(judged.ok ? 'valid' : judged.reason).to.include({
      reason: 'NODE_TRANSACTION_SIGNATURE',
    });
  });

  it('given a certified block, when committed, then head, log, state and listeners follow', async () => {
    const { ledger, blockLog, stateStore } = await openChain(genesis, freshDisks());
    const seen: number[] = [];
    const forget = ledger.onCommit(({ block }) => seen.push(block.header.height));
    await grow(ledger, 2);
    forget();
    await grow(ledger, 1);

    expect(seen).to.deep.equal([1, 2]);
    expect(ledger.head().header.height).to.equal(3);
    expect(blockLog.head()?.blockHash).to.deep.equal(ledger.head().hash);
    expect(stateStore.rootAt(3)).to.deep.equal(ledger.head().header.stateRoot);
  });

  it('given a range executed block on block, when committed, then the log has it after one sync and the state follows', async () => {
    const source = await openChain(genesis, freshDisks());
    await grow(source.ledger, 3);
    const target = await openChain(genesis, freshDisks());
    const range = await executedAgain(source, target.ledger);

    await target.ledger.commitRange(range);

    expect(toHex(target.ledger.head().hash)).to.equal(toHex(source.ledger.head().hash));
  });

  it('spec F5: given a state without room behind a log that has the range, when the range comes again, then it is not written twice and a start finds all of it', async () => {
    const source = await openChain(genesis, freshDisks());
    await grow(source.ledger, 3);
    let isFull = false;
    const fault = (operation: string) =>
      isFull && operation === 'write' ? ('full' as const) : undefined;
    const disks = { ...freshDisks(), state: createMemoryDisk({ fault }) };
    const { ledger, blockLog } = await openChain(genesis, disks);
    const range = await executedAgain(source, ledger);

    isFull = true;
    const first = await codeOf(ledger.commitRange(range));
    isFull = false;
    const again = await codeOf(ledger.commitRange(range));
    const alone = await codeOf(ledger.commit(...decided(range)));

    expect([first, again, alone]).to.deep.equal(Array(3).fill('STATE_DISK_FULL'));
    expect([ledger.head().header.height, blockLog.head()?.height]).to.deep.equal([0, 3]);
    const restarted = await openChain(genesis, disks);
    expect(toHex(restarted.ledger.head().hash)).to.equal(toHex(source.ledger.head().hash));
  });

  it('given more candidates than states are kept of, when the first is decided, then it is executed again and final', async () => {
    const disks = freshDisks();
    const { ledger } = await openChain(genesis, disks);
    const candidates = Array.from({ length: 20 }, (_, index) =>
      buildNext(ledger, [noteOf(genesis, index + 1)]),
    );
    const [first = expect.fail('there are candidates')] = candidates;

    await ledger.commit(first, certify(ledger, first));

    expect(first.staged.isDiscarded()).to.equal(true);
    expect(toHex(ledger.head().hash)).to.equal(toHex(first.hash));
    await grow(ledger, 1);
    const { ledger: restarted } = await openChain(genesis, disks);
    expect(toHex(restarted.head().hash)).to.equal(toHex(ledger.head().hash));
  });

  it('spec R15: given a candidate and caches that are dropped, when it is decided, then it is executed again and final', async () => {
    const { ledger } = await openChain(genesis, freshDisks());
    const built = buildNext(ledger, [noteOf(genesis, 1)]);
    await ledger.dropCaches();

    await ledger.commit(built, certify(ledger, built));

    expect(toHex(ledger.head().hash)).to.equal(toHex(built.hash));
  });

  it('spec R15: given a value that went bad in memory, when the caches are dropped, then a good block is good again', async () => {
    // Built elsewhere: nothing of this ledger remembers what it read.
    const [proposer, ledger] = [await openLedger(), await openLedger()];
    const first = buildNext(proposer, [noteOf(genesis, 1)]);
    const followed = await ledger.judge(blockOf(first));
    if (!followed.ok) throw new Error(followed.reason.code);
    await proposer.commit(first, certify(proposer, first));
    await ledger.commit(followed.value, certify(ledger, followed.value));
    const built = buildNext(proposer, [noteOf(genesis, 9)]);
    // The counter of notes, which every block reads and writes.
    const { reader } = ledger.head();
    const held = built.writes
      .map(({ recordKey }) => reader.get(recordKey))
      .findLast((value) => value !== undefined);
    if (held === undefined) throw new Error('a counter is held');
    held[held.length - 1] = (held.at(-1) ?? 0) ^ 1;
    const poisoned = await ledger.judge(blockOf(built));

    await ledger.dropCaches();
    const judged = await ledger.judge(blockOf(built));

    const reason = { code: 'NODE_BLOCK_ROOT', root: 'state' };
    expect(poisoned, 'with the bad value').to.deep.equal({ ok: false, reason });
    expect(judged.ok, 'from the disk').to.equal(true);
  });
});
