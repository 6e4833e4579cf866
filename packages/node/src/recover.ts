/**
 * `daybookd recover` (protocol §19): judges a recovery file against what this node has, says what
 * would happen, and installs it. The node is down meanwhile; nothing is decided here that the chain
 * does not judge again in its next block.
 */
import { applications as contracts, examineRecovery, readRecoveries } from '@daybook/applications';
import type { Genesis, Hash, PublicKey, RecoveryFailure, RecoveryFile } from '@daybook/core';
import { asPublicKey, equalBytes, eraOf, publicKeyOf, toHex, validatorIdOf } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { createNodeDisk, createVoteLog, openDataDirectory } from '@daybook/state';
import type { Settings } from './config.ts';
import { readConsensusKeys, readGenesis } from './identity.ts';
import type { Ledger } from './ledger/ledger.ts';
import { withOfflineChain } from './offline.ts';
import { stateKeepingOf } from './open-state.ts';
import { installedRecoveries, installRecovery, readRecoveryAt } from './recovery-files.ts';
import { namedVotesFolder, votesFolderOf } from './vote-logs.ts';

export interface RecoverOptions {
  readonly settings: Settings;
  /** Path of the recovery file. */
  readonly file: string;
  /** Judges and tells, and changes nothing. */
  readonly dryRun: boolean;
}

/** What the file means for this node. */
export type RecoveryVerdict =
  | { readonly kind: 'applies'; readonly consenting: readonly string[] }
  /** The chain has gone this way already. */
  | { readonly kind: 'applied' }
  /** The node has fewer blocks: it is judged when the chain gets there. */
  | { readonly kind: 'ahead'; readonly head: number }
  /** A signer has no chain: its node judges the file. */
  | { readonly kind: 'unjudged' }
  | { readonly kind: 'refused'; readonly reason: RecoveryFailure };

/** What the verb found and did, in lines for people. */
export interface RecoverReport {
  readonly verdict: RecoveryVerdict;
  readonly lines: readonly string[];
}

function judge(
  genesis: Genesis,
  ledger: Ledger,
  hashAt: HashAt,
  file: RecoveryFile,
): RecoveryVerdict {
  const { header, hash, reader } = ledger.head();
  const { plan } = file;
  if (header.height < plan.height) return { kind: 'ahead', head: header.height };
  const era = eraOf(plan);
  if (readRecoveries(reader).some((known) => equalBytes(known.era, era)))
    return { kind: 'applied' };
  const own = hashAt(plan.height);
  const isHead = header.height === plan.height && own !== undefined;
  if (!isHead || !equalBytes(own, plan.blockHash)) {
    return { kind: 'refused', reason: { code: 'CORE_RECOVERY_BLOCK', height: header.height } };
  }
  const parent = { height: header.height, hash };
  const judged = examineRecovery(reader, file, { chain: genesis.chain, parent });
  if (!judged.ok) return { kind: 'refused', reason: judged.reason };
  return { kind: 'applies', consenting: judged.value.consenting };
}

type HashAt = (height: number) => Hash | undefined;

interface Place {
  readonly settings: Settings;
  readonly directory: DataDirectory;
}

/** The vote log of a key for the era, unless it is there. It signs above the plan's block only. */
async function createEraVotes(
  { settings, directory }: Place,
  { plan }: RecoveryFile,
  publicKey: PublicKey,
): Promise<boolean> {
  const disk = createNodeDisk();
  const owner = { chain: eraOf(plan), publicKey };
  const { votes } = directory.paths;
  const named = namedVotesFolder(votes, owner);
  if (votesFolderOf(votes, owner, disk) === named) return false;
  const mirror = settings.state.voteMirrorDirectory;
  const log = {
    directory: named,
    chain: owner.chain,
    validatorId: validatorIdOf(publicKey),
    above: plan.height,
    ...(mirror !== undefined && { mirrorDirectory: namedVotesFolder(mirror, owner) }),
  };
  await createVoteLog(log, { disk });
  return true;
}

function planLines({ plan, consents }: RecoveryFile): readonly string[] {
  const members = plan.validators.map(
    ({ organisation, publicKey }) => `  ${organisation}: ${toHex(publicKey)}`,
  );
  return [
    `recovery from height ${plan.height}, block ${toHex(plan.blockHash)}`,
    `era ${toHex(eraOf(plan))}`,
    `reason: ${plan.reason}`,
    `validators from height ${plan.height + 1} on:`,
    ...members,
    `signed by: ${consents.map(({ organisation }) => organisation).join(', ') || 'nobody'}`,
  ];
}

