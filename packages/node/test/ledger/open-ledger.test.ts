/** Opening a ledger: genesis, execution again, and logs that are not what they should be. */
import { blockHash, decodeBlock, encodeBlock, toHex, treeKeyOf } from '@daybook/core';
import { openBlockLog, openStateStore } from '@daybook/state';
import { expect } from 'chai';
import { NodeError } from '../../src/errors.ts';
import type { Disks, OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  grow,
  makeGenesis,
  noteOf,
  openChain,
} from '../support/chain.ts';

const genesis = makeGenesis();

async function grown(
  count: number,
): Promise<Disks & { readonly head: string; readonly root: string }> {
  const disks = freshDisks();
  const { ledger, close } = await openChain(genesis, disks);
  await grow(ledger, count);
  const { hash, header } = ledger.head();
  await close();
  return { ...disks, head: toHex(hash), root: toHex(header.stateRoot) };
}

/** The newest states made again with a record that no block wrote, every checksum right. */
async function forgeState({ state, keyValue }: Disks, count: number): Promise<void> {
  const store = await openStateStore(
    { directory: '/state' },
    { disk: state, openKeyValue: async () => keyValue },
  );
  const newest = store.appliedHeight() ?? 0;
  const recordKey = { set: 1, key: Uint8Array.of(7) };
  await store.rollBack(newest - count);
  for (let height = newest - count + 1; height <= newest; height++) {
    const write = { recordKey, treeKey: treeKeyOf(recordKey), value: Uint8Array.of(height) };
    await store.commit(store.stage({ height, writes: [write] }));
  }
  await store.close();
}

async function codeOf(opening: Promise<OpenChain>): Promise<string> {
  try {
    await opening;
    return 'opened';
  } catch (error) {
    return error instanceof NodeError ? error.code : String(error);
  }
}

/** The same log with one stored block replaced under its old hash, checksums right. */
async function withReplaced(
  from: Disks,
  height: number,
  change: (bytes: Uint8Array) => { readonly bytes?: Uint8Array; readonly certificate?: Uint8Array },
): Promise<Disks> {
  const old = await openBlockLog({ directory: '/blocks' }, { disk: from.blocks });
  const disks = { ...freshDisks(), state: from.state, keyValue: from.keyValue };
  const log = await openBlockLog({ directory: '/blocks' }, { disk: disks.blocks });
  const head = old.head()?.height ?? 0;
  for (let at = 0; at <= head; at++) {
    const block = old.readBlock(at);
    if (block === undefined) throw new Error(`no block ${at}`);
    await log.appendRange([{ ...block, ...(at === height && change(block.bytes)) }]);
  }
  await log.close();
  return disks;
}

function withLaterTime(bytes: Uint8Array): { readonly bytes: Uint8Array } {
  const block = decodeBlock(bytes);
  if (!block.ok) throw new Error(block.reason.code);
  const { header, body } = block.value;
  return {
    bytes: encodeBlock({ header: { ...header, timestampMs: header.timestampMs + 1 }, body }),
  };
}

