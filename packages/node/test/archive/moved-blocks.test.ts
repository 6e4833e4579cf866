/** Blocks whose segments were moved away: read back from the archive, or refused with the reason. */
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { createEngine, manifestRecordKey } from '@daybook/contracts';
import { asTransactionId, decodeBlock, decodeProofBundle, encodeHeader } from '@daybook/core';
import type { BlockLog, FinalBlock } from '@daybook/state';
import { createNodeDisk, openBlockLog } from '@daybook/state';
import { expect } from 'chai';
import { openArchive } from '../../src/archive/archive-source.ts';
import type { BlockReader } from '../../src/archive/block-reader.ts';
import { createBlockReader } from '../../src/archive/block-reader.ts';
import { reachOfJoiners, removable } from '../../src/archive/trim.ts';
import { verifyArchive } from '../../src/archive/verify-archive.ts';
import { writeArchive } from '../../src/archive/write-archive.ts';
import { NodeError } from '../../src/errors.ts';
import { createFoundDamage } from '../../src/found-damage.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { NODE_METRICS } from '../../src/metrics-table.ts';
import { buildProofBundle } from '../../src/reads/proofs.ts';
import { schemaSourceOf } from '../../src/reads/schema.ts';
import { damagedIndexes, fetchIndexes } from '../../src/repair/moved-damage.ts';
import { notebook } from '../api/support/notebook.ts';
import type { Disks } from '../support/chain.ts';
import { freshDisks, grow, makeGenesis, openChain } from '../support/chain.ts';

const HEIGHT = 40;
const MOVED = 3;
const genesis = makeGenesis();
const contracts = [...applications, notebook];

