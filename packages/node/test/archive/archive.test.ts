/** Archives: written from a block log, checked with nothing else at hand, any damage named. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { toHex } from '@daybook/core';
import type { FinalBlock } from '@daybook/state';
import { openBlockLog } from '@daybook/state';
import { expect } from 'chai';
import { verifyArchive } from '../../src/archive/verify-archive.ts';
import { writeArchive } from '../../src/archive/write-archive.ts';
import { notebook } from '../api/support/notebook.ts';
import type { Disks } from '../support/chain.ts';
import { freshDisks, grow, makeGenesis, openChain } from '../support/chain.ts';

const HEIGHT = 40;
const SEGMENT_BYTES = 8000;
const contracts = [...applications, notebook];
const genesis = makeGenesis();

/** The block log of a memory disk as files. */
function layOut({ blocks }: Disks, dataDirectory: string): void {
  mkdirSync(path.join(dataDirectory, 'blocks'), { recursive: true });
  for (const name of blocks.list('/blocks')) {
    writeFileSync(path.join(dataDirectory, 'blocks', name), blocks.content(`/blocks/${name}`));
  }
}

async function verify(directory: string) {
  return await verifyArchive({ directory, genesis }, { contracts });
}

describe('node: archive', () => {
  let parent: string;
  let dataDirectory: string;
  let sound: string;
  let folder: string;
  let headHash: string;
  let roots: readonly string[];

  before(async () => {
    parent = mkdtempSync(path.join(tmpdir(), 'daybook-archive-test-'));
    dataDirectory = path.join(parent, 'data');
    sound = path.join(parent, 'sound');
    const disks = freshDisks();
    const chain = await openChain(genesis, disks, { segmentBytes: SEGMENT_BYTES });
    const headers: string[] = [];
    chain.ledger.onCommit(({ block }) => headers.push(toHex(block.header.historyRoot)));
    await grow(chain.ledger, HEIGHT);
    headHash = toHex(chain.ledger.head().hash);
    await chain.close();
    roots = headers;
    layOut(disks, dataDirectory);
    writeFileSync(path.join(parent, 'genesis.json'), JSON.stringify(genesis.document));
    write(sound);
  });
  after(() => rmSync(parent, { recursive: true, force: true }));
  beforeEach(() => {
    folder = mkdtempSync(path.join(parent, 'copy-'));
    cpSync(sound, folder, { recursive: true });
  });

  function write(target: string) {
    return writeArchive(
      { dataDirectory, genesis, genesisFile: path.join(parent, 'genesis.json') },
      target,
    );
  }

  function segments(): readonly string[] {
    return readdirSync(folder).filter((name) => name.endsWith('.log'));
  }

  function change(name: string, edit: (bytes: Buffer) => Uint8Array): void {
    const file = path.join(folder, name);
    writeFileSync(file, edit(readFileSync(file)));
  }

  it('given the block log of a node, when archived, then every block is executed again and holds', async () => {
    const verified = await verify(folder);

    expect(segments().length).to.be.above(3);
    expect(verified).to.deep.include({ ok: true });
    expect(verified.ok && verified.value).to.include({
      first: 0,
      last: HEIGHT,
      lastHash: headHash,
      transactions: HEIGHT,
      uncertified: 0,
      executed: true,
    });
  });

  it('given an archive, when more blocks follow, then the next one into the same folder holds, too', async () => {
    const early = path.join(parent, 'early');
    const all = readdirSync(path.join(dataDirectory, 'blocks'));
    const half = all.filter((name) => name.endsWith('.log')).slice(0, 2);
    for (const name of half) {
      mkdirSync(path.join(early, 'blocks'), { recursive: true });
      cpSync(path.join(dataDirectory, 'blocks', name), path.join(early, 'blocks', name));
    }
    const target = mkdtempSync(path.join(parent, 'twice-'));
    const genesisFile = path.join(parent, 'genesis.json');

    const first = writeArchive({ dataDirectory: early, genesis, genesisFile }, target);
    const second = write(target);

    expect(first.last).to.be.below(second.last);
    expect(second.historyRoot).to.not.equal(first.historyRoot);
    expect(await verify(target)).to.have.property('ok', true);
  });

  it('given an archive that fails half way, then the earlier one in the folder still holds', async () => {
    const grown = path.join(parent, 'grown');
    const genesisFile = path.join(parent, 'genesis.json');
    const target = mkdtempSync(path.join(parent, 'failing-'));
    const last = segments().at(-1) ?? '';
    const whole = readFileSync(path.join(dataDirectory, 'blocks', last));
    cpSync(dataDirectory, grown, { recursive: true });
    writeFileSync(path.join(grown, 'blocks', last), whole.subarray(0, -1));
    const first = writeArchive({ dataDirectory: grown, genesis, genesisFile }, target);
    expect(readdirSync(target)).to.include(last);
    writeFileSync(path.join(grown, 'blocks', last), whole);
    mkdirSync(path.join(grown, 'recovery'));
    writeFileSync(path.join(grown, 'recovery', '1.json'), '{}');
    writeFileSync(path.join(target, 'recovery'), 'no folder');

    expect(() => writeArchive({ dataDirectory: grown, genesis, genesisFile }, target)).to.throw();

    rmSync(path.join(target, 'recovery'));
    const verified = await verify(target);
    expect(verified.ok && verified.value.last, JSON.stringify(verified)).to.equal(first.last);
  });

  it('given a folder with an archive of another chain, or of other heights, then nothing is written into it', () => {
    for (const other of [{ chain: '00'.repeat(32) }, { first: 7 }]) {
      change('archive.json', (bytes) =>
        Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), ...other })),
      );
      expect(() => write(folder))
        .to.throw()
        .with.property('code', 'NODE_ARCHIVE_OTHER');
    }
  });

  it('given a folder among the data of the node, also behind a link, then nothing is written into it', () => {
    const blocks = path.join(dataDirectory, 'blocks');
    const linked = path.join(parent, 'linked');
    symlinkSync(blocks, linked);
    const before = readdirSync(dataDirectory, { recursive: true });

    for (const target of [
      dataDirectory,
      blocks,
      path.join(blocks, 'new'),
      path.join(dataDirectory, 'archive'),
      path.join(dataDirectory, 'copies', 'new'),
      path.join(dataDirectory, 'state'),
      linked,
    ]) {
      expect(() => write(target), target)
        .to.throw()
        .with.property('code', 'NODE_ARCHIVE_INSIDE');
    }

    expect(readdirSync(dataDirectory, { recursive: true })).to.deep.equal(before);
  });

  it('given a folder that is not there, when verified, then that is said', async () => {
    const missing = path.join(parent, 'nonexist');

    for (const options of [{ directory: missing }, { directory: missing, genesis }]) {
      const refused = await verifyArchive(options, { contracts }).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'NODE_ARCHIVE_EMPTY');
      expect(refused).to.have.property('detail', `${missing}: there is no such folder.`);
    }
  });

  it('given the tiles of an archive, then they have the root that the next header commits to', () => {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'archive.json'), 'utf8'));
    const early = path.join(parent, 'shorter');
    mkdirSync(path.join(early, 'blocks'), { recursive: true });
    const [first = ''] = segments();
    cpSync(path.join(folder, first), path.join(early, 'blocks', first));
    const target = mkdtempSync(path.join(parent, 'tiles-'));

    const shorter = writeArchive(
      { dataDirectory: early, genesis, genesisFile: path.join(parent, 'genesis.json') },
      target,
    );

    // `roots` has those of heights 1, 2, …: the header after the last archived block names its tree.
    expect(shorter.historyRoot).to.equal(roots[shorter.last]);
    expect(manifest.historyRoot).to.not.equal(shorter.historyRoot);
    expect(readFileSync(path.join(folder, `tile/0/000.p/${HEIGHT + 1}`)).length).to.equal(
      32 * (HEIGHT + 1),
    );
  });

  it('spec C-25: given one flipped byte anywhere in a segment, then its file is named, with a place at or before it', async () => {
    const steps = 6;
    for (const name of segments().slice(1, 3)) {
      const clean = readFileSync(path.join(folder, name));
      for (let step = 0; step < steps; step++) {
        const at = Math.floor((clean.length / steps) * step);
        change(name, (bytes) => {
          bytes[at] = (bytes[at] ?? 0) ^ 0x10;
          return bytes;
        });
        const verified = await verify(folder);
        writeFileSync(path.join(folder, name), clean);

        expect(verified.ok, `${name} at ${at}`).to.equal(false);
        if (verified.ok) continue;
        expect(verified.reason.file).to.equal(name);
        expect(verified.reason.offset).to.be.at.most(at);
        expect(verified.reason.height).to.be.a('number');
      }
    }
  });

  it('given a segment that is cut, then the height after the last whole block is named', async () => {
    const last = segments().at(-1) ?? '';
    change(last, (bytes) => bytes.subarray(0, bytes.length - 5));

    const verified = await verify(folder);

    expect(verified).to.deep.include({ ok: false });
    expect(!verified.ok && verified.reason).to.include({ file: last, height: HEIGHT });
  });

  it('given a missing segment, then the next one and the first missing height are named', async () => {
    const [, missing = '', next = ''] = segments();
    rmSync(path.join(folder, missing));

    const verified = await verify(folder);

    expect(!verified.ok && verified.reason).to.include({ file: next });
    expect(!verified.ok && verified.reason.fact).to.contain(String(Number(missing.slice(7, 19))));
  });

  it('given an archive that begins later, then the founders’ certificates are checked and forgery is found', async () => {
    const [first = ''] = segments();
    for (const name of [first, 'archive.json']) rmSync(path.join(folder, name));
    rmSync(path.join(folder, 'tile'), { recursive: true });

    const verified = await verify(folder);
    const foreign = await verifyArchive(
      { directory: folder, genesis: makeGenesis({ name: 'another' }) },
      { contracts },
    );

    expect(verified.ok && verified.value).to.include({ uncertified: 0, executed: false });
    expect(!foreign.ok && foreign.reason.fact).to.contain('it is of chain');
  });

  it('given a certificate that is not whole under good checksums, then height and byte are named', async () => {
    const disks = freshDisks();
    const chain = await openChain(genesis, disks);
    await grow(chain.ledger, 3);
    const blocks = [0, 1, 2, 3].map((height) => chain.blockLog.readBlock(height));
    await chain.close();
    const forged = freshDisks();
    const log = await layForged(forged, blocks);

    const verified = await verify(log);

    expect(!verified.ok && verified.reason).to.include({ height: 2 });
    expect(!verified.ok && verified.reason.fact).to.contain('certificate');
  });

  it('given an altered index, tile, list or genesis, then that file is named', async () => {
    const [first = ''] = segments();
    const names = [first.replace('.log', '.idx'), `tile/0/000.p/${HEIGHT + 1}`, 'genesis.json'];
    for (const name of names) {
      const clean = readFileSync(path.join(folder, name));
      change(name, (bytes) => {
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        return bytes;
      });
      const verified = await verify(folder);
      writeFileSync(path.join(folder, name), clean);

      expect(!verified.ok && verified.reason.file).to.equal(name);
    }
    change('archive.json', () => Buffer.from('{}'));
    const verified = await verify(folder);
    expect(!verified.ok && verified.reason.file).to.equal('archive.json');
  });

  async function layForged(
    disks: Disks,
    blocks: readonly (FinalBlock | undefined)[],
  ): Promise<string> {
    const log = await openBlockLog({ directory: '/blocks' }, { disk: disks.blocks });
    const [other] = blocks.slice(3);
    for (const block of blocks) {
      if (block === undefined || other === undefined) throw new Error('the log has its blocks');
      const certificate = block.height === 2 ? other.certificate : block.certificate;
      await log.appendRange([{ ...block, certificate }]);
    }
    await log.close();
    const data = mkdtempSync(path.join(parent, 'forged-'));
    layOut(disks, data);
    return path.join(data, 'blocks');
  }
});
