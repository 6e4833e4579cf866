/**
 * What each block of an archive must hold against: itself, the one before, the validators that
 * decide it and, where the archive begins at genesis, the execution of every transaction.
 */
import type { Block, BodyEntry, Genesis, Hash } from '@daybook/core';
import {
  assert,
  blockHash,
  decodeBlock,
  decodeBodyEntry,
  equalBytes,
  recoverySet,
  refOf,
  resultRoot,
  toHex,
  transactionRoot,
  validatorsHash,
} from '@daybook/core';
import type { PlacedBlock } from '@daybook/state';
import { isCertified } from '../ledger/certified.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readStoredResult } from '../ledger/stored-result.ts';
import type { OfflinePlace } from '../offline.ts';
import type { SetChain } from '../snapshot/set-chain.ts';
import type { KnownSigners } from './known-signers.ts';

/** The first thing that does not hold. */
export interface BlockFault {
  /** Byte of the segment at which the record begins. */
  readonly offset: number;
  readonly fact: string;
}

/** Whether a sound block was also proven to be decided. */
export type BlockVerdict = 'certified' | 'uncertified' | BlockFault;

export interface BlockJudge {
  /** Takes blocks in order of heights. */
  judge(block: PlacedBlock): Promise<BlockVerdict>;
}

/** With a ledger that is at genesis: everything is checked. */
export function createExecutingJudge(genesis: Genesis, ledger: Ledger): BlockJudge {
  return {
    judge: async (placed) => {
      const read = readPlaced(placed, genesis, ledger.head().hash);
      if ('fact' in read) return read;
      const { height, blockHash: hash, bodyOffset, finalOffset: offset } = placed;
      if (height === 0) {
        const isOwn = equalBytes(hash, ledger.head().hash);
        return isOwn ? 'certified' : { offset, fact: 'it begins with another genesis' };
      }
      const fact = 'its certificate is not one of the validators that decide this height';
      if (!isCertified(placed, ledger.head().next)) return { offset, fact };
      const judged = await ledger.judge(read.block);
      if (!judged.ok) {
        return { offset: bodyOffset, fact: `it is not valid (${JSON.stringify(judged.reason)})` };
      }
      await ledger.reapply(judged.value);
      return 'certified';
    },
  };
}

/** Without the blocks from genesis: a certificate is checked where the set that signed it is known. */
export function createLinkingJudge(genesis: Genesis, signers: KnownSigners): BlockJudge {
  let parent: Hash | undefined;
  return {
    judge: async (placed) => {
      const read = readPlaced(placed, genesis, parent);
      if ('fact' in read) return read;
      parent = placed.blockHash;
      const validators = signers.setOf(read.block.header.validatorsHash);
      // Nobody signs genesis: whether it is the right one, execution tells.
      if (placed.height === 0 || validators === undefined) return 'uncertified';
      const fact = 'its certificate is not one of the validators that its header names';
      const signing = { validators, era: signers.eraAt(placed.height) };
      return isCertified(placed, signing) ? 'certified' : { offset: placed.finalOffset, fact };
    },
  };
}

/**
 * As the linking judge, for blocks that do not begin with genesis and have to be believed all the
 * same: every one is certified, the first by a set that leads back to genesis, each other one by the
 * set that the header before it names, or that an installed recovery does.
 */
export function createFollowingJudge(
  { genesis, recoveries }: Pick<OfflinePlace, 'genesis' | 'recoveries'>,
  { signers, begun }: { readonly signers: KnownSigners; readonly begun: Pick<SetChain, 'at'> },
): BlockJudge {
  const linking = createLinkingJudge(genesis, signers);
  let next: Hash | undefined;
  return {
    judge: async (placed) => {
      const verdict = await linking.judge(placed);
      if (typeof verdict === 'object') return verdict;
      const { height, bytes, finalOffset: offset } = placed;
      const block = decodeBlock(bytes);
      assert(block.ok, 'the linking judge decoded it');
      const { header } = block.value;
      const recovered = recoveries
        .filter(({ plan }) => plan.height + 1 === height)
        .map(({ plan }) => recoverySet(plan))
        .filter((set) => set !== undefined);
      const named = next ?? validatorsHash(begun.at(height).validators);
      next = header.nextValidatorsHash;
      const isNamed = [named, ...recovered.map((set) => validatorsHash(set))].some((hash) =>
        equalBytes(hash, header.validatorsHash),
      );
      if (isNamed && verdict === 'certified') return verdict;
      return { offset, fact: 'nothing here leads from genesis to the validators that decided it' };
    },
  };
}

/** The block itself: hash, links, and that body and results are those the header commits to. */
export function readPlaced(
  placed: PlacedBlock,
  { chain }: Genesis,
  parent: Hash | undefined,
): { readonly block: Block } | BlockFault {
  const decoded = decodeBlock(placed.bytes);
  const inBody = (fact: string): BlockFault => ({ offset: placed.bodyOffset, fact });
  if (!decoded.ok) return inBody('its body is no block');
  const block = decoded.value;
  const { header, body } = block;
  if (!equalBytes(header.chain, chain)) return inBody(`it is of chain ${toHex(header.chain)}`);
  if (header.height !== placed.height) return inBody(`its header says ${header.height}`);
  if (!equalBytes(blockHash(header), placed.blockHash))
    return inBody('its header has another hash');
  if (parent !== undefined && header.height > 0 && !equalBytes(header.parentHash, parent)) {
    return inBody('it does not name the block before it');
  }
  const entries = body.map(decodeBodyEntry).flatMap((entry) => (entry.ok ? [entry.value] : []));
  const isBody = entries.length === body.length;
  if (!isBody || !equalBytes(transactionRoot(entries.map(refOf)), header.txRoot)) {
    return inBody('its transactions are not those its header commits to');
  }
  const fact = finalisationFault(placed, block, entries);
  return fact === undefined ? { block } : { offset: placed.finalOffset, fact };
}

/** What the log keeps beside a block is what the header commits to. */
function finalisationFault(
  { results, transactions, timestampMs }: PlacedBlock,
  { header }: Block,
  entries: readonly BodyEntry[],
): string | undefined {
  if (timestampMs !== header.timestampMs) return 'its time is not that of its header';
  const isListed =
    transactions.length === entries.length &&
    entries.every((entry, index) => isLogged(entry, transactions[index]));
  if (!isListed) return 'it lists other transactions than its body';
  const leaves = results.flatMap((bytes) => readStoredResult(bytes)?.leaf ?? []);
  const isWhole = leaves.length === results.length;
  if (isWhole && equalBytes(resultRoot(leaves), header.resultRoot)) return undefined;
  return 'its results are not those its header commits to';
}

function isLogged(entry: BodyEntry, logged: PlacedBlock['transactions'][number] | undefined) {
  if (logged === undefined || !equalBytes(refOf(entry).id, logged.id)) return false;
  const validUntilMs = entry.type === 'system' ? 0 : entry.transaction.body.validUntilMs;
  return validUntilMs === logged.validUntilMs;
}
