/**
 * What a verifier takes as given: the chain id (or the genesis document that it is the hash of), and
 * perhaps a recent block that somebody it trusts vouched for. Everything else is checked.
 */
import type {
  Hash,
  Header,
  Height,
  Result,
  SetChange,
  TimestampMs,
  TrustedSet,
} from '@daybook/core';
import {
  asHash,
  blockHash,
  decodeHeader,
  equalBytes,
  fail,
  fromHex,
  ok,
  readGenesisFile,
  readSet,
  toHex,
  validatorsHash,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import type { ProofMemory } from './proof-memory.ts';

/** A block that somebody trusted has vouched for, with the set that signs what follows it. */
export interface Checkpoint {
  readonly header: Header;
  readonly blockHash: Hash;
  readonly next: TrustedSet;
}

/** What is taken as given. With neither chain nor checkpoint the best outcome is "cannot tell". */
export interface Trust {
  readonly chain?: Hash | undefined;
  readonly checkpoint?: Checkpoint | undefined;
  /** Eras of the recoveries that are trusted: each from a file that departments published. */
  readonly eras?: readonly Hash[] | undefined;
  /** The clock of the verifier. */
  readonly nowMs: TimestampMs;
  /** For verifiers of many files: what they share is checked once. It changes no verdict. */
  readonly memory?: ProofMemory | undefined;
}

/** The chain id from 64 hex digits or from the text of a genesis file; undefined for anything else. */
export function readTrustedChain(text: string): Hash | undefined {
  const bytes = fromHex(text.trim().toLowerCase());
  if (bytes?.length === 32) return asHash(bytes);
  try {
    const genesis = readGenesisFile(JSON.parse(text));
    return genesis.ok ? genesis.value.chain : undefined;
  } catch {
    // Neither hex nor JSON: the caller says what was expected.
    return undefined;
  }
}

/**
 * Makes a checkpoint out of what was vouched for and what a node serves.
 * @param vouched     from a person or publication that is trusted; with the era after a recovery
 * @param served      header of that height and the members of the set after it, from any node
 */
export function readCheckpoint(
  vouched: { readonly height: Height; readonly blockHash: Hash; readonly era?: Hash },
  served: { readonly header: Uint8Array; readonly next: SetChange['validators'] },
): Result<Checkpoint, VerifyFailure> {
  const decoded = decodeHeader(served.header);
  if (!decoded.ok) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: decoded.reason.code });
  const header = decoded.value;
  const { height } = vouched;
  if (header.height !== height) {
    return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: `of height ${header.height}` });
  }
  const shown = blockHash(header);
  if (!equalBytes(shown, vouched.blockHash)) {
    return fail({ code: 'CLIENT_CHECKPOINT_CONTRADICTED', height, shown: toHex(shown) });
  }
  const validators = readSet(served.next);
  const isNamed =
    validators !== undefined && equalBytes(validatorsHash(validators), header.nextValidatorsHash);
  if (!isNamed) return fail({ code: 'CLIENT_VALIDATORS_WRONG', height: header.height + 1 });
  const { chain } = header;
  const era = vouched.era ?? chain;
  const next = { chain, era, validators, from: header.height + 1, recoveries: [] };
  return ok({ header, blockHash: vouched.blockHash, next });
}
