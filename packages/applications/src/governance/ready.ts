/** READY: a validator, present or to come, shows on chain that it is in step and can sign. */
import type { BlockFacts } from '@daybook/contracts';
import type { CborValue, PublicKey, Result } from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  concatBytes,
  createWriter,
  equalBytes,
  fail,
  ok,
  TAGS,
  verifyStrict,
} from '@daybook/core';
import type { Keeper } from './context.ts';
import { epochOf, isExpected } from './ground.ts';
import { READY_EPOCHS } from './validator-set.ts';

/** What a validator signs with its consensus key to say that it is in step and can vote. */
export function readySignBytes(
  chain: Uint8Array,
  height: number,
  blockHash: Uint8Array,
): Uint8Array {
  const writer = createWriter();
  writer.u64(height);
  return concatBytes(TAGS.READY, chain, writer.finish(), blockHash);
}

/** What only the state knows about a READY. */
export interface ReadyGround {
  readonly chain: Uint8Array;
  /** Height of the block that would include it. */
  readonly height: number;
  readonly epochBlocks: number;
  /** Whether the key is of a validator, present or to come. */
  isExpected(publicKey: Uint8Array): boolean;
  /** Block that the key named last. */
  lastOf(publicKey: Uint8Array): number | undefined;
  /** The block remembered in a slot. */
  seenIn(slot: number): { readonly height: number; readonly hash: Uint8Array } | undefined;
}

export interface JudgedReady {
  readonly publicKey: PublicKey;
  /** Height of the block it names. */
  readonly height: number;
}

export interface ReadyRefusal {
  readonly fact: string;
  /** The block named is newer than this state: it may be good later. */
  readonly isEarly: boolean;
}

function refuse(fact: string, isEarly = false): Result<never, ReadyRefusal> {
  return fail({ fact, isEarly });
}

/** `[public key 32, height, block hash 32, signature 64]`, signed as `readySignBytes` says. */
export function judgeReady(
  payload: CborValue,
  ground: ReadyGround,
): Result<JudgedReady, ReadyRefusal> {
  if (!Array.isArray(payload) || payload.length !== 4) return refuse('not four fields');
  const [key, named, hash, signature] = payload as readonly CborValue[];
  const isShaped = isBytes(key, 32) && isBytes(hash, 32) && isBytes(signature, 64);
  if (!isShaped || typeof named !== 'number' || named < 0) {
    return refuse('a field has the wrong type');
  }
  if (!ground.isExpected(key)) return refuse('the key is of no validator, present or to come');

  const last = ground.lastOf(key) ?? -1;
  if (named <= last) return refuse(`the validator was READY at ${last} already`);
  const message = readySignBytes(ground.chain, named, hash);
  if (!verifyStrict(asPublicKey(key), message, asSignature(signature))) {
    return refuse('the signature is wrong');
  }
  const window = READY_EPOCHS * ground.epochBlocks;
  const seen = ground.seenIn(named % window);
  const isSeen = seen?.height === named && equalBytes(seen.hash, hash);
  if (!isSeen || named + window < ground.height) {
    // The state knows the blocks up to two below the one that would include it.
    return refuse('the block named is not a recent one of this chain', named > ground.height - 2);
  }
  return ok({ publicKey: asPublicKey(key), height: named });
}

/** Takes a READY out of a block into the records. @returns what is wrong with it */
export function recordReady(
  context: Keeper,
  payload: CborValue,
): { readonly refused: string } | undefined {
  const { records } = context;
  const judged = judgeReady(payload, {
    chain: context.chain,
    height: context.height,
    epochBlocks: epochOf(context),
    isExpected: (publicKey) =>
      isExpected(records.validators.get({}), records.pending.get({}), {
        publicKey,
        height: context.height,
      }),
    lastOf: (publicKey) => records.ready.get({ publicKey })?.height,
    seenIn: (slot) => records.seenBlock.get({ slot }),
  });
  if (!judged.ok) return { refused: judged.reason.fact };
  const { publicKey, height } = judged.value;
  records.ready.put({ publicKey, height });
  return undefined;
}

/** While a change waits, the hash of every block is kept for two epochs, for READYs to name. */
export function rememberBlock(context: Keeper, block: BlockFacts): void {
  const isAwaited = (context.records.pending.get({})?.changes.length ?? 0) > 0;
  if (!isAwaited || block.parentHash === undefined) return;
  const parent = block.height - 1;
  const slot = parent % (READY_EPOCHS * epochOf(context));
  context.records.seenBlock.put({ slot, height: parent, hash: block.parentHash });
}

function isBytes(given: CborValue | undefined, size: number): given is Uint8Array {
  return given instanceof Uint8Array && given.length === size;
}