describe('node: opening a ledger', () => {
  it('given an empty directory, when opened twice, then both times genesis is the head', async () => {
    const disks = freshDisks();
    const first = await openChain(genesis, disks);
    const { header, hash } = first.ledger.head();
    await first.close();

    const second = await openChain(genesis, disks);

    expect(header.height).to.equal(0);
    expect(second.ledger.head().hash).to.deep.equal(hash);
    expect(second.reexecuted).to.equal(0);
  });

  it('given blocks, when opened after a clean stop, then nothing is executed again', async () => {
    const disks = await grown(5);

    const { ledger, reexecuted } = await openChain(genesis, disks);

    expect(reexecuted).to.equal(0);
    expect(toHex(ledger.head().hash)).to.equal(disks.head);
  });

  it('spec S-11: given a state store that lost everything, when opened, then all blocks are executed again to the same root', async () => {
    const disks = await grown(5);

    const { ledger, reexecuted, stateStore } = await openChain(genesis, {
      ...freshDisks(),
      blocks: disks.blocks,
    });

    expect(reexecuted).to.equal(5);
    expect(toHex(ledger.head().hash)).to.equal(disks.head);
    expect(toHex(stateStore.rootAt(5) ?? new Uint8Array())).to.equal(disks.root);
  });

  it('given a state store ahead of the block log, when opened, then it goes back and the chain goes on', async () => {
    const short = await grown(2);
    const long = freshDisks();
    const source = await openBlockLog({ directory: '/blocks' }, { disk: short.blocks });
    const log = await openBlockLog({ directory: '/blocks' }, { disk: long.blocks });
    for (let at = 0; at <= 2; at++) {
      const block = source.readBlock(at);
      if (block !== undefined) await log.appendRange([block]);
    }
    await log.close();
    const ahead = await openChain(genesis, short);
    await grow(ahead.ledger, 3);
    await ahead.close();

    const { ledger, lost } = await openChain(genesis, { ...short, blocks: long.blocks });
    await grow(ledger, 1);

    expect(lost).to.equal(3);
    expect(ledger.head().header.height).to.equal(3);
  });

  it('R15: given a state whose last root its block does not name, when opened, then that height is executed again', async () => {
    const disks = await grown(6);
    await forgeState(disks, 1);
    const chain = await openChain(genesis, disks);

    expect(chain.reexecuted).to.equal(1);
    expect(toHex(chain.stateStore.rootAt(6) ?? new Uint8Array())).to.equal(disks.root);
    expect(toHex(chain.ledger.head().hash)).to.equal(disks.head);
    await grow(chain.ledger, 1);
    await chain.close();
  });

  it('R15: given a state of which two heights differ from their blocks, when opened, then NODE_STATE_DIVERGED', async () => {
    const disks = await grown(6);
    await forgeState(disks, 2);

    expect(await codeOf(openChain(genesis, disks))).to.equal('NODE_STATE_DIVERGED');
  });

  it('spec §4: given final transactions still valid, when opened again, then they may not be included again', async () => {
    const disks = freshDisks();
    const first = await openChain(genesis, disks);
    const note = noteOf(genesis, 1);
    const block = buildNext(first.ledger, [note]);
    await first.ledger.commit(block, certify(first.ledger, block));
    await first.close();

    const { ledger } = await openChain(genesis, disks);
    const again = buildNext(ledger, [note]);
    const { header } = again;
    const judged = await ledger.judge({ header, body: [note.bytes] });

    expect(ledger.replay.find(note.id)?.height).to.equal(1);
    expect(judged).to.deep.equal({
      ok: false,
      reason: { code: 'NODE_BLOCK_TRANSACTION', index: 0, reason: 'NODE_TRANSACTION_REPLAYED' },
    });
  });

  it('given a state whose block log is gone, when opened, then NODE_BLOCK_MISSING', async () => {
    for (const count of [0, 3]) {
      const { state, keyValue } = await grown(count);

      const opening = openChain(genesis, { ...freshDisks(), state, keyValue });

      expect(await codeOf(opening), `${count} blocks`).to.equal('NODE_BLOCK_MISSING');
    }
  });

  it('given the directory of another chain, when opened, then NODE_GENESIS_MISMATCH', async () => {
    const disks = await grown(1);

    expect(await codeOf(openChain(makeGenesis({ name: 'another' }), disks))).to.equal(
      'NODE_GENESIS_MISMATCH',
    );
  });

  it('given a genesis that the contracts do not take, when opened, then NODE_GENESIS_INVALID', async () => {
    const opening = openChain(makeGenesis({ roles: [] }), freshDisks());

    expect(await codeOf(opening)).to.equal('NODE_GENESIS_INVALID');
  });

  it('given another header under the hash of the head, when opened, then NODE_CHAIN_BROKEN', async () => {
    const disks = await withReplaced(await grown(3), 3, withLaterTime);

    expect(await codeOf(openChain(genesis, disks))).to.equal('NODE_CHAIN_BROKEN');
  });

  it('given another header in the middle, when opened, then NODE_CHAIN_BROKEN', async () => {
    const disks = await withReplaced(await grown(3), 2, withLaterTime);

    expect(await codeOf(openChain(genesis, disks))).to.equal('NODE_CHAIN_BROKEN');
  });

  for (const lost of [false, true]) {
    const when = lost ? 'to be executed again' : 'whose state is stored';
    it(`given a head ${when} with a certificate that does not hold, when opened, then NODE_CERTIFICATE_BROKEN`, async () => {
      const broken = await withReplaced(await grown(3), 3, () => ({
        certificate: new Uint8Array(100),
      }));
      const disks = lost ? { ...freshDisks(), blocks: broken.blocks } : broken;

      expect(await codeOf(openChain(genesis, disks))).to.equal('NODE_CERTIFICATE_BROKEN');
    });
  }

  it('given a certificate of another block, when opened, then NODE_CERTIFICATE_BROKEN', async () => {
    const disks = await grown(3);
    const log = await openBlockLog({ directory: '/blocks' }, { disk: disks.blocks });
    const other = log.readFinalisation(2)?.certificate ?? new Uint8Array();
    await log.close();
    const broken = await withReplaced(disks, 3, () => ({ certificate: other }));

    expect(await codeOf(openChain(genesis, broken))).to.equal('NODE_CERTIFICATE_BROKEN');
  });

  it('given block 0, then its hash follows from genesis alone', async () => {
    const { ledger } = await openChain(genesis, freshDisks());

    expect(ledger.head().hash).to.deep.equal(blockHash(ledger.head().header));
    expect(ledger.head().header.chain).to.deep.equal(genesis.chain);
  });
});
