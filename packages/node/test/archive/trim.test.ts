/** The block log shrinks only against an archive that lists and holds what is to go. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BlockLog } from '@daybook/state';
import { createNodeDisk, openBlockLog } from '@daybook/state';
import { expect } from 'chai';
import type { ArchivedFile, ArchiveManifest } from '../../src/archive/archive-files.ts';
import { createFolderSource } from '../../src/archive/archive-source.ts';
import { startTrimmer } from '../../src/archive/trim.ts';
import { writeArchive } from '../../src/archive/write-archive.ts';
import type { LogData, Logger } from '../../src/log.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { NODE_METRICS } from '../../src/metrics-table.ts';
import { freshDisks, grow, makeGenesis, openChain } from '../support/chain.ts';
import { createManualClock } from '../support/manual-clock.ts';

const HEIGHT = 40;
const KEPT = 10;
const genesis = makeGenesis();

interface Outcome {
  /** First heights of the segments that were released. */
  readonly released: readonly number[];
  readonly warnings: readonly (readonly [message: string, data: LogData | undefined])[];
}

describe('node: trimming the block log', () => {
  let parent: string;
  let blocks: string;
  let sound: string;
  let archive: string;
  let blockLog: BlockLog;

  before(async () => {
    parent = mkdtempSync(path.join(tmpdir(), 'daybook-trim-test-'));
    const dataDirectory = path.join(parent, 'data');
    blocks = path.join(dataDirectory, 'blocks');
    sound = path.join(parent, 'sound');
    mkdirSync(blocks, { recursive: true });
    const disks = freshDisks();
    const chain = await openChain(genesis, disks, { segmentBytes: 8000 });
    await grow(chain.ledger, HEIGHT);
    await chain.close();
    for (const name of disks.blocks.list('/blocks')) {
      writeFileSync(path.join(blocks, name), disks.blocks.content(`/blocks/${name}`));
    }
    const genesisFile = path.join(parent, 'genesis.json');
    writeFileSync(genesisFile, JSON.stringify(genesis.document));
    writeArchive({ dataDirectory, genesis, genesisFile }, sound);
    blockLog = await openBlockLog({ directory: blocks }, { disk: createNodeDisk() });
  });
  after(async () => {
    await blockLog.close();
    rmSync(parent, { recursive: true, force: true });
  });
  beforeEach(() => {
    archive = mkdtempSync(path.join(parent, 'copy-'));
    cpSync(sound, archive, { recursive: true });
  });

  /** One pass. Nothing is removed here: what would be is told. */
  async function trim(source: string): Promise<Outcome> {
    const released: number[] = [];
    const warnings: [string, LogData | undefined][] = [];
    const logger: Logger = {
      ...SILENT_LOGGER,
      warn: (message, data) => warnings.push([message, data]),
    };
    const metrics = createMetrics();
    metrics.register(NODE_METRICS);
    const pass = Promise.withResolvers<void>();
    const schedule = () => {
      pass.resolve();
      return () => undefined;
    };
    const trimmer = startTrimmer(KEPT, {
      clock: { ...createManualClock(), schedule },
      logger,
      metrics,
      ledger: { head: () => ({ header: { height: HEIGHT } }) as never },
      blockLog: {
        sealed: () => blockLog.sealed(),
        readBlock: (height) => blockLog.readBlock(height),
        release: async (first) => released.push(first) > 0,
      },
      stateStore: { pins: () => [] },
      laterSets: () => [],
      own: createFolderSource(blocks),
      archive: createFolderSource(source),
    });
    await pass.promise;
    await trimmer.stop();
    return { released, warnings };
  }

  function list(change: (files: readonly ArchivedFile[]) => readonly ArchivedFile[]): void {
    const file = path.join(archive, 'archive.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as ArchiveManifest;
    writeFileSync(file, JSON.stringify({ ...manifest, files: change(manifest.files) }));
  }

  const old = () => blockLog.sealed().filter(({ last }) => last <= HEIGHT - KEPT);

  it('given an archive that lists and holds them, then all old segments go', async () => {
    const { released, warnings } = await trim(archive);

    expect(old().length).to.be.above(1);
    expect(released).to.deep.equal(old().map(({ first }) => first));
    expect(warnings).to.deep.equal([]);
  });

  it('given the blocks of the node itself, or a copy without a list, then none goes, and it is said', async () => {
    rmSync(path.join(archive, 'archive.json'));
    expect(existsSync(path.join(blocks, 'archive.json'))).to.equal(false);

    for (const source of [blocks, archive]) {
      const { released, warnings } = await trim(source);

      expect(released).to.deep.equal([]);
      expect(warnings.map(([message]) => message)).to.deep.equal(['block log not trimmed']);
      expect(warnings[0]?.[1]?.reason).to.contain(path.join(source, 'archive.json'));
    }
  });

  it('given something else in the place of the list, then none goes, and it is said', async () => {
    writeFileSync(path.join(archive, 'archive.json'), '<html></html>');

    const { released, warnings } = await trim(archive);

    expect(released).to.deep.equal([]);
    expect(warnings[0]?.[1]?.reason).to.contain('archive.json is no list of an archive');
  });

  it('given a segment that is not listed, or listed otherwise, then it and those after it stay', async () => {
    const [first, second] = old();
    const changes: readonly [(file: ArchivedFile) => readonly ArchivedFile[], RegExp][] = [
      [() => [], /does not list/],
      [(file) => [{ ...file, size: file.size + 1 }], /another size or hash/],
      [(file) => [{ ...file, sha256: '0'.repeat(64) }], /another size or hash/],
    ];
    for (const [change, words] of changes) {
      cpSync(sound, archive, { recursive: true });
      list((files) =>
        files.flatMap((file) => (file.name === second?.name ? change(file) : [file])),
      );

      const { released, warnings } = await trim(archive);

      expect(released).to.deep.equal([first?.first]);
      expect(warnings).to.have.length(1);
      expect(warnings[0]?.[1]).to.include({ segment: second?.name, archive });
      expect(warnings[0]?.[1]?.reason).to.match(words);
    }
  });

  it('given a slow archive, when it is stopped inside the list or a segment, then it ends with that piece', async () => {
    const size = 64 * 1024 * 1024;
    const name = 'blocks-1.log';
    const files = [{ name, size, sha256: '0'.repeat(64) }];
    const manifest = JSON.parse(readFileSync(path.join(sound, 'archive.json'), 'utf8')) as object;
    const list = new TextEncoder().encode(JSON.stringify({ ...manifest, files }));
    for (const stopAt of ['archive.json', name]) {
      const reached = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<void>();
      const reads: string[] = [];
      const warnings: string[] = [];
      const metrics = createMetrics();
      metrics.register(NODE_METRICS);
      const zeros = async (_file: string, _offset: number, length: number) =>
        new Uint8Array(length);
      const trimmer = startTrimmer(KEPT, {
        clock: createManualClock(),
        logger: { ...SILENT_LOGGER, warn: (message) => warnings.push(message) },
        metrics,
        ledger: { head: () => ({ header: { height: HEIGHT } }) as never },
        blockLog: {
          sealed: () => [{ name, first: 1, last: 2, size }],
          readBlock: () => undefined,
          release: () => Promise.reject(new Error('nothing may be released')),
        },
        stateStore: { pins: () => [] },
        laterSets: () => [],
        own: { name: 'own', read: zeros },
        archive: {
          name: 'slow',
          read: async (file, ...place) => {
            reads.push(file);
            if (file === stopAt) {
              reached.resolve();
              await answer.promise;
            }
            return file === name ? await zeros(file, ...place) : list;
          },
        },
      });
      await reached.promise;

      const stopped = trimmer.stop();
      answer.resolve();
      await stopped;

      expect(reads).to.deep.equal(stopAt === name ? ['archive.json', name] : ['archive.json']);
      expect(warnings).to.deep.equal([]);
    }
  });

  it('given one other byte in the archive, then the segment stays', async () => {
    const [first] = old();
    const file = path.join(archive, first?.name ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);

    const { released, warnings } = await trim(archive);

    expect(released).to.deep.equal([]);
    expect(warnings[0]?.[1]?.reason).to.equal('it has other bytes there');
  });
});
