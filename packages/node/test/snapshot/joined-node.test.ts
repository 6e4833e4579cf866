/** What is done to the data of a node that joined by a snapshot: repair, backup, restore. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { describeFile } from '../../src/archive/archive-files.ts';
import { restoreBackup } from '../../src/archive/restore.ts';
import { ownState } from '../../src/archive/state-source.ts';
import { verifyArchive } from '../../src/archive/verify-archive.ts';
import { writeArchive, writeBackup } from '../../src/archive/write-archive.ts';
import { parseSettings } from '../../src/config.ts';
import { NodeError } from '../../src/errors.ts';
import { repair } from '../../src/repair/repair.ts';
import { recordsFrom } from '../../src/snapshot/serve.ts';
import { buildNext, certify, signedGenesisFile } from '../support/chain.ts';
import {
  CONTRACTS,
  genesis,
  honest,
  openJoined,
  SNAPSHOT_AT,
  useJoinStage,
} from './support/join-stage.ts';

describe('node: repair and backup of a node that joined', () => {
  const stage = useJoinStage();
  const stamp = '20260101-000000';
  const repaired = async (dryRun = false) => {
    const { settings } = settingsOf(stage.directory());
    return await repair({ settings, genesis, dryRun }, { contracts: CONTRACTS, stamp });
  };
  const fileOf = async (folder: string, beginning: string): Promise<string> => {
    const names = (await readdir(path.join(stage.directory(), folder))).sort();
    const name = names.find((one) => one.startsWith(beginning));
    return path.join(stage.directory(), folder, name ?? expect.fail(`there is ${beginning}`));
  };
  const flipAt = async (file: string, share: number): Promise<void> => {
    const bytes = await readFile(file);
    const end = bytes.findLastIndex((byte) => byte !== 0);
    const at = Math.floor(end * share);
    bytes[at] = (bytes[at] ?? 0) ^ 0x20;
    await writeFile(file, bytes);
  };
  beforeEach(async () => {
    expect(await stage.begin({ peers: { a: honest } }).outcome).to.equal('joined');
    const joined = await openJoined(stage.directory());
    for (let count = 0; count < 5; count++) {
      const next = buildNext(joined.ledger, []);
      await joined.ledger.commit(next, certify(joined.ledger, next));
    }
    await joined.close();
  });

  it('given sound data, then nothing is found and nothing changes', async () => {
    const { isDamaged, lines } = await repaired();

    expect([isDamaged, lines.length]).to.deep.equal([false, 2]);
  });

  it('given damage above the snapshot, then the log is cut there and the state goes back', async () => {
    await flipAt(await fileOf('blocks', 'blocks-'), 0.985);

    const { lines } = await repaired();
    const joined = await openJoined(stage.directory());

    expect(lines.join()).to.contain('fetches the blocks from');
    expect(joined.ledger.head().header.height).to.be.within(SNAPSHOT_AT, SNAPSHOT_AT + 4);
    await joined.close();
  });

  for (const [what, folder, beginning] of [
    ['blocks below the snapshot', 'blocks', 'blocks-'],
    ['values of the state', 'state', 'values-'],
  ] as const) {
    it(`given damaged ${what}, then all is moved aside, and the node joins again`, async () => {
      await flipAt(await fileOf(folder, beginning), 0.3);

      const told = await repaired(true);
      const { lines } = await repaired();

      expect(told.isDamaged).to.equal(true);
      expect(lines.join()).to.contain('joins again');
      const aside = path.join(stage.directory(), `damaged-${stamp}`);
      expect(await readdir(aside)).to.include.members(['blocks', 'state']);
      expect(await stage.begin({ peers: { a: honest } }).outcome).to.equal('joined');
      const joined = await openJoined(stage.directory());
      expect(joined.ledger.head().header.height).to.equal(SNAPSHOT_AT);
      await joined.close();
    });
  }

  /** With the state of the snapshot, so that the blocks above it are executed at a restore. */
  const backedUp = async (): Promise<string> => {
    const { genesisFile } = settingsOf(stage.directory());
    await writeFile(genesisFile, signedGenesisFile(genesis));
    const target = path.join(stage.root(), 'backup');
    const joined = await openJoined(stage.directory());
    const { stateStore, close } = joined;
    const range = async (from: Uint8Array) =>
      recordsFrom(stateStore, { height: SNAPSHOT_AT, from });
    await writeBackup(
      { dataDirectory: stage.directory(), genesis, genesisFile },
      target,
      async (use) => use({ height: SNAPSHOT_AT, range }),
    ).finally(close);
    return target;
  };
  /** @returns the report, or the code and words of what was refused */
  const restored = async (source: string) => {
    const to = path.join(stage.root(), 'restored');
    try {
      return await restoreBackup(
        { settings: settingsOf(to).settings, source },
        { contracts: CONTRACTS },
      );
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return { code: error.code, words: error.message };
    }
  };

  it('spec S-18: given a backup of it, when restored elsewhere, then blocks, history and state are those it had', async () => {
    const source = await backedUp();
    const verified = await verifyArchive({ directory: source }, { contracts: CONTRACTS });

    const report = await restored(source);

    expect(verified.ok && verified.value).to.include({ uncertified: 0, stateHeight: SNAPSHOT_AT });
    expect(report).to.include({ from: SNAPSHOT_AT, height: SNAPSHOT_AT + 5 });
    const outlines: Readonly<Record<string, unknown>>[] = [];
    for (const place of [stage.directory(), path.join(stage.root(), 'restored')]) {
      const { ledger, blockLog, changes, close } = await openJoined(place);
      const { header, hash } = ledger.head();
      const hashes = Array.from({ length: header.height + 1 }, (_, at) => blockLog.blockHashAt(at));
      outlines.push({ hash, stateRoot: header.stateRoot, hashes, changes });
      await close();
    }
    expect(outlines[0]?.hashes).to.not.include(undefined);
    expect(outlines[1]).to.deep.equal(outlines[0]);
  });

  it('given the node is down, then its backup begins with the state of its head', async () => {
    const { settings, genesisFile } = settingsOf(stage.directory());
    await writeFile(genesisFile, signedGenesisFile(genesis));
    const origin = { dataDirectory: stage.directory(), genesis, genesisFile };
    const state = ownState({ settings, genesis }, { contracts: CONTRACTS });

    const { stateHeight } = await writeBackup(origin, path.join(stage.root(), 'backup'), state);

    expect(stateHeight).to.equal(SNAPSHOT_AT + 5);
    expect(await restored(path.join(stage.root(), 'backup'))).to.include({ from: stateHeight });
  });

  for (const [what, pattern, words] of [
    ['a range of its state', /^state\/.*\/000000\.records$/, 'is not of block'],
    ['the hashes before it', /^earlier-hashes\.bin$/, 'fails its checksum'],
    ['its segment', /^blocks-.*\.log$/, 'blocks-'],
  ] as const) {
    it(`spec S-18: given a backup in which ${what} was exchanged, list and all, then it is refused by name and nothing stays`, async () => {
      const source = await backedUp();
      await exchange(source, pattern);

      const refused = await restored(source).catch((error: unknown) => String(error));
      const verified = await verifyArchive({ directory: source }, { contracts: CONTRACTS });

      expect(JSON.stringify(refused)).to.contain(words);
      expect(verified.ok).to.equal(false);
      const left = await readdir(path.join(stage.root(), 'restored', 'blocks'));
      expect(left).to.deep.equal([]);
    });
  }

  it('given an archive of it, when it is to be restored, then it is refused by code: it begins later', async () => {
    const { settings, genesisFile } = settingsOf(stage.directory());
    await writeFile(genesisFile, '{}');
    const target = path.join(stage.root(), 'backup');
    const { first } = writeArchive(
      { dataDirectory: stage.directory(), genesis, genesisFile },
      target,
    );
    const other = settingsOf(path.join(stage.root(), 'other'));

    const restoring = restoreBackup(
      { settings: other.settings, source: target },
      { contracts: CONTRACTS },
    ).catch((error: unknown) => error);

    expect(first).to.equal(SNAPSHOT_AT - 100);
    expect(settings.node.dataDirectory).to.equal(stage.directory());
    expect(await restoring).to.have.property('code', 'NODE_BACKUP_UNUSABLE');
  });
});

/** Flips a bit in a file of a backup, and lists it as it is then. */
async function exchange(folder: string, pattern: RegExp): Promise<void> {
  const list = path.join(folder, 'archive.json');
  const manifest = JSON.parse(await readFile(list, 'utf8'));
  const entry = manifest.files.find(({ name }: { readonly name: string }) => pattern.test(name));
  const bytes = await readFile(path.join(folder, entry.name));
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path.join(folder, entry.name), bytes);
  Object.assign(entry, describeFile(entry.name, bytes));
  await writeFile(list, JSON.stringify(manifest));
}

function settingsOf(dataDirectory: string) {
  const genesisFile = path.join(dataDirectory, 'genesis.json');
  const yaml = [
    'node:',
    `  dataDirectory: ${dataDirectory}`,
    `  genesisFile: ${genesisFile}`,
    'keys:',
    `  peerFile: ${path.join(dataDirectory, 'peer.json')}`,
  ];
  const settings = parseSettings(`${yaml.join('\n')}\n`, { file: 'daybookd.yaml', env: {} });
  return { settings, genesisFile };
}
