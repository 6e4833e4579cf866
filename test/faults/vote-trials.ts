/**
 * F7 on vote logs: both mirrors of a log with real votes, one or both damaged, opened again by the
 * signer. It still refuses whatever contradicts a vote that it gave out, or it is in quarantine.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Hash, Unsigned } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  encodeCertificate,
  publicKeyOf,
  signBytes,
  validatorIdOf,
} from '@daybook/core';
import type { Lock, VoteSigner } from '@daybook/state';
import { createNodeDisk, createVoteLog, openVoteSigner } from '@daybook/state';
import { damageContent } from './damaging.ts';
import type { Outcome, Tally } from './tally.ts';
import type { TrialRun } from './trial-run.ts';
import { isChosen } from './trial-run.ts';

const MIRRORS = {
  'vote log, mirror A': ['wal-A'],
  'vote log, mirror B': ['wal-B'],
  'vote log, both mirrors': ['wal-A', 'wal-B'],
} as const;
const SECRET = new Uint8Array(32).fill(9);
const CHAIN = filled(1);
const HEIGHTS = [1, 2, 3, 4, 5];
const disk = createNodeDisk();

function filled(byte: number): Hash {
  return asHash(new Uint8Array(32).fill(byte));
}

/** @throws Error I3 when a slot was signed over, I22 when damage is not named */
export async function tryVoteLogs(directory: string, run: TrialRun, tally: Tally): Promise<void> {
  for (const [title, names] of Object.entries(MIRRORS)) {
    if (!isChosen(title, run)) continue;
    for (const position of run.positions) {
      const random = run.random.fork(`${title} ${position}`);
      rmSync(directory, { recursive: true, force: true });
      const signed = await writeVotes(directory);
      const words = names.map((name) => {
        return `${name}: ${damageContent(path.join(directory, name), random)}`;
      });
      await tally.take(title, position, () => judge(directory, signed, words.join(', ')));
    }
    run.tell(tally.line(title));
  }
}

function open(directory: string) {
  const publicKey = asPublicKey(publicKeyOf(SECRET));
  const owner = { chain: CHAIN, validatorId: validatorIdOf(publicKey) };
  const options = { ...owner, directory, secretKey: SECRET };
  return { owner, signer: () => openVoteSigner(options, { disk, freeFraction: () => 1 }) };
}

/** A life of five heights, the last with a lock that a round change reports. @returns what it signed */
async function writeVotes(directory: string): Promise<readonly Unsigned[]> {
  const { owner, signer: openSigner } = open(directory);
  await createVoteLog({ ...owner, directory }, { disk });
  const { signer } = await openSigner();
  const signed: Unsigned[] = [];
  const vote = async (content: Unsigned, lock?: Lock): Promise<void> => {
    const outcome = await ask(signer, content, lock);
    if (!outcome.ok) throw new Error(`a vote of the script is refused: ${outcome.reason.code}`);
    signed.push(content);
  };
  for (const height of HEIGHTS) {
    await signer.enterHeight(height);
    const blockHash = filled(height);
    const slot = { height, round: 0, blockHash };
    await vote({ type: 'prepare', ...slot });
    await vote({ type: 'commit', ...slot }, lockOf(height, blockHash));
  }
  const height = HEIGHTS.length;
  const prepared = { round: 0, blockHash: filled(height) };
  await vote({ type: 'round-change', height, round: 1, prepared });
  await signer.close();
  return signed;
}

function lockOf(height: number, blockHash: Hash): Lock {
  const certificate = encodeCertificate({
    kind: 'prepare',
    height,
    round: 0,
    blockHash,
    validatorCount: 1,
    signers: [0],
    signatures: [asSignature(new Uint8Array(64))],
  });
  return { height, round: 0, blockHash, certificate };
}

function ask(signer: VoteSigner, content: Unsigned, lock?: Lock) {
  const bytes = signBytes(CHAIN, content);
  return signer.sign({ signBytes: bytes, attachment: new Uint8Array(8), ...(lock && { lock }) });
}

async function judge(
  directory: string,
  signed: readonly Unsigned[],
  words: string,
): Promise<Outcome> {
  const { signer, repairs } = await open(directory).signer();
  try {
    const reason = signer.quarantine();
    for (const content of signed) {
      const other = contradictionOf(content);
      const lock = other.type === 'commit' ? lockOf(other.height, other.blockHash) : undefined;
      const outcome = await ask(signer, other, lock);
      if (outcome.ok) {
        const { type, height, round } = content;
        throw new Error(`I3: ${words}: ${type} of ${height}/${round} was signed over`);
      }
    }
    if (reason !== undefined) return 'quarantine';
    return repairs.length > 0 ? 'named' : 'harmless';
  } finally {
    await signer.close();
  }
}

/** Another message for the same slot. */
function contradictionOf(content: Unsigned): Unsigned {
  if (content.type !== 'round-change') return { ...content, blockHash: filled(0xee) };
  const { height, round } = content;
  return { type: 'round-change', height, round };
}