/** As the simplest web servers do it: always the whole file. */
async function servePlainly(folder: string) {
  const server = createServer(({ url = '' }, response) => {
    const file = path.join(folder, path.basename(url));
    const isThere = existsSync(file);
    response.writeHead(isThere ? 200 : 404).end(isThere ? readFileSync(file) : undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

describe('node: blocks that were moved to an archive', () => {
  let parent: string;
  let dataDirectory: string;
  let archive: string;
  let names: readonly string[];
  let blocks: readonly FinalBlock[];
  let blockLog: BlockLog;
  let disks: Disks;

  before(async () => {
    parent = mkdtempSync(path.join(tmpdir(), 'daybook-moved-test-'));
    dataDirectory = path.join(parent, 'data');
    archive = path.join(parent, 'archive');
    const folder = path.join(dataDirectory, 'blocks');
    mkdirSync(folder, { recursive: true });
    disks = freshDisks();
    const chain = await openChain(genesis, disks, { segmentBytes: 8000 });
    await grow(chain.ledger, HEIGHT);
    blocks = Array.from(
      { length: HEIGHT + 1 },
      (_, height) => chain.blockLog.readBlock(height) ?? expect.fail(`block ${height} is there`),
    );
    await chain.close();
    for (const name of disks.blocks.list('/blocks')) {
      writeFileSync(path.join(folder, name), disks.blocks.content(`/blocks/${name}`));
    }
    writeFileSync(path.join(parent, 'genesis.json'), JSON.stringify(genesis.document));
    write(archive);
    names = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .slice(0, MOVED);
    for (const name of names) {
      const at = path.join(folder, name);
      renameSync(at.replace(/log$/, 'idx'), at.replace(/log$/, 'moved'));
      rmSync(at);
    }
    blockLog = await openBlockLog({ directory: folder }, { disk: createNodeDisk() });
  });
  after(async () => {
    await blockLog.close();
    rmSync(parent, { recursive: true, force: true });
  });

  function write(target: string, source?: string) {
    const genesisFile = path.join(parent, 'genesis.json');
    return writeArchive({ dataDirectory, genesis, genesisFile, archive: source }, target);
  }

  function readerOf(source: string | undefined): BlockReader {
    const metrics = createMetrics();
    metrics.register(NODE_METRICS);
    return createBlockReader({
      blockLog,
      genesis,
      archive: source === undefined ? undefined : openArchive(source),
      signingAt: () => ({ validators: genesis.validators, era: genesis.chain }),
      logger: SILENT_LOGGER,
      metrics,
      damage: createFoundDamage(SILENT_LOGGER),
    });
  }

  async function codeOf(reading: Promise<unknown>): Promise<string> {
    try {
      return (await reading) === undefined ? 'nothing' : 'block';
    } catch (error) {
      return error instanceof NodeError ? error.code : String(error);
    }
  }

  const firstHere = (): number => blockLog.firstHeight() ?? expect.fail('there are blocks');

  it('given a folder and a server that knows no ranges, then every block and transaction is as it was', async () => {
    const plain = await servePlainly(archive);
    try {
      expect(firstHere()).to.be.above(8);
      for (const source of [archive, plain.url]) {
        const reader = readerOf(source);
        for (const [height, block] of blocks.entries()) {
          expect(await reader.readBlock(height), `${source} ${height}`).to.deep.equal(block);
          for (const [index, { id }] of block.transactions.entries()) {
            expect(await reader.locate(id)).to.deep.equal({ height, index });
          }
        }
        expect(await reader.readBlock(HEIGHT + 1)).to.equal(undefined);
        expect(await reader.locate(asTransactionId(new Uint8Array(32)))).to.equal(undefined);
      }
    } finally {
      await plain.stop();
    }
  });

  it('given a transaction id that only begins like one, then it stands nowhere', async () => {
    const { id } = blocks[1]?.transactions[0] ?? expect.fail('block 1 has a transaction');
    const bent = Uint8Array.from(id);
    bent[31] = (bent[31] ?? 0) ^ 1;

    expect(blockLog.findMoved(asTransactionId(bent))).to.deep.equal({ height: 1, index: 0 });
    expect(await readerOf(archive).locate(asTransactionId(bent))).to.equal(undefined);
  });

  it('spec S-7: given any flipped byte of a segment, then its block is refused by name and never served', async () => {
    const folder = mkdtempSync(path.join(parent, 'bent-'));
    cpSync(archive, folder, { recursive: true });
    const [name = ''] = names;
    const file = path.join(folder, name);
    const clean = readFileSync(file);
    let refused = 0;
    for (let at = 20; at < clean.length; at += Math.floor(clean.length / 40)) {
      const bytes = Buffer.from(clean);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(file, bytes);
      const reader = readerOf(folder);
      for (let height = 0; blockLog.movedPlace(height)?.path.endsWith(name) === true; height++) {
        const code = await codeOf(reader.readBlock(height));
        if (code === 'NODE_ARCHIVE_DAMAGED') refused += 1;
        else expect(await reader.readBlock(height), `byte ${at}`).to.deep.equal(blocks[height]);
      }
    }
    expect(refused).to.be.above(30);

    const reader = readerOf(folder);
    writeFileSync(file, clean.subarray(0, 30));
    expect(await codeOf(reader.readBlock(1))).to.equal('NODE_ARCHIVE_DAMAGED');
    writeFileSync(file, clean);
    expect(await reader.readBlock(1), 'a replaced file is read again').to.deep.equal(blocks[1]);
  });

  it('given sound records of another chain of the same shape, then they are refused', async () => {
    const folder = mkdtempSync(path.join(parent, 'other-'));
    const other = makeGenesis({ name: 'another' });
    const disks = freshDisks();
    const chain = await openChain(other, disks, { segmentBytes: 8000 });
    await grow(chain.ledger, HEIGHT);
    await chain.close();
    for (const name of disks.blocks.list('/blocks')) {
      writeFileSync(path.join(folder, name), disks.blocks.content(`/blocks/${name}`));
    }

    expect(await codeOf(readerOf(folder).readBlock(2))).to.equal('NODE_ARCHIVE_DAMAGED');
  });

  it('given no archive, one that lacks the file, or a server that is gone, then each is told apart', async () => {
    const empty = mkdtempSync(path.join(parent, 'empty-'));
    const server = await servePlainly(empty);
    const missing = await codeOf(readerOf(server.url).readBlock(1));
    await server.stop();

    expect(missing).to.equal('NODE_ARCHIVE_AWAY');
    expect(await codeOf(readerOf(server.url).readBlock(1))).to.equal('NODE_ARCHIVE_AWAY');
    expect(await codeOf(readerOf(empty).readBlock(1))).to.equal('NODE_ARCHIVE_AWAY');
    expect(await codeOf(readerOf(undefined).readBlock(1))).to.equal('nothing');
    expect(await codeOf(readerOf(undefined).readBlock(HEIGHT))).to.equal('block');
  });

  it('given a trimmed node, when it is archived again, then the folder with the older segments stays whole and no other is begun', async () => {
    const fresh = mkdtempSync(path.join(parent, 'fresh-'));
    const manifest = write(archive);
    const verified = await verifyArchive({ directory: archive, genesis }, { contracts });

    expect(manifest).to.include({ first: 0, last: HEIGHT });
    expect(verified.ok && verified.value.executed).to.equal(true);
    expect(() => write(fresh))
      .to.throw(NodeError)
      .with.property('code', 'NODE_ARCHIVE_INCOMPLETE');
  });

  it('given a trimmed node whose archive is a folder, when it is backed up elsewhere, then the older segments come from there, and only these very bytes', async () => {
    const fresh = mkdtempSync(path.join(parent, 'fresh-'));
    const manifest = write(fresh, archive);
    const verified = await verifyArchive({ directory: fresh, genesis }, { contracts });
    const other = mkdtempSync(path.join(parent, 'foreign-'));
    cpSync(archive, other, { recursive: true });
    const [name = ''] = names;
    const damaged = readFileSync(path.join(other, name));
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    writeFileSync(path.join(other, name), damaged);
    const next = mkdtempSync(path.join(parent, 'fresh-'));

    expect(manifest).to.include({ first: 0, last: HEIGHT });
    expect(verified.ok && verified.value.executed).to.equal(true);
    expect(() => write(next, other))
      .to.throw()
      .with.property('code', 'STATE_BLOCK_DAMAGED');
    expect(existsSync(path.join(next, 'archive.json'))).to.equal(false);
  });

  it('given what a node keeps, then segments go that are older, but for those with a block that is needed', () => {
    const segments = blockLog.sealed();
    const head = { below: HEIGHT + 1, needed: [], isInReach: () => false };
    const here = segments.filter(({ size }) => size !== undefined);
    const [oldest, next] = here;
    if (oldest === undefined || next === undefined) return expect.fail('two segments are here');

    expect(removable(segments, head)).to.deep.equal(here);
    expect(removable(segments, { ...head, below: next.last })).to.deep.equal([oldest]);
    expect(removable(segments, { ...head, below: next.last + 1 })).to.deep.equal([oldest, next]);
    expect(removable(segments, { ...head, needed: [oldest.last] })).to.deep.equal(here.slice(1));
    const isInReach = (height: number): boolean => height >= next.last;
    expect(removable(segments, { ...head, isInReach })).to.deep.equal([oldest]);
  });

  it('given an offered height, then what joiners by it ask for stays: hours of blocks, and at least 100', async () => {
    const chain = await openChain(genesis, freshDisks());
    await grow(chain.ledger, 130);
    const { blockLog: log, stateStore } = chain;

    expect(reachOfJoiners({ blockLog: log, stateStore })(1), 'nothing is offered').to.equal(false);
    await stateStore.pin(120, 'snapshots');
    const isInReach = reachOfJoiners({ blockLog: log, stateStore });

    expect(isInReach(21), 'one of the last 100').to.equal(true);
    expect(isInReach(1), 'of the same day').to.equal(true);
    await chain.close();
  });

  it('given a pinned height whose block was moved, then its records are proven by the archived one, or refused by name', async () => {
    const chain = await openChain(genesis, disks, { segmentBytes: 8000 });
    const { stateStore, ledger } = chain;
    const manifest = createEngine(contracts).manifestOf(ledger.head().reader);
    const recordKey = manifestRecordKey();
    const proofAt = (source: string | undefined) =>
      buildProofBundle(recordKey, 1, {
        genesis,
        blockLog,
        blocks: readerOf(source),
        stateStore,
        schemaOf: (set) => schemaSourceOf(manifest, set),
        laterSets: async () => [],
      });

    expect(blockLog.readBlock(1), 'block 1 was moved').to.equal(undefined);
    const bundle = decodeProofBundle((await proofAt(archive)) ?? expect.fail('it is owned'));
    const block = decodeBlock(blocks[1]?.bytes ?? expect.fail('there is a block 1'));
    expect(block.ok && bundle.ok && bundle.value.header).to.deep.equal(
      block.ok && encodeHeader(block.value.header),
    );
    const refused = await proofAt(undefined).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(NodeError).with.property('code', 'NODE_BLOCK_PRUNED');
    await chain.close();
  });

  it('given a damaged index of a moved segment, then it is named and fetched again, and no other is taken', async () => {
    const folder = mkdtempSync(path.join(parent, 'index-'));
    cpSync(path.join(dataDirectory, 'blocks'), folder, { recursive: true });
    const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('.moved'));
    const file = path.join(folder, name);
    const clean = readFileSync(file);
    const bend = (): void =>
      writeFileSync(
        file,
        clean.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
      );
    const foreign = mkdtempSync(path.join(parent, 'foreign-'));
    cpSync(archive, foreign, { recursive: true });
    const disks = freshDisks();
    const chain = await openChain(makeGenesis({ name: 'another' }), disks, { segmentBytes: 8000 });
    await grow(chain.ledger, HEIGHT);
    await chain.close();
    const index = name.replace('.moved', '.idx');
    writeFileSync(path.join(foreign, index), disks.blocks.content(`/blocks/${index}`));

    expect(damagedIndexes(folder)).to.deep.equal([]);
    bend();
    const found = damagedIndexes(folder);
    expect(found.map((one) => one.name)).to.deep.equal([name]);
    expect(await codeOf(fetchIndexes(folder, found, openArchive(foreign)))).to.equal(
      'NODE_ARCHIVE_DAMAGED',
    );
    expect(damagedIndexes(folder)).to.have.length(1);
    await fetchIndexes(folder, found, openArchive(archive));
    expect(readFileSync(file).equals(clean)).to.equal(true);
  });
});
