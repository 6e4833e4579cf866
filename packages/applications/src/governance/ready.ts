/** READY: a validator, present or to come, shows on chain that it is in step and can sign. */
import type { BlockFacts } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  concatBytes,
  createWriter,
  equalBytes,
  TAGS,
  verifyStrict,
} from '@daybook/core';
import type { Keeper } from './context.ts';
import { epochOf, setAt } from './ground.ts';
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

/** While a change waits, the hash of every block is kept for two epochs, for READYs to name. */
export function rememberBlock(context: Keeper, block: BlockFacts): void {
  const isAwaited = (context.records.pending.get({})?.changes.length ?? 0) > 0;
  if (!isAwaited || block.parentHash === undefined) return;
  const parent = block.height - 1;
  const slot = parent % (READY_EPOCHS * epochOf(context));
  context.records.seenBlock.put({ slot, height: parent, hash: block.parentHash });
}

/** `[public key 32, height, block hash 32, signature 64]`, signed as `readySignBytes` says. */
export function recordReady(
  context: Keeper,
  payload: CborValue,
): { readonly refused: string } | undefined {
  if (!Array.isArray(payload) || payload.length !== 4) return { refused: 'not four fields' };
  const [key, named, hash, signature] = payload as readonly CborValue[];
  const isShaped = isBytes(key, 32) && isBytes(hash, 32) && isBytes(signature, 64);
  if (!isShaped || typeof named !== 'number') return { refused: 'a field has the wrong type' };
  if (!isExpected(context, key))
    return { refused: 'the key is of no validator, present or to come' };

  const last = context.records.ready.get({ publicKey: key })?.height ?? -1;
  if (named <= last) return { refused: `the validator was READY at ${last} already` };
  const window = READY_EPOCHS * epochOf(context);
  const seen = context.records.seenBlock.get({ slot: named % window });
  const isSeen = seen?.height === named && equalBytes(seen.hash, hash);
  if (!isSeen || named + window < context.height) {
    return { refused: 'the block named is not a recent one of this chain' };
  }
  const message = readySignBytes(context.chain, named, hash);
  if (!verifyStrict(asPublicKey(key), message, asSignature(signature))) {
    return { refused: 'the signature is wrong' };
  }
  context.records.ready.put({ publicKey: key, height: named });
  return undefined;
}

export function isExpected(context: Keeper, key: Uint8Array): boolean {
  const sets = context.records.validators.get({});
  const present = sets === undefined ? [] : setAt(sets, context.height);
  const waiting = context.records.pending.get({})?.changes ?? [];
  const isMember = present.some((one) => equalBytes(one.publicKey, key));
  return (
    isMember || waiting.some(({ publicKey: one }) => one !== undefined && equalBytes(one, key))
  );
}

export function isBytes(given: CborValue | undefined, size: number): given is Uint8Array {
  return given instanceof Uint8Array && given.length === size;
}