function verdictLine(verdict: RecoveryVerdict): string {
  switch (verdict.kind) {
    case 'applies':
      return `applies: consents of ${verdict.consenting.join(', ')} hold, and the head is its block`;
    case 'applied':
      return 'applied already: the chain of this node went this way';
    case 'unjudged':
      return 'not judged here: a signer has no chain, so its node judges the file';
    case 'ahead':
      return `cannot be judged yet: the head is ${verdict.head}; it is judged when the chain gets there`;
    default:
      return `refused: ${refusalLine(verdict.reason)}`;
  }
}

function refusalLine(reason: RecoveryFailure): string {
  switch (reason.code) {
    case 'CORE_RECOVERY_BLOCK':
      return `${reason.code}: the head of this node is ${reason.height}, or it has another block there`;
    case 'CORE_RECOVERY_SET':
      return `${reason.code}: ${reason.fact}`;
    case 'CORE_RECOVERY_UNSIGNED': {
      const names = reason.consenting.join(', ') || 'nobody';
      return `${reason.code}: ${names} consented, ${reason.needed} departments must`;
    }
    case 'CORE_RECOVERY_MALFORMED':
      return `${reason.code}: ${reason.fact}`;
    default:
      return reason.code;
  }
}

/** What this configuration runs: a node with its key or none, one whose key a signer holds, a signer. */
type Holder = 'node' | 'node of a signer' | 'signer';

const FOLLOWS: Readonly<Record<Holder, string>> = {
  node: 'this node follows',
  'node of a signer':
    'a signer holds the key of this node: run recover with the configuration of the signer, too',
  signer: 'the key of this signer is not in the new set',
};

function holderOf(
  { signer }: Settings,
  { consensus }: Awaited<ReturnType<typeof readConsensusKeys>>,
): Holder {
  if (signer.socket === undefined) return 'node';
  return consensus === undefined ? 'node of a signer' : 'signer';
}

async function judgeHere(
  { settings, directory, genesis, file }: Place & JudgedFile,
  holder: Holder,
): Promise<RecoveryVerdict> {
  if (!equalBytes(file.plan.chain, genesis.chain)) {
    return { kind: 'refused', reason: { code: 'CORE_RECOVERY_CHAIN' } };
  }
  if (holder === 'signer') return { kind: 'unjudged' };
  const recoveries = installedRecoveries(settings.node.dataDirectory, genesis);
  return await withOfflineChain(
    { directory, genesis, recoveries, contracts, keeping: stateKeepingOf(settings) },
    async ({ blockLog, openLedger }): Promise<RecoveryVerdict> => {
      // A node that is quite new has no chain: none is laid for the question's sake.
      if (blockLog.head() === undefined) return { kind: 'ahead', head: 0 };
      const { ledger } = await openLedger();
      return judge(genesis, ledger, (height) => blockLog.blockHashAt(height), file);
    },
  );
}

interface JudgedFile {
  readonly genesis: Genesis;
  readonly file: RecoveryFile;
}

/**
 * Judges a recovery file and, unless it is a dry run or refused, installs it.
 * @throws NodeError, StateError when settings, file or data directory cannot be used
 */
export async function recover(options: RecoverOptions): Promise<RecoverReport> {
  const { settings, dryRun } = options;
  const file = readRecoveryAt(options.file);
  const genesis = await readGenesis(settings);
  const keys = await readConsensusKeys(settings);
  const directory = await openDataDirectory(settings.node.dataDirectory);
  const place = { settings, directory };
  try {
    const holder = holderOf(settings, keys);
    const verdict = await judgeHere({ ...place, genesis, file }, holder);
    const lines = [...planLines(file), verdictLine(verdict)];
    if (verdict.kind === 'refused') return { verdict, lines };
    const own = [keys.consensus, keys.nextConsensus]
      .filter((secret) => secret !== undefined)
      .map((secret) => asPublicKey(publicKeyOf(secret)))
      .filter((key) => file.plan.validators.some((one) => equalBytes(one.publicKey, key)));
    lines.push(own.length > 0 ? `this ${holder} signs in the new set` : FOLLOWS[holder]);
    if (dryRun) return { verdict, lines: [...lines, 'dry run: nothing was changed'] };
    for (const key of own) {
      if (await createEraVotes(place, file, key)) lines.push(`vote log created for ${toHex(key)}`);
    }
    lines.push(`installed as ${installRecovery(settings.node.dataDirectory, file)}`);
    return {
      verdict,
      lines: [...lines, `start the ${holder === 'signer' ? 'signer' : 'node'} to go on`],
    };
  } finally {
    await directory.close();
  }
}
