/** `daybookd archive write`, `archive verify`, `backup` and `restore`, in words or as JSON. */
import { readFileSync } from 'node:fs';
import { applications } from '@daybook/applications';
import type { Result } from '@daybook/core';
import type { Settings } from '../config.ts';
import { NODE_ERRORS } from '../errors.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { readGenesis, readGenesisAt } from '../identity.ts';
import { restoreBackup } from './restore.ts';
import { ownState } from './state-source.ts';
import type { ArchiveDamage, ArchiveReport } from './verify-archive.ts';
import { verifyArchive } from './verify-archive.ts';
import { writeArchive, writeBackup } from './write-archive.ts';

export interface VerifyRequest {
  readonly directory: string;
  /** File of the genesis to trust. */
  readonly genesisFile: string | undefined;
  readonly json: boolean;
}

const MIB = 1024 * 1024;
const PROGRESS_EVERY = 1000;

export async function runVerify({ directory, genesisFile, json }: VerifyRequest): Promise<number> {
  const genesis = genesisFile === undefined ? undefined : await readGenesisAt(genesisFile);
  const onBlock = (height: number): void => {
    if (!process.stderr.isTTY || height % PROGRESS_EVERY !== 0) return;
    process.stderr.write(`\rheight ${height} `);
  };
  const options = { directory, onBlock, ...(genesis && { genesis }) };
  const verified = await verifyArchive(options, { contracts: applications });
  if (process.stderr.isTTY) process.stderr.write('\r');
  process.stdout.write(json ? `${jsonOf(verified)}\n` : `${wordsOf(verified).join('\n')}\n`);
  if (!verified.ok) return EXIT_CODES.storage;
  return verified.value.uncertified > 0 ? EXIT_CODES.unproven : EXIT_CODES.done;
}

function jsonOf(verified: Result<ArchiveReport, ArchiveDamage>): string {
  if (verified.ok) {
    const outcome = verified.value.uncertified > 0 ? 'cannot tell' : 'valid';
    return JSON.stringify({ outcome, ...verified.value });
  }
  return JSON.stringify({
    outcome: 'invalid',
    code: 'NODE_ARCHIVE_DAMAGED',
    ...verified.reason,
    remedy: NODE_ERRORS.NODE_ARCHIVE_DAMAGED.remedy,
  });
}

function wordsOf(verified: Result<ArchiveReport, ArchiveDamage>): readonly string[] {
  if (!verified.ok) {
    const { file, height, offset, fact } = verified.reason;
    const place = [
      file,
      ...(height === undefined ? [] : [`height ${height}`]),
      ...(offset === undefined ? [] : [`byte ${offset}`]),
    ];
    const { summary, remedy } = NODE_ERRORS.NODE_ARCHIVE_DAMAGED;
    return [`damaged: ${place.join(', ')}: ${fact}`, `${summary} ${remedy}`];
  }
  const { first, last, lastHash, segments, transactions, size, uncertified } = verified.value;
  const megabytes = (size / MIB).toFixed(1);
  const checked = checkedIn(verified.value);
  return [
    `blocks ${first} to ${last}; transactions: ${transactions}, segments: ${segments}, ${megabytes} MiB`,
    `${checked}; the last block is ${lastHash}`,
    ...(uncertified === 0
      ? []
      : [
          `cannot tell whether ${uncertified} of the blocks were decided: their validators are ` +
            'not known here. Put the segments from height 0 into the folder and verify again.',
        ]),
  ];
}

function checkedIn({ executed, stateHeight }: ArchiveReport): string {
  if (executed)
    return 'every record, link and certificate holds, and every result was computed again';
  if (stateHeight === undefined) return 'every record and link holds';
  return (
    `every record, link and certificate holds, the state of ${stateHeight} is that of its block, ` +
    'and every result after it was computed again'
  );
}

export async function runWrite(settings: Settings, target: string): Promise<number> {
  const { dataDirectory, genesisFile } = settings.node;
  const genesis = await readGenesis(settings);
  const archive = folderOf(settings);
  const origin = { dataDirectory, genesis, genesisFile, archive };
  const { first, last, files } = writeArchive(origin, target);
  process.stdout.write(`${target}: blocks ${first} to ${last} in ${files.length} files\n`);
  return EXIT_CODES.done;
}

/** Where moved segments can be copied from; not from a web server, which may be slow or far. */
function folderOf({ archive: { source } }: Settings): string | undefined {
  return source === undefined || /^https?:/.test(source) ? undefined : source;
}

/** An archive with the settings beside it; keys and votes stay where they are. */
export async function runBackup(settings: Settings, configFile: string, target: string) {
  const { dataDirectory, genesisFile } = settings.node;
  const genesis = await readGenesis(settings);
  const extra = [{ name: 'daybookd.yaml', bytes: readFileSync(configFile) }];
  const archive = folderOf(settings);
  const origin = { dataDirectory, genesis, genesisFile, extra, archive };
  const state = ownState({ settings, genesis }, { contracts: applications });
  const { last, lastHash, stateHeight, files } = await writeBackup(origin, target, state);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  process.stdout.write(
    `${target}: height ${last}, block ${lastHash}, ${files.length} files, ` +
      `${(size / MIB).toFixed(1)} MiB\n${
        stateHeight === undefined ? '' : `it begins with the state of height ${stateHeight}\n`
      }keys and vote log are not in it\n`,
  );
  return EXIT_CODES.done;
}

export async function runRestore(settings: Settings, source: string): Promise<number> {
  const options = { settings, source };
  const { height, blockHash, from } = await restoreBackup(options, { contracts: applications });
  const { dataDirectory } = settings.node;
  const checked =
    from === 0 ? 'executed from genesis' : `the state of ${from} proven, and executed from there`;
  process.stdout.write(
    `${dataDirectory}: height ${height}, block ${blockHash}, ${checked}\n` +
      'start the node; a validator signs again when the others have told what it signed\n',
  );
  return EXIT_CODES.done;
}
