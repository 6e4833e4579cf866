/**
 * Admission of a transaction, all but its signatures: chain and expiry, replay, the shape of its
 * calls, and whether its signers are anybody the directory knows. Each refusal says what and why.
 */
import type { Actor, Engine, Refused } from '@daybook/contracts';
import { CONTRACTS_ERRORS, fillWords } from '@daybook/contracts';
import type { Genesis, Result, Transaction } from '@daybook/core';
import { fail, isGoodPublicKey, ok, toHex } from '@daybook/core';
import type { Placement, Refusal } from './api/ports.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger/ledger.ts';
import { inclusionFault } from './ledger/validity.ts';
import { admissionTime, replayed } from './submissions.ts';

export interface JudgeParts {
  readonly genesis: Genesis;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly locate: (transaction: Transaction) => Placement | undefined;
}

/** Keys that are no member's wait in a lane of their own. */
const PUBLIC_LANE = 'public';
/** Keys found good are remembered: the check costs about a millisecond. */
const GOOD_KEYS_MAX = 10_000;

/** What people read about a body that cannot be included, and the field to mend. */
const INCLUSION_FAULTS: Readonly<
  Record<string, { readonly detail: string; readonly pointer: string; readonly expected: string }>
> = {
  NODE_TRANSACTION_CHAIN: {
    detail: 'The chain id in the body is not the one of this chain.',
    pointer: '/chain',
    expected: 'the chain id of GET /v1/genesis',
  },
  NODE_TRANSACTION_EXPIRED: {
    detail: 'validUntil lies before the present block time.',
    pointer: '/validUntilMs',
    expected: 'a time after the present block time',
  },
  NODE_TRANSACTION_VALIDITY: {
    detail: 'validUntil lies further ahead than the chain allows.',
    pointer: '/validUntilMs',
    expected: 'at most validityMaxMs after the present block time',
  },
};

export type TransactionJudge = (transaction: Transaction) => Result<string, Refusal>;

/** @returns the judge; its success is the lane the transaction waits in */
export function createTransactionJudge(parts: JudgeParts): TransactionJudge {
  const goodKeys = new Set<string>();
  const isGood = (key: Uint8Array): boolean => {
    const name = toHex(key);
    if (goodKeys.has(name)) return true;
    if (!isGoodPublicKey(key)) return false;
    if (goodKeys.size >= GOOD_KEYS_MAX) goodKeys.clear();
    goodKeys.add(name);
    return true;
  };
  return (transaction) => {
    const inclusion = judgeInclusion(transaction, parts);
    if (inclusion !== undefined) return fail(inclusion);
    const badKey = transaction.body.signers.findIndex(({ publicKey }) => !isGood(publicKey));
    if (badKey >= 0) {
      const errors = [{ pointer: `/signers/${badKey}/publicKey`, expected: 'a good Ed25519 key' }];
      const detail = 'A signer key is of small or mixed order, or no point of the curve.';
      return fail({ code: 'NODE_TRANSACTION_KEY', detail, errors });
    }
    const faults = parts.engine.check(transaction.body.calls);
    const [first] = faults;
    if (first !== undefined) {
      const errors = faults.map(({ pointer, expected, found }) => ({ pointer, expected, found }));
      const detail = `${first.pointer}: expected ${first.expected}, found ${first.found}.`;
      return fail({ code: first.code, detail, errors });
    }
    return judgeRelease(transaction, parts.engine) ?? judgeSigners(transaction, parts);
  };
}

/**
 * spec X-35: whether a version exists is no fact of the chain, so no contract can refuse one that
 * nobody has; the node that a proposal is handed to does.
 */
function judgeRelease(
  { body }: Transaction,
  engine: Pick<Engine, 'knows'>,
): Result<never, Refusal> | undefined {
  for (const [index, { contract, action, args }] of body.calls.entries()) {
    if (contract !== 'governance' || action !== 'proposeContract') continue;
    const { contract: name, version } = args;
    if (engine.knows(String(name), Number(version))) continue;
    const found = `version ${version} of ${name}`;
    const expected = 'a version that this release brings';
    const errors = [{ pointer: `/calls/${index}/args/version`, expected, found }];
    const detail = `This release does not bring ${found}.`;
    return fail({ code: 'NODE_TRANSACTION_RELEASE', detail, errors });
  }
  return undefined;
}

function judgeInclusion(transaction: Transaction, parts: JudgeParts): Refusal | undefined {
  const { ledger, genesis, clock, locate } = parts;
  const place = locate(transaction);
  if (place !== undefined) return replayed(place);
  const parent = ledger.head();
  const code = inclusionFault(
    { type: 'transaction', transaction },
    {
      chain: genesis.chain,
      parent,
      replay: ledger.replay,
      known: () => undefined,
      timestampMs: admissionTime(parent.header.timestampMs, clock),
    },
  );
  if (code === undefined) return undefined;
  const fault = INCLUSION_FAULTS[code];
  if (fault === undefined) return { code, detail: 'The chain holds this transaction already.' };
  const { detail, pointer, expected } = fault;
  return { code, detail, errors: [{ pointer, expected }] };
}

/** The words of the engine's failure with its facts filled in. */
function sentenceOf({ code, facts }: Refused): string {
  const entry = Object.entries(CONTRACTS_ERRORS).find(([known]) => known === code)?.[1];
  const summary = entry?.summary ?? code;
  return fillWords({ en: summary, zh: summary }, facts).en;
}

/** Every signer must be somebody now; execution judges again at its own moment. */
function judgeSigners(transaction: Transaction, parts: JudgeParts): Result<string, Refusal> {
  const { ledger, engine, genesis } = parts;
  const { header, reader } = ledger.head();
  const block = {
    chain: genesis.chain,
    height: header.height + 1,
    timestampMs: header.timestampMs + 1,
  };
  let lane: Actor['organisation'];
  for (const [index, signer] of transaction.body.signers.entries()) {
    const actor = engine.identify(reader, block, signer);
    if ('receipt' in actor) {
      const errors = [{ pointer: `/signers/${index}`, expected: 'a registered key' }];
      return fail({ code: actor.code, detail: sentenceOf(actor), errors });
    }
    lane ??= actor.organisation;
  }
  return ok(lane ?? PUBLIC_LANE);
}
